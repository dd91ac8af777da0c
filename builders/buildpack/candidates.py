"""The buildpacks of one build: those that were chosen, else all of ours, laid out for bin/detect to decide."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from builders.workspace import Workspace
from mooring.app import app_json, buildpack
from mooring.app.apps import App
from mooring.app.buildpack import OURS, Buildpack
from mooring.app.choices import Choices
from mooring.host import files
from mooring.host.program import ProgramError, as_git_user, run
from mooring.host.refusal import die
from mooring.pipeline import source
from mooring.pipeline.journal import Log

FETCH_TIMEOUT = "120"
"""Seconds until a buildpack's repository must have come."""


def chosen(folder: Path, tree: Path, choices: Choices, config: Mapping[str, str]) -> list[Buildpack]:
    """What was chosen: by the operator, by the config var BUILDPACK_URL, by `.buildpacks`, by app.json, or nothing.

    `folder` is what is built of the repository `tree`.
    """
    if choices.buildpacks:
        return [buildpack.parse(text, operator=True) for text in choices.buildpacks]
    if url := config.get("BUILDPACK_URL"):
        return [buildpack.parse(url, operator=False)]
    try:
        return buildpack.parse_file(files.read_of_tree(folder / ".buildpacks", tree))
    except FileNotFoundError:
        return buildpack.parse_app_json(app_json.read(folder, tree, choices.app_json_path).get("buildpacks") or [])


def lay_out(workspace: Workspace, choices: Choices, config: Mapping[str, str], log: Log) -> None:
    """Make the folder `buildpacks` of the workspace: each candidate, and which has to match (inside/detect).

    Raises Refusal for a buildpack that cannot be had.
    """
    place = workspace.root / "buildpacks"
    files.remove_tree(place)
    place.mkdir()
    lines = []
    wants = {ours.name: ", ".join(ours.looks_for) for ours in buildpack.catalogue()}
    wanted = ""
    if packs := chosen(workspace.folder, workspace.repository, choices, config):
        for number, pack in enumerate(packs, 1):
            lay_out_one(pack, place / str(number), workspace, log)
            lines.append(f"must {number} {pack.label}")
            wanted += f"{number} {wants[pack.name]}\n" if pack.name else ""
    else:
        for ours in buildpack.catalogue():
            shutil.copytree(OURS / ours.name, place / ours.name, symlinks=True)
            lines.append(f"{'adds' if ours.adds else 'may'} {ours.name} {ours.name}")
    (place / "candidates").write_text("".join(f"{line}\n" for line in lines))
    (place / "wants").write_text(wanted)
    names = dict.fromkeys(name for ours in buildpack.catalogue() for name in ours.looks_for)
    (place / "looked-for").write_text(", ".join(names) + "\n")


def lay_out_one(pack: Buildpack, place: Path, workspace: Workspace, log: Log) -> None:
    if pack.name and pack.name != pack.text:
        log.line(f"{pack.text} is Mooring's own buildpack {pack.name}")
    if pack.name or pack.folder:
        shutil.copytree(pack.folder or OURS / pack.name, place, symlinks=True)
        return
    log.step(f"Fetching the buildpack {pack.label}")
    draft = App(workspace.release.app).sources / str(workspace.release.number) / f"buildpack-{place.name}"
    try:
        fetch(pack, draft, App(workspace.release.app))
    except ProgramError as error:
        lines = [line for line in error.output.splitlines() if line.strip()]
        reason = lines[-1].removeprefix("fatal: ")[:200] if lines else "it did not answer"
        if error.status == 124:
            reason = f"it did not answer within {FETCH_TIMEOUT} s"
        die(
            f"the buildpack {pack.label} cannot be fetched: {reason}", "is its address right, and the server reachable?"
        )
    draft.rename(place)
    files.remove_tree(place / ".git")


def fetch(pack: Buildpack, draft: Path, app: App) -> None:
    """Check the buildpack's repository out into `draft`, as the git user; raise ProgramError where git cannot."""
    environment = source.environment(app)

    def git(*arguments: str) -> None:
        run(
            *as_git_user(("timeout", "--kill-after=5", FETCH_TIMEOUT, "git", "-C", str(draft), *arguments)),
            cwd=Path("/"),
            env=environment,
        )

    files.remove_tree(draft)
    run(*as_git_user(("git", "init", "--quiet", "--template=", str(draft))), cwd=Path("/"), env=environment)
    git("fetch", "--quiet", "--depth=1", pack.url, pack.ref or "HEAD")
    git("checkout", "--quiet", "FETCH_HEAD")
    if (draft / ".gitmodules").exists():
        git("submodule", "--quiet", "update", "--init", "--recursive", "--depth=1")
