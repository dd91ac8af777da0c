"""The pinned requirements of pyproject.toml that the Python which runs this does not meet."""

import tomllib
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version

from mooring.setup import CHECKOUT


def missing(pins: Iterable[str], installed: Callable[[str], str]) -> list[str]:
    """The pins `NAME==VERSION` that are not what is installed; `installed` gives a package's version, or ""."""
    return [pin for pin in pins if installed(pin.partition("==")[0]) != pin.partition("==")[2]]


def installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def say() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    for pin in missing(project["dependencies"], installed):
        print(pin)
