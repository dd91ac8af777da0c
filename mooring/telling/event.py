"""Who did what when: each change is one entry of the journal, and what webhooks tell of.

Fields: MOORING_EVENT (`config:set`, `deploy:live`), MOORING_ACTOR, MOORING_APP, MOORING_RESULT, MOORING_DETAILS (JSON).
Never a config var's value, nor anything else that may be secret: a command notes by itself what may be told.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    pass

GROUPS = {
    **dict.fromkeys(("deploy:allow", "deploy:revoke", "developer:allow", "developer:revoke"), "access"),
    "deploys:cancel": "deploy",
}
"""The groups of those that are not called by them."""

LONG = frozenset({"lines"})
"""The details that no line has room for."""


class Event(NamedTuple):
    """One change. `status` is ok or failed; of a release how it ended. `time` is in seconds since the epoch."""

    name: str
    actor: str
    app: str = ""
    release: int = 0
    status: str = "ok"
    details: Mapping[str, Any] = {}
    time: float = 0

    @property
    def group(self) -> str:
        """What `hooks:add --events` names: the event's first word, but `access` for who may do what."""
        return GROUPS.get(self.name, self.name.partition(":")[0])

    @property
    def text(self) -> str:
        """The event as a line for people."""
        what = " ".join(filter(None, (self.name, self.app, f"v{self.release}" if self.release else "")))
        told = {key: value for key, value in self.details.items() if key not in LONG and value not in ("", [], {})}
        details = ", ".join(f"{key} {_word(value)}" for key, value in told.items())
        end = " failed" if self.status == "failed" and not self.name.startswith(("deploy:", "cron:", "backup:")) else ""
        return f"{self.actor}: {what}{end}" + (f" ({details})" if details else "")


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={each}" for key, each in value.items())
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
