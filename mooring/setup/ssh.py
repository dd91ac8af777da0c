"""sshd's rules for the git user: keys that Mooring knows, the gate, and nothing else."""

from collections.abc import Iterable
from pathlib import Path

from mooring.host.paths import AUTHORIZED_KEYS, GIT_USER
from mooring.host.refusal import die
from mooring.setup import CHECKOUT
from mooring.setup.file import place_checked, remove
from mooring.setup.program import answer, quietly, run, succeeds
from mooring.setup.terminal import warn

RULES = Path("/etc/ssh/sshd_config.d/mooring.conf")
OURS = CHECKOUT / "hooks/sshd.conf"


def set_up() -> None:
    if place_checked(RULES, OURS.read_text(), 0o644, passes):
        reload()
    if not is_active("ssh.service") and not is_active("ssh.socket"):
        run("systemctl", "enable", "-q", "--now", "ssh.service")
    settings = effective()
    if f"authorizedkeysfile {AUTHORIZED_KEYS}" not in settings:
        die(
            f"sshd does not heed {RULES}",
            "put `Include /etc/ssh/sshd_config.d/*.conf` at the top of /etc/ssh/sshd_config",
        )
    if shuts_out(settings):
        warn(f"sshd lets only some users in: add {GIT_USER} to AllowUsers or AllowGroups in /etc/ssh/sshd_config")


def take_down() -> None:
    remove(RULES)
    reload()


def passes() -> bool:
    # Where sshd has not run since boot, its folder is missing.
    Path("/run/sshd").mkdir(exist_ok=True)
    return quietly("sshd", "-t")


def effective() -> list[str]:
    """sshd's settings for the git user, a line each, the names in lower case."""
    return answer("sshd", "-T", "-C", f"user={GIT_USER},host=localhost,addr=127.0.0.1").splitlines()


def port(settings: Iterable[str]) -> str:
    return next((words[1] for line in settings if (words := line.split())[:1] == ["port"]), "22")


def shuts_out(settings: Iterable[str]) -> bool:
    """Whether only some users may log in, and the git user is none of them."""
    allowed = [line.split()[1:] for line in settings if line.startswith(("allowusers ", "allowgroups "))]
    return bool(allowed) and [GIT_USER] not in allowed


def reload() -> None:
    if is_active("ssh.socket"):
        # As on Ubuntu: an sshd that has its socket from systemd dies of a reload. Sessions live through a restart.
        run("systemctl", "try-restart", "ssh.service")
    elif is_active("ssh.service"):
        run("systemctl", "reload", "ssh.service")


def is_active(unit: str) -> bool:
    return succeeds("systemctl", "is-active", "-q", unit)
