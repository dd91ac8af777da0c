"""The stack images of an app: what it runs on and is built in, where it has no Dockerfile."""

from mooring.app.choices import Choices

OURS = ("mooring-stack:run", "mooring-stack:build")
"""Mooring's own, which builders/stack makes."""


def images(choices: Choices) -> tuple[str, str]:
    """The image that the app runs on, and the one that it is built in."""
    return (choices.stack, choices.stack_build or choices.stack) if choices.stack else OURS
