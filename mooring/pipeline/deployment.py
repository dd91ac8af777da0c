"""Making a release by a command: claimed, recorded, handed to a stage, followed to its end."""

import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mooring.app import apps, sync
from mooring.app.apps import App
from mooring.host import interrupt, paths
from mooring.host.names import ReleaseName
from mooring.host.refusal import die, die_as
from mooring.pipeline import dispatch, journal, source, spool
from mooring.pipeline.spool import Stage
from mooring.release import releases
from mooring.release.releases import Release
from mooring.runtime import preparation

if TYPE_CHECKING:
    from mooring.pipeline.order import Order


def launch(
    app: App,
    kind: str,
    actor: str,
    *,
    config: dict[str, str] | None = None,
    to_the_end: bool = False,
    **decided: Any,
) -> int:
    """Make a release that needs no build, wait until it is live or failed, return the exit status.

    `config` are its config vars where they are not those of the app, `decided` are fields of its record; `to_the_end`
    as in `hand_over`. Raises Refusal where there is no image to run.
    """
    if app.live is None:
        die(f"{app.name} has no live release", "`git push` first")
    apps.refuse_disabled(app)
    name = app.claim_number()
    created = time.time()
    record = Release(name, kind=kind, actor=actor, created=created, **decided)
    releases.save(record)
    source.remove(name)
    if config is not None:
        releases.freeze_config(name, config)
    return hand_over("launch", name, created, along=lambda: preparation.units(record), to_the_end=to_the_end)


def launch_image(app: App, origin: Release, actor: str) -> int:
    """Make the first release of an app out of another app's release, wait for its end, return the exit status."""
    from mooring.runtime import engine

    name = app.claim_number()
    created = time.time()
    engine.ask("POST", f"/images/{origin.image}/tag?repo=mooring/{app.name}&tag={name.number}")
    releases.save(Release(name, kind="clone", actor=actor, created=created).running(origin))
    source.remove(name)
    return hand_over("launch", name, created)


def build(app: App, order: "Order") -> int:
    """Build a commit that the app's repository has, wait for its end, return the exit status.

    The source is laid out by the git user. Raises Refusal where it cannot be.
    """
    from mooring.host.program import ProgramError, as_git_user, run

    apps.refuse_disabled(app)
    name = app.claim_number()
    followed = sync.load(app)
    words = [str(name), order.commit, *([followed.label] if followed else [])]
    try:
        run(*as_git_user((str(paths.PYTHON), "-I", "-m", "hooks.lay_out", *words)), cwd=Path("/"))
    except ProgramError as error:
        source.remove(name)
        die_as(error.output, "the source could not be laid out")
    return hand_over("build", name, order.created, order.render())


def reroute(app: App) -> int:
    """Bring a change of the app's domains into force for its live release; return the exit status."""
    live = app.live
    if live is None:
        return 0
    return hand_over("route", live, time.time(), to_the_end=True)


def hand_over(
    stage: Stage,
    name: ReleaseName,
    since: float,
    content: str = "",
    *,
    along: dispatch.Along = tuple,
    to_the_end: bool = False,
) -> int:
    """Hand a release to a stage and print what is said of it until it has ended; return 0 if it is live.

    `content` is its marker's, `along` as for `dispatch.enter`. A person who does not wait for the end is told that it
    goes on (KeyboardInterrupt); with `to_the_end` the command waits for it by itself, as it has to act on how it ends.
    """
    waiting = [marker for marker in spool.deploying(name.app) if marker.release.number < name.number]
    try:
        dispatch.enter(stage, name, content, along)
        if waiting:
            print(f"-----> v{waiting[0].release.number} is on its way; v{name.number} comes after it", flush=True)
        return 0 if journal.follow(name, since, lambda line: print(line, flush=True)) == "live" else 1
    except (KeyboardInterrupt, BrokenPipeError):
        goes_on = f"{name.app} v{name.number} goes on (`mooring releases {name.app}` shows how it ends)"
        if not to_the_end:
            raise KeyboardInterrupt(goes_on) from None
    interrupt.ignore()
    with contextlib.suppress(OSError):
        print(f"{goes_on}; this waits for its end", file=sys.stderr, flush=True)
    return 0 if journal.follow(name, since, lambda line: None) == "live" else 1
