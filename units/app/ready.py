"""Whether a process is ready: for its unit, where active means ready, and for the liveness of what runs.

Watches the container too: one that ends is noticed at once, whatever is being probed.
"""

import contextlib
import select
import time
from collections.abc import Callable

from mooring.app.apps import App
from mooring.app.checks import Check
from mooring.front import domains
from mooring.host import settings
from mooring.host.names import ContainerName
from mooring.host.refusal import Refusal, die
from mooring.release import releases
from mooring.release.formation import IMAGES_OWN
from mooring.runtime import containers
from mooring.runtime.engine import EngineError
from units.app.answers import NotYet, Wrong
from units.app.question import NOT_LISTENING, PAUSE, Answering, probe_of
from units.app.wait import open_process


def wait(check: Check, probe: Callable[[], None] | None, gone: Callable[[float], bool], budget: float) -> None:
    """Ask until the process is ready; raise Refusal when it ended, or is not ready in `budget` seconds.

    `gone` waits so many seconds for the end of the process and says whether it came.
    """
    began = time.monotonic()
    wrong = 0
    ended = "it ended before it was ready"
    if gone(check.initial_delay):
        die(ended)
    if probe is None:
        if gone(check.uptime):
            die(f"it ended within {check.uptime:g} s")
        return
    while True:
        try:
            probe()
        except (NotYet, EngineError, OSError) as error:
            last, pause = str(error), min(PAUSE, (time.monotonic() - began) / 10 + 0.005)
        except Wrong as error:
            wrong += 1
            last, pause = str(error), check.wait
            if wrong >= check.attempts:
                die(f"{last} ({wrong} times in {time.monotonic() - began:.0f} s)")
        else:
            if gone(0):
                die(ended)
            return
        if gone(pause):
            die(ended)
        if time.monotonic() - began > budget:
            die(f"{last} (for {time.monotonic() - began:.0f} s)")


def killed_at_limit(identity: str, memory: int, gone: Callable[[float], bool], word: str = "ps:limit") -> str:
    """What is said of a process that has ended because it had too little memory; else nothing.

    `memory` is its limit in bytes, `word` the command that sets it.
    """
    from mooring.release import formation
    from mooring.runtime import engine
    from units.app import ending

    if not memory or not gone(0):
        return ""
    with contextlib.suppress(engine.EngineError, OSError):
        engine.ask("POST", f"/containers/{identity}/wait")
        state = ending.state_of(identity)
        if state.get("ExitCode") == ending.KILLED:
            why = ending.why(state, formation.size(memory))
            return f"it {why} before it was ready (`mooring {word}` gives it more memory)"
    return ""


def wait_for(container: ContainerName) -> dict[str, str]:
    """Return when a container that was started is ready; raise Refusal, with the reason, when it will not be.

    Returns what was found by asking: the `port` on which it answers HTTP, where its record does not decide that, and
    whether it sends who asks on to `https`.
    """
    from units.app import port

    record = releases.load(container.release)
    process = record.process(container.process)
    started = containers.started(container) or die("it was told to stop")
    descriptor = open_process(started["id"], started["pid"])

    def gone(seconds: float) -> bool:
        return descriptor is None or bool(select.select([descriptor], [], [], seconds)[0])

    address, host = record.address(container), host_of(container)
    check = process.readiness
    several = None
    found: dict[str, str] = {}
    if process.ports and check.kind in ("", "listening", "path") and not check.port:
        several = port.Several(
            process.ports, address, host, lambda found: probe_of(check, found, address, started["id"], host)
        )
    try:
        for each in (check, *check.others):
            probe = probe_of(each, process.port, address, started["id"], host)
            budget = each.initial_delay + (each.budget or settings.load().checks_timeout)
            wait(each, several if several and each is check else probe, gone, budget)
            if isinstance(probe, Answering) and probe.sends_on:
                found["https"] = "yes"
    except Refusal as refusal:
        why = killed_at_limit(started["id"], process.limits.memory, gone) or str(refusal)
        asked = check.port or process.port
        more = port.advice(container, asked, started["pid"]) if asked and NOT_LISTENING in why else ""
        raise Refusal(f"{why}; {more}" if more else why) from None
    answering = several.found if several else None
    if process.name == IMAGES_OWN and process.command is None and not process.port:
        answering = port.heard(started["pid"], address, host)
    return {**found, **({"port": str(answering)} if answering else {})}


def host_of(container: ContainerName) -> str:
    """The name by which a process is asked: one that it answers to, as frameworks refuse others."""

    app = App(container.release.app)
    return domains.of_process(app, app.choices(), container.process)
