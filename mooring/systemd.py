"""systemctl(1): the few things that Mooring asks of systemd."""

from mooring.names import ReleaseName
from mooring.program import ProgramError, run


def start(units: list[str]) -> bool:
    """Start units and wait until each is active (for an app's process: ready); whether all are."""
    try:
        run("systemctl", "start", *units)
    except ProgramError:
        return False
    return True


def stop(units: list[str]) -> None:
    """Stop units (globs allowed) and forget that they failed."""
    if units:
        run("systemctl", "stop", *units)
        forget(units)


def forget(units: list[str]) -> None:
    """Take units out of the list of failed ones."""
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


def status(units: list[str]) -> dict[str, str]:
    """What each unit says of itself (sd_notify(3), STATUS=) while it runs, else its ActiveState."""
    import subprocess

    if not units:
        return {}
    shown = subprocess.run(
        ["systemctl", "show", "--property=Id,ActiveState,StatusText", *units],
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    blocks = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in shown.split("\n\n")]
    return {
        block["Id"]: (block["ActiveState"] == "active" and block.get("StatusText")) or block["ActiveState"]
        for block in blocks
        if "Id" in block
    }


def processes_of(name: ReleaseName) -> str:
    """The glob of a release's process units."""
    return f"mooring-app@{name}.*"
