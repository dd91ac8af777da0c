"""Making a release by a command: claimed, recorded, handed to a stage, followed to its end."""

import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mooring import interrupt, journal, paths, preparing, release, source, spool
from mooring.app import App
from mooring.names import ReleaseName
from mooring.refusal import die
from mooring.release import Release
from mooring.spool import Stage
from units import dispatch

if TYPE_CHECKING:
    from mooring.order import Order


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
    refuse_disabled(app)
    name = app.claim_number()
    created = time.time()
    record = Release(name, kind=kind, actor=actor, created=created, **decided)
    release.save(record)
    source.remove(name)
    if config is not None:
        release.freeze_config(name, config)
    return hand_over("launch", name, created, along=lambda: preparing.units(record), to_the_end=to_the_end)


def refuse_disabled(app: App) -> None:
    """Raise Refusal for an app that takes no release."""
    if app.choices().disabled:
        die(f"{app.name} is disabled", f"`mooring apps:enable {app.name}` starts it")


def launch_image(app: App, origin: Release, actor: str) -> int:
    """Make the first release of an app out of another app's release, wait for its end, return the exit status."""
    from mooring import engine

    name = app.claim_number()
    created = time.time()
    engine.ask("POST", f"/images/{origin.image}/tag?repo=mooring/{app.name}&tag={name.number}")
    release.save(Release(name, kind="clone", actor=actor, created=created).running(origin))
    source.remove(name)
    return hand_over("launch", name, created)


def rebuild(app: App, actor: str, *, fresh: bool) -> int:
    """Build the commit of the live (else the newest) release again, wait for its end, return the exit status.

    One that was made from an image is made from it again. `fresh` uses no cached layer. Raises Refusal where there is
    no commit.
    """
    refuse_disabled(app)
    from mooring.order import Order

    live = release.load(app.live) if app.live else None
    if live and live.from_image:
        from mooring import incoming

        return incoming.image(app, live.from_image, actor)
    known = [r for r in release.every(app) if r.commit]
    record = next((r for r in known if r.name == app.live), known[0] if known else None)
    if record is None:
        die(f"{app.name} has never been pushed to", "`git push` first")
    if fresh:
        app.purge_build_cache()
    return build(app, Order("rebuild", record.commit, record.branch, actor, time.time(), fresh))


def build(app: App, order: "Order") -> int:
    """Build a commit that the app's repository has, wait for its end, return the exit status.

    The source is laid out by the git user. Raises Refusal where it cannot be.
    """
    from mooring.program import ProgramError, as_git_user, run

    refuse_disabled(app)
    name = app.claim_number()
    try:
        run(*as_git_user((str(paths.PYTHON), "-I", "-m", "hooks.lay_out", str(name), order.commit)), cwd=Path("/"))
    except ProgramError as error:
        source.remove(name)
        die(error.output.splitlines()[-1] if error.output else "the source could not be laid out")
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
