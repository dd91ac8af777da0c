"""Which acceptance tests are about what has changed since a revision: tests/rooms.toml says which rooms each is about.

A changed module stands for all that import it, however indirectly. What no test is about is everybody's.
"""

import ast
import functools
import tomllib
from collections.abc import Iterable
from pathlib import Path

from tests.server.cache import CHECKOUT, Failure, call

SERVER = "tests/server"
UNNOTICED = ("tests/unit", "tests/bench", "tests/rooms.toml", "tests/since.py", ".ci", ".gitignore")
"""What no acceptance test can notice, but by importing it."""


def changed(revision: str) -> set[str]:
    """The files that differ from the revision, committed or not; Failure where git knows no such revision."""
    git = ["git", "-c", "safe.directory=*", "-C", str(CHECKOUT)]
    try:
        call(*git, "rev-parse", "--quiet", "--verify", f"{revision}^{{commit}}")
    except Failure:
        raise Failure(f"git knows no revision {revision} (e.g. tests/run --since main)") from None
    differing = call(*git, "diff", "--name-only", "--no-renames", "-z", revision, "--")
    return {*differing.split("\0"), *call(*git, "ls-files", "-z", "--others", "--exclude-standard").split("\0")} - {""}


def chosen(paths: Iterable[str]) -> list[str]:
    """The files of acceptance tests that are about these paths, in order."""
    tests = rooms()
    found: set[str] = set()
    importers = imported_by()
    for path in paths:
        reached = closure(path, importers)
        about = {test for test, claimed in tests.items() if any(below(each, claimed) for each in reached)}
        about |= reached & tests.keys()
        if f"{SERVER}/conftest.py" in reached or (not about and not below(path, UNNOTICED)):
            return sorted(tests)
        found |= about
    return sorted(found)


def rooms() -> dict[str, list[str]]:
    """By file of acceptance tests: the files and folders that it is about."""
    table = tomllib.loads((CHECKOUT / "tests/rooms.toml").read_text())
    return {f"{SERVER}/{name}.py": about for name, about in table.items()}


def below(path: str, rooms: Iterable[str]) -> bool:
    return any(path == room or path.startswith(f"{room}/") for room in rooms)


def closure(path: str, importers: dict[str, set[str]]) -> set[str]:
    """The path, what imports it, what imports that, and so on."""
    reached, waiting = {path}, [path]
    while waiting:
        more = importers.get(waiting.pop(), set()) - reached
        reached |= more
        waiting += more
    return reached


@functools.cache
def imported_by() -> dict[str, set[str]]:
    """By module of this checkout: the modules that import it."""
    found: dict[str, set[str]] = {}
    for file in sorted(CHECKOUT.glob("*/**/*.py")):
        importer = str(file.relative_to(CHECKOUT))
        for name in imports(file):
            for path in (f"{name.replace('.', '/')}.py", f"{name.replace('.', '/')}/__init__.py"):
                if (CHECKOUT / path).exists():
                    found.setdefault(path, set()).add(importer)
    return found


def imports(file: Path) -> set[str]:
    """The names of what a module may import: `from a import b` may mean the module a.b."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    return names
