"""Docker's service: its drop-in, the host's proxy, its settings, and a restart only where it interrupts nobody."""

import os
import sys
import time
from collections.abc import Callable, Mapping

from mooring.host.refusal import die
from mooring.setup import CHECKOUT, ETC, SYSTEM, daemon_json
from mooring.setup.file import place, remove, remove_drop_in
from mooring.setup.network import DAEMON_JSON
from mooring.setup.program import answer, heard, outcome, run, shown, succeeds
from mooring.setup.terminal import detail, indent, step, warn

DROP_IN = SYSTEM / "docker.service.d/mooring.conf"
OURS = CHECKOUT / "units/host/docker.conf"
UNFILTERED = SYSTEM / "docker.service.d/mooring-unfiltered.conf"
OUR_UNFILTERED = CHECKOUT / "units/host/docker-unfiltered.conf"
PROXY = ETC / "proxy.env"
BUILDKIT_IS_APART = 23
"""The version of Docker from which on BuildKit is in a package of its own, not in Docker."""
PATIENCE = 5
"""Seconds that a reload of Docker may take until its settings hold."""


def set_up() -> None:
    step("Setting up Docker")
    if not succeeds("systemctl", "cat", "docker.service"):
        die(
            "the Docker here is not a systemd service docker.service",
            "remove the snap, or install docker.io or docker-ce",
        )
    changed = place(DROP_IN, OURS.read_text())
    changed = set_up_way() or changed
    changed = set_up_proxy() or changed
    if changed:
        run("systemctl", "daemon-reload")
    take_back = daemon_json.set_up()
    run("systemctl", "enable", "-q", "docker.service")
    if not succeeds("systemctl", "is-active", "-q", "docker.service"):
        if not shown("systemctl", "start", "docker.service"):
            refused(take_back)
    elif changed or take_back:
        restart(take_back)
    check()


def set_up_way() -> bool:
    """Let what is in one network talk unfiltered, unless Docker was told to filter that (`icc`, dockerd(8))."""
    if daemon_json.current().get("icc", True):
        return place(UNFILTERED, OUR_UNFILTERED.read_text())
    if not UNFILTERED.exists():
        return False
    remove(UNFILTERED)
    return True


def set_up_proxy() -> bool:
    """Let Docker pull through the host's proxy, unless it has been told of one already; whether that is new."""
    text = proxy(os.environ)
    told = "_proxy=" in heard("systemctl", "show", "-P", "Environment", "docker.service").lower()
    return bool(text) and not told and place(PROXY, text, 0o600)


def proxy(environment: Mapping[str, str]) -> str:
    """What an environment says of proxies, as lines of an EnvironmentFile=."""
    names = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
    return "".join(f'{name}="{environment[name]}"\n' for name in names if environment.get(name))


def restart(take_back: Callable[[], None] | None) -> None:
    """Restart Docker for its new settings, but only when its containers live on through it."""
    if running := len(answer("docker", "ps", "-q").split()):
        run("systemctl", "reload", "docker.service")
        if not containers_live_on():
            warn(
                f"Docker is not restarted, because {running} containers would stop: "
                "its new settings wait for the next restart"
            )
            return
        detail(f"{running} containers go on while Docker restarts")
    # Its package has just started it, and three starts in a minute are all that its unit allows.
    run("systemctl", "reset-failed", "docker.service")
    if not shown("systemctl", "restart", "docker.service"):
        refused(take_back)


def containers_live_on() -> bool:
    """Wait until Docker says that containers outlive it; False where it does not come to that."""
    end = time.monotonic() + PATIENCE
    while heard("docker", "info", "-f", "{{.LiveRestoreEnabled}}") != "true":
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def refused(take_back: Callable[[], None] | None) -> None:
    """Docker does not start: with the settings that it had it did, so it has them again."""
    if not take_back:
        die("Docker does not start", "journalctl -u docker")
    indent(heard("journalctl", "-u", "docker.service", "-n", "5", "--no-pager", "-o", "cat"), sys.stderr)
    take_back()
    run("systemctl", "reset-failed", "docker.service")
    shown("systemctl", "start", "docker.service")
    die(
        f"Docker refused its new settings; {DAEMON_JSON} is as it was",
        "is an option of it also in dockerd's arguments?",
    )


def check() -> None:
    """Ask Docker for its version, and whether it can build."""
    answers, said = outcome("docker", "version", "-f", "{{.Server.Version}}")
    if not answers:
        last = said.rpartition("\n")[2]
        die(f"Docker does not answer: {last}", "journalctl -u docker")
    detail(f"Docker {said}")
    if int(said.split(".")[0]) >= BUILDKIT_IS_APART and not succeeds("docker", "buildx", "version"):
        die(
            "this Docker cannot build: buildx is missing",
            "apt-get install docker-buildx, or docker-buildx-plugin for docker-ce",
        )


def take_down() -> None:
    daemon_json.take_down()
    remove(UNFILTERED)
    remove_drop_in(DROP_IN)
