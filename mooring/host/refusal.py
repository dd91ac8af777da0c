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


def die_as(said: str, otherwise: str) -> NoReturn:
    """Stop with the error that a program of Mooring's ended with: the last line that it said, as Refusal writes it.

    `otherwise` is what was wrong where it said nothing.
    """
    lines = said.strip().splitlines() or [otherwise]
    message, _, hint = lines[-1].strip().removeprefix("! ").strip().partition(" (")
    die(message, hint.removesuffix(")"))
