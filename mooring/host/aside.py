"""Something that is done beside something else, where both mostly wait for others."""

import threading
from collections.abc import Callable


class Aside:
    def __init__(self, what: Callable[[], object]) -> None:
        self._what = what
        self._raised: BaseException | None = None
        self._thread = threading.Thread(target=self._do)
        self._thread.start()

    def _do(self) -> None:
        try:
            self._what()
        except BaseException as error:
            self._raised = error

    def end(self) -> None:
        """Wait for its end; raise what it raised."""
        self._thread.join()
        if self._raised:
            raise self._raised
