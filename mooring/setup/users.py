"""The users that things run as, and the folders that Mooring keeps: settings, data, queues."""

from pathlib import Path

from mooring.host.paths import GIT_USER, RUN, SPOOL
from mooring.setup import ETC, NOTES, OPT, VAR
from mooring.setup.file import remove
from mooring.setup.program import run, succeeds
from mooring.setup.terminal import detail, step

HOOKS_GROUP = "mooring-hooks"
"""What delivers to webhooks works off their queues, and is nobody else (mooring-hook@.service)."""
STAGES = ("build", "launch", "route", "retire")


def set_up() -> None:
    step("Making the user mooring and its folders")
    if not succeeds("getent", "passwd", GIT_USER):
        home = ["--home-dir", f"{VAR}/home", "--no-create-home"]
        run("useradd", "--system", "--user-group", *home, "--shell", "/bin/sh", GIT_USER)
    # Without a password, but not locked: sshd without PAM would refuse a locked user's key.
    run("usermod", "--password", "*", "--append", "--groups", "systemd-journal", GIT_USER)
    folders("0755", ETC, OPT, VAR, VAR / "apps", VAR / "home", NOTES)
    folders("0700", VAR / "volumes", VAR / "backups")
    folders("0755", SPOOL, *(SPOOL / name for name in ("launch", "route", "retire", "queue", "run", "failed")))
    folders("0755", *(SPOOL / state / stage for state in ("queue", "run") for stage in STAGES))
    folders("1770", SPOOL / "build", group=GIT_USER)
    if not succeeds("getent", "group", HOOKS_GROUP):
        run("groupadd", "--system", HOOKS_GROUP)
    folders("2750", SPOOL / "hooks", group=HOOKS_GROUP)
    for file in (ETC / "keys.toml", ETC / "authorized_keys"):
        if not file.exists():
            run("install", "-m", "0640", "-o", "root", "-g", GIT_USER, "/dev/null", str(file))


def folders(mode: str, *paths: Path, group: str = "") -> None:
    run("install", "-d", "-m", mode, *(("-o", "root", "-g", group) if group else ()), *map(str, paths))


def take_down(purge: bool) -> None:
    remove(SPOOL, RUN, Path("/var/cache/mooring"))
    if purge:
        remove(VAR, ETC, Path("/var/lib/mooring-drain"), Path("/var/lib/private/mooring-drain"))
        succeeds("userdel", GIT_USER)
        succeeds("groupdel", HOOKS_GROUP)
        detail("Mooring and its data are gone; the packages that it needed are still installed")
    elif VAR.is_dir():
        detail(f"{VAR} and {ETC} are kept: install.sh finds the apps there again, --uninstall --purge removes them")
