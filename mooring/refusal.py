"""The one way to stop with an error."""

from typing import NoReturn


class Refusal(Exception):
    """What a person did cannot be done; says what was wrong and what to type instead."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


def die(message: str, hint: str = "") -> NoReturn:
    """Stop with an error: what was wrong, and what to do or type instead."""
    raise Refusal(message, hint)
