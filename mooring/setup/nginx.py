"""nginx: Mooring's part of its configuration, its service, and the distribution's welcome page, which makes way."""

import hashlib
from pathlib import Path

from mooring.host import files
from mooring.host.paths import CODE
from mooring.host.refusal import die
from mooring.setup import CHECKOUT, NOTES, SYSTEM
from mooring.setup.file import place, remove, remove_drop_in
from mooring.setup.program import heard, quietly, run, shown, succeeds
from mooring.setup.terminal import detail, step, warn

DROP_IN = SYSTEM / "nginx.service.d/mooring.conf"
OUR_DROP_IN = CHECKOUT / "units/host/nginx.conf"
OPEN_FILES = 16384

NGINX = Path("/etc/nginx")
MAIN_FILE = NGINX / "nginx.conf"
MAIN = NGINX / "modules-enabled/99-mooring.conf"
OUR_MAIN = CHECKOUT / "nginx/main.conf"
LINK = NGINX / "conf.d/mooring.conf"
LINKED = CODE / "nginx/mooring.conf"

DEFAULT_SITE = NGINX / "sites-enabled/default"
SHIPPED_SITE = NGINX / "sites-available/default"
SITE_NOTE = NOTES / "default-site"


def set_up(updated: bool) -> None:
    """Bring nginx to serve apps. `updated` is whether Mooring's code, which LINK leads into, is new."""
    step("Setting up nginx")
    set_up_service()
    put, changed = set_up_configuration()
    if default_site_is_untouched():
        remove(DEFAULT_SITE)
        SITE_NOTE.touch()
        detail("its welcome page makes way")
        changed = True
    if not quietly("nginx", "-t"):
        remove(*put)
        put_default_site_back()
        die(
            "nginx refuses the configuration; what Mooring had added is taken back",
            "nginx's reason is above; a server of yours that is default_server on port 80 must give that up",
        )
    run("systemctl", "enable", "-q", "nginx.service")
    if not is_active():
        if not shown("systemctl", "start", "nginx.service"):
            die("nginx does not start", "is another server on port 80? `ss -ltnp 'sport = :80'` tells")
    elif changed or updated:
        run("systemctl", "reload", "nginx.service")


def set_up_service() -> None:
    if not place(DROP_IN, OUR_DROP_IN.read_text()):
        return
    run("systemctl", "daemon-reload")
    # nginx's package has started it already; what it starts anew with a reload inherits this.
    pid = Path("/run/nginx.pid")
    if pid.exists() and (number := pid.read_text().strip()):
        succeeds("prlimit", "--pid", number, f"--nofile={OPEN_FILES}:")


def set_up_configuration() -> tuple[list[Path], bool]:
    """Put Mooring's files into nginx's folders; those that were not there before, and whether any is new."""
    put, changed = [], False
    if MAIN_FILE.exists() and MAIN.parent.name in MAIN_FILE.read_text(errors="replace"):
        put += [] if MAIN.exists() else [MAIN]
        changed = place(MAIN, OUR_MAIN.read_text())
    if not (LINK.is_symlink() and LINK.readlink() == LINKED):
        if LINK.exists():
            die(f"{LINK} is not Mooring's", "move it away")
        files.point(LINK, str(LINKED))
        put.append(LINK)
        changed = True
    return put, changed


def take_down() -> None:
    remove(LINK, MAIN)
    remove_drop_in(DROP_IN)
    run("systemctl", "daemon-reload")
    put_default_site_back()
    if is_active():
        if quietly("nginx", "-t"):
            run("systemctl", "reload", "nginx.service")
        else:
            warn(f"nginx refuses what is left in {NGINX}")


def default_site_is_untouched() -> bool:
    """Whether the default site is the distribution's link to the distribution's file, as it came."""
    if not (DEFAULT_SITE.is_symlink() and DEFAULT_SITE.is_file() and DEFAULT_SITE.resolve() == SHIPPED_SITE):
        return False
    files = heard("dpkg-query", "-W", "-f=${Conffiles}\\n", "nginx", "nginx-common")
    return is_as_shipped(SHIPPED_SITE, files)


def is_as_shipped(file: Path, conffiles: str) -> bool:
    """Whether a file has the checksum that its package gave it; `conffiles` is dpkg's list, " PATH MD5" a line."""
    checksum = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
    return [str(file), checksum] in [line.split()[:2] for line in conffiles.splitlines()]


def put_default_site_back() -> None:
    if not SITE_NOTE.exists():
        return
    if not DEFAULT_SITE.exists():
        remove(DEFAULT_SITE)
        DEFAULT_SITE.symlink_to(SHIPPED_SITE)
    remove(SITE_NOTE)


def is_active() -> bool:
    return succeeds("systemctl", "is-active", "-q", "nginx.service")
