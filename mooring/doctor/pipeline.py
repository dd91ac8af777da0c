"""The pipeline: its path units, and markers that nothing works on."""

import time
from collections.abc import Iterator
from pathlib import Path

from mooring.doctor import Finding, show
from mooring.host import paths
from mooring.host.names import ReleaseName
from mooring.pipeline import spool
from mooring.pipeline.spool import STAGES, Stage

PATIENCE = 10.0
"""Seconds that a marker may lie somewhere before it counts as stuck: dispatching takes milliseconds."""
AT_WORK = ("active", "activating", "deactivating", "reloading")


def path_units() -> Iterator[Finding]:
    for unit, state in show([f"mooring-{stage}.path" for stage in STAGES], "ActiveState,UnitFileState").items():
        if state.get("ActiveState") != "active":
            yield Finding(
                unit,
                f"it is {state.get('ActiveState')}: releases wait for it",
                f"`systemctl reset-failed {unit}; systemctl start {unit}`",
            )
        elif state.get("UnitFileState") == "disabled":
            yield Finding(unit, "it is not started at boot", f"`systemctl enable {unit}`")


def stuck_markers() -> Iterator[Finding]:
    at_work = {
        f"mooring-{stage}@{marker}.service": spool.at_work(stage) / marker
        for stage in STAGES
        for marker in listing(spool.at_work(stage))
    }
    states = show([*at_work], "ActiveState")
    for unit, path in at_work.items():
        if lies(path) and states.get(unit, {}).get("ActiveState") not in AT_WORK:
            yield Finding(path.name, f"{path} is stuck: {unit} is not at work on it", f"`systemctl start {unit}`")
    busy = {path.name for unit, path in at_work.items() if states.get(unit, {}).get("ActiveState") in AT_WORK}
    for stage in STAGES:
        for marker in listing(spool.inbox(stage)):
            if lies(spool.inbox(stage) / marker):
                yield Finding(
                    marker,
                    f"it waits in {spool.inbox(stage)} and is not dispatched",
                    f"`systemctl restart mooring-{stage}.path`",
                )
        yield from waiting(stage, busy)


def waiting(stage: Stage, busy: set[str]) -> Iterator[Finding]:
    """Markers that wait for their turn though nothing is at work that could be before them."""
    for marker in listing(spool.queue(stage)):
        if lies(spool.queue(stage) / marker) and not busy:
            name = ReleaseName.parse(marker)
            yield Finding(
                marker,
                "it waits for its turn, and nothing is before it",
                f"`systemctl start mooring-dispatch@{stage}.service`; `mooring deploys:cancel {name.app}` gives it up",
            )


def unreadable() -> Iterator[Finding]:
    reasons = sorted((paths.SPOOL / "failed").glob("*.reason"))
    if reasons:
        first = f"{reasons[0].name.removesuffix('.reason')}: {reasons[0].read_text().strip()[:120]}"
        yield Finding(
            str(reasons[0].parent),
            f"{len(reasons)} files were no markers ({first})",
            "see who writes there, then remove them",
        )


def lies(path: Path) -> bool:
    """Whether a marker has been where it is for longer than it should."""
    try:
        return time.time() - path.lstat().st_ctime > PATIENCE
    except FileNotFoundError:
        return False


def listing(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


EXAMINATIONS = (path_units, stuck_markers, unreadable)
