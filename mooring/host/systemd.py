"""systemctl(1): the few things that Mooring asks of systemd."""

import os
from collections.abc import Callable

from mooring.host.names import ReleaseName
from mooring.host.program import ProgramError, run


def start(units: list[str], *options: str, meanwhile: Callable[[], None] = lambda: None, verb: str = "start") -> bool:
    """Start units and wait until each is active (for an app's process: ready); whether all are.

    `options` are more of `systemctl start`'s, or those of another `verb`, e.g. restart. `meanwhile` is called while
    they start. What systemctl says is in the journal too. Requests wait for this, so it is spawned with nothing
    imported.
    """
    quiet = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in range(3)]
    argv = ["systemctl", verb, *options, *units]
    # A session of its own: Ctrl-C is not for it.
    child = os.posix_spawnp(argv[0], argv, os.environ, file_actions=quiet, setsid=True, setsigmask=())
    try:
        meanwhile()
    finally:
        _, status = os.waitpid(child, 0)
    return status == 0


def stop(units: list[str]) -> None:
    """Stop units (globs allowed) and forget that they failed."""
    if units:
        run("systemctl", "stop", *units)
        forget(units)


def forget(units: list[str]) -> None:
    """Take units out of the list of failed ones.

    Not while one may be starting: its start, should it fail, would be taken for done.
    """
    if not units:
        return
    try:
        run("systemctl", "reset-failed", *units)
    except ProgramError:
        return


def loaded(pattern: str, *options: str) -> list[str]:
    """The units that systemd knows and that match a glob; `options` are more of `systemctl list-units`'s."""
    listing = run("systemctl", "list-units", "--all", "--plain", "--no-legend", "--full", *options, pattern)
    return [line.split()[0] for line in listing.splitlines() if line.split()]


def state_of(unit: str) -> str:
    """A unit's ActiveState, e.g. "active", "failed", or "activating" while it waits for its restart."""
    return run("systemctl", "show", "--property=ActiveState", "--value", unit).strip()


def has_job(unit: str) -> bool:
    """Whether a unit is about to be started or stopped, or waits for that (systemctl(1), list-jobs)."""
    return run("systemctl", "show", "--property=Job", "--value", unit).strip() not in ("", "0")


def status(units: list[str]) -> dict[str, str]:
    """What each unit says of itself (sd_notify(3), STATUS=) while it runs, else its ActiveState."""
    return {
        unit: (state["ActiveState"] == "active" and state.get("StatusText")) or state["ActiveState"]
        for unit, state in _shown(units, "ActiveState", "StatusText").items()
    }


def status_texts(units: list[str]) -> dict[str, str]:
    """What each unit last said of itself, also one that has ended."""
    return {unit: state.get("StatusText", "") for unit, state in _shown(units, "StatusText").items()}


def _shown(units: list[str], *properties: str) -> dict[str, dict[str, str]]:
    """Properties of units (systemctl(1), show), in one go."""
    import subprocess

    if not units:
        return {}
    argv = ["systemctl", "show", f"--property={','.join(('Id', *properties))}", *units]
    shown = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    blocks = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in shown.split("\n\n")]
    return {block["Id"]: block for block in blocks if "Id" in block}


def notify(state: str) -> None:
    """Tell systemd of this unit's state, e.g. "STATUS=waiting" (sd_notify(3))."""
    import socket

    path = os.environ.get("NOTIFY_SOCKET", "")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
            connection.sendto(state.encode(), "\0" + path[1:] if path.startswith("@") else path)


def processes_of(name: ReleaseName) -> str:
    """The glob of a release's process units."""
    return f"mooring-app@{name}.*"
