"""A landing: the repository that one push is received in. It borrows the objects of the app's own repository.

git-receive-pack(1) takes a push from a shallow clone only where it may itself write the repository's `shallow` and move
the branch, and only where neither has changed since the push began, which may be minutes ago. In a landing nobody else
changes anything; what the push brought is fetched from there. A branch whose history is cut off is not shown to the
client, which would take it for whole: so who has the history sends it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mooring.app.apps import App
from mooring.host import files
from mooring.pipeline import source

NAMESPACE = "push"
"""gitnamespaces(7): what is pushed to a branch may be a tag, which git lets no branch of a repository's own be."""


@contextmanager
def opened(app: App) -> Iterator[Path]:
    """A landing for one push, removed afterwards; one that a killed gate left goes at night, or at boot."""
    place = app.sources / f".landing-{os.getpid()}"
    try:
        told, untold = refs(app)
        lay_out(place, app, [app.repository / "objects"], refs=told)
        (place / "untold").write_text(untold)
        yield place
    finally:
        files.remove_tree(place)


def lay_out(place: Path, app: App, objects: list[Path], *, refs: str = "", shallow: str = "") -> None:
    """Make a bare repository like the app's that borrows these object stores (gitrepository-layout(5)).

    `refs` and `shallow` are the content of its packed-refs and of its file of that name.
    """
    (place / "objects/info").mkdir(parents=True)
    (place / "objects/info/alternates").write_text("".join(f"{each}\n" for each in objects))
    (place / "refs").mkdir()
    (place / "HEAD").write_text("ref: refs/heads/main\n")
    (place / "config").write_text((app.repository / "config").read_text())
    (place / "packed-refs").write_text(refs)
    if shallow:
        (place / "shallow").write_text(shallow)


def refs(app: App) -> tuple[str, str]:
    """The refs that the client is told of, as packed-refs has them, and those that it is not told of: OBJECT REF.

    It is told of those with a whole history.
    """

    def listing(*options: str) -> list[str]:
        said = source.ask(app, "for-each-ref", "--format=%(objectname) %(refname)", *options) or ""
        return [line for line in said.splitlines() if not line.partition(" ")[2].startswith("refs/mooring/")]

    every = listing()
    cut = source.shallow(app.repository).split()
    whole = set(listing(*(f"--no-contains={each}" for each in cut))) if cut else {*every}
    told = [line.replace(" ", f" refs/namespaces/{NAMESPACE}/", 1) for line in every if line in whole]
    untold = [line for line in every if line not in whole]
    return "".join(f"{line}\n" for line in told), "".join(f"{line}\n" for line in untold)


def boundaries(app: App) -> str:
    """In a hook: the commits at which the history of what is pushed is cut off, one a line; empty for a whole one.

    Where the app has what was before such a commit, the history is joined to that.
    """
    if "GIT_SHALLOW_FILE" not in os.environ:
        return ""
    cut = Path(os.environ["GIT_SHALLOW_FILE"]).read_text().split()
    return "".join(f"{commit}\n" for commit in cut if not continues(app, commit))


def continues(app: App, commit: str) -> bool:
    """Whether the app's repository has all parents of a commit that was pushed."""
    import subprocess

    raw = subprocess.run(
        ["git", "cat-file", "commit", commit], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        errors="replace",
    )  # fmt: skip
    parents = [line.split()[1] for line in raw.stdout.partition("\n\n")[0].splitlines() if line.startswith("parent ")]
    return not raw.returncode and all(
        source.ask(app, "for-each-ref", "--count=1", f"--contains={parent}") for parent in parents
    )
