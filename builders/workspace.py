"""Where a release is built: its source tree, taken out of the git user's hands into a folder of root's alone."""

from pathlib import Path
from typing import NamedTuple

from mooring.app.choices import Choices
from mooring.host import files, paths
from mooring.host.names import ReleaseName
from mooring.host.refusal import die
from mooring.pipeline import source


class Workspace(NamedTuple):
    """`repository` is the whole tree; what is built is its `subfolder`, empty for all of it.

    `whole` says whether that folder is built within all of the repository, or sees only itself.
    """

    release: ReleaseName
    subfolder_chosen: str = ""
    whole: bool = False

    @property
    def root(self) -> Path:
        return paths.BUILDS / str(self.release)

    @property
    def repository(self) -> Path:
        return self.root / "repository"

    @property
    def subfolder(self) -> str:
        """The folder that is built, below what it may see."""
        return self.subfolder_chosen if self.whole else ""

    @property
    def folder(self) -> Path:
        """The folder that is built."""
        return self.repository / self.subfolder


READ = {name.lower(): name for name in ("Dockerfile", "Procfile", "Aptfile", "Gemfile", "Pipfile", "app.json")}
"""Files that are found by their names at the top of a repository, capitals and all."""


def open_(release: ReleaseName, choices: Choices) -> Workspace:
    """Take the release's source over; raise Refusal where it is gone, or has no such folder as the app's build-dir.

    Run again after an interruption, it finds what it took then.
    """
    chosen = choices.build_dir.strip("/")
    workspace = Workspace(release, chosen, choices.build_context == "repository")
    workspace.root.mkdir(parents=True, mode=0o700, exist_ok=True)
    taken = workspace.root / "taken"
    if not workspace.repository.exists():
        if not taken.exists():
            try:
                source.tree(release).rename(taken)
            except FileNotFoundError:
                die("the source is gone", "push again")
        if taken.is_symlink() or not taken.is_dir():
            die("the source is no folder", "push again")
        wanted = taken / chosen
        if chosen and (not wanted.is_dir() or wanted.resolve() != taken.resolve() / chosen):
            die(
                f"the repository has no folder {chosen}, which is the app's build-dir",
                f"push one that has, or `mooring builder:set {release.app} build-dir FOLDER`",
            )
        (taken if workspace.whole else wanted).rename(workspace.repository)
    return workspace


def close(release: ReleaseName) -> None:
    """Remove what the release was built in."""
    files.remove_tree(Workspace(release).root)


def misnamed(folder: Path) -> list[str]:
    """What is said of files whose names a person meant for others: `procfile`, or `Procfile.txt` of Windows."""
    names = sorted(entry.name for entry in folder.iterdir())
    meant = {name: READ.get(name.lower().removesuffix(".txt"), name) for name in names}
    return [
        f"{name} is not read: it has to be called {right} (git mv {name} {right}, commit, push)"
        for name, right in meant.items()
        if name != right and right not in meant
    ]
