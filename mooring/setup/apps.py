"""What runs: Mooring's own units, and by them the apps."""

from mooring.host.refusal import die
from mooring.setup.program import answer, run, shown, succeeds
from mooring.setup.terminal import step

PATHS = [f"mooring-{name}.path" for name in ("build", "launch", "route", "retire", "certs")]
TIMERS = ["mooring-cleanup.timer", "mooring-certs.timer"]
STARTED = ["mooring-recover.service", "mooring.target", *PATHS, *TIMERS]
OURS = ("label=mooring.app", "label=mooring.service")


def set_up(changed: set[str], updated: bool) -> None:
    """Start Mooring, now and at boot. `changed` are the units that are new, `updated` is whether the code is."""
    step("Starting Mooring")
    run("systemctl", "enable", "-q", *STARTED)
    for unit in PATHS:
        # A path unit looks at its folder when it starts: nothing that came meanwhile is missed.
        if unit in changed:
            run("systemctl", "restart", unit)
    if not shown("systemctl", "start", *STARTED):
        die("Mooring's units do not start", "systemctl status 'mooring*'")
    if updated:
        # What forwards lines runs for months; its place in the journal is kept, so no line is lost.
        run("systemctl", "try-restart", "mooring-drain@*.service")


def take_down() -> None:
    step("Stopping the apps")
    succeeds("systemctl", "disable", "-q", *STARTED)
    # First what would start something new, then the apps.
    run("systemctl", "stop", "mooring-*.path", "mooring-*.timer")
    run("systemctl", "stop", "mooring*.target", "mooring-*.service", "mooring*.slice")
    if not succeeds("docker", "version"):
        return
    for ours in OURS:
        if containers := answer("docker", "ps", "-aq", "--filter", ours).split():
            answer("docker", "rm", "-f", "-v", *containers)
        if networks := answer("docker", "network", "ls", "-q", "--filter", ours).split():
            answer("docker", "network", "rm", *networks)
