"""An app's virtual host: what the operator chose for nginx, and the files that nginx reads for it."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mooring.app.apps import App
from mooring.host import files
from mooring.host.refusal import die

SNIPPET = "include.conf"
USERS = "htpasswd"
MAINTENANCE = "maintenance.html"
LOGS = Path("/var/log/nginx")
TAG_LIMIT = 32
"""The most letters that nginx takes as a syslog tag."""
PAGES = frozenset(range(400, 600)) - {444, *range(494, 500)}
"""The statuses that can have a page: not those of nginx's own that no client ever sees."""
CONF = Path("/etc/nginx/nginx.conf")


class Setting(NamedTuple):
    """One key of `nginx:set`: its default, what it is for, an example, and `check`, which raises ValueError."""

    default: str
    meaning: str
    example: str
    check: Callable[[str], str]


def size(text: str) -> str:
    if not re.fullmatch(r"0|[1-9][0-9]{0,8}[kmg]?", text.lower()):
        raise ValueError
    return text.lower()


def seconds(text: str) -> str:
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smh]?)", text)
    if not found or int(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]] > 86400:
        raise ValueError
    return text if found[2] else f"{text}s"


def one_of(*words: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    return check


def buffer(text: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]{0,3}k", text.lower()):
        raise ValueError
    return text.lower()


def port(text: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]{0,4}", text) or int(text) > 65535:
        raise ValueError
    return text


def addresses(text: str) -> str:
    """Addresses of this server, separated by commas."""
    import ipaddress
    import socket

    found = [ipaddress.ip_address(each) for each in text.split(",")]
    for each in found:
        family = socket.AF_INET if each.version == 4 else socket.AF_INET6
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.bind((str(each), 0))
        except OSError:
            raise ValueError(f"this server does not have the address {each}") from None
    return ",".join(map(str, found))


def networks(text: str) -> str:
    import ipaddress

    return ",".join(str(ipaddress.ip_network(each, strict=False)) for each in text.split(","))


SETTINGS: dict[str, Setting] = {
    "access-log": Setting("file", "where requests are logged", "file, journal or off",
                          one_of("file", "journal", "off")),
    "client-max-body-size": Setting("100m", "the largest upload, 0 for any", "50m", size),
    "listen-address": Setting("", "answer on these addresses of the server only", "192.0.2.7", addresses),
    "proxy-buffer-size": Setting("", "the most that an answer's headers may be", "16k", buffer),
    "proxy-buffering": Setting("on", "read answers ahead of slow clients", "on or off", one_of("on", "off")),
    "proxy-read-timeout": Setting("60s", "the longest silence of the app", "5m", seconds),
    "proxy-request-buffering": Setting("on", "read uploads whole before the app sees them", "on or off",
                                       one_of("on", "off")),
    "proxy-send-timeout": Setting("60s", "the longest the app may not read", "5m", seconds),
    "trusted-proxies": Setting("", "whose X-Forwarded-… headers are believed", "10.0.0.0/8,192.0.2.7", networks),
    "underscores-in-headers": Setting("auto", "whether headers with _ in their names reach the app", "on, off or auto",
                                      one_of("on", "off", "auto")),
    "x-forwarded-for": Setting("append", "what becomes of a client's own X-Forwarded-For", "append or replace",
                               one_of("append", "replace")),
    "x-forwarded-port": Setting("", "the port that the app is told", "443", port),
    "x-forwarded-proto": Setting("", "the scheme that the app is told", "https", one_of("http", "https")),
}  # fmt: skip


def check(key: str, value: str) -> str:
    """The value of a setting as nginx is given it; raise Refusal for an unknown key or a wrong value."""
    if key not in SETTINGS:
        die(f"there is no setting {key[:60]!r}", f"one of {', '.join(SETTINGS)}")
    setting = SETTINGS[key]
    try:
        return setting.check(value)
    except ValueError as error:
        own = str(error) if str(error).startswith("this server") else ""
        die(own or f"{key} cannot be {value[:80]!r}", f"e.g. {setting.example}")


def settings(chosen: Mapping[str, Any]) -> dict[str, str]:
    """Every setting as it is in force: as chosen, else its default. Raises Refusal where app.toml has a wrong one."""
    return {
        key: check(key, str(chosen[key])) if key in chosen else setting.default for key, setting in SETTINGS.items()
    }


def folder(app: App) -> Path:
    """Where the app's files for nginx are: they are the same for every release."""
    return app.folder / "nginx"


def read(app: App, file: str) -> str | None:
    """The text of one of those files; None where there is none."""
    try:
        return (folder(app) / file).read_text()
    except FileNotFoundError:
        return None


def write(app: App, file: str, text: str | None) -> None:
    """Write one of those files, readable by nginx's workers as far as they read it; None removes it."""
    path = folder(app) / file
    if text is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if file == USERS:
        files.write(path, text, mode=0o640, group=worker()[1])
    else:
        files.write(path, text, mode=0o600 if file == SNIPPET else 0o644)


def page(status: int) -> str:
    """The file with the user's page for a status."""
    return f"pages/{status}.html"


def pages(app: App) -> list[int]:
    """The statuses for which there is a page of the user's."""
    there = folder(app) / "pages"
    found = {entry.stem for entry in there.iterdir()} if there.is_dir() else set()
    return sorted(status for status in PAGES if str(status) in found)


def access_log(app: App) -> Path:
    """Where an app's requests are logged: nginx's own folder, whose files the distribution rotates."""
    return LOGS / f"{app.name}.access.log"


def tag(app: App) -> str:
    """What the lines of an app's requests are called in the journal: nginx takes no dash, and 32 letters at most."""
    name = app.name.replace("-", "_")
    if len(name) <= TAG_LIMIT:
        return name
    import hashlib

    return f"{name[: TAG_LIMIT - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def prepare_access_log(app: App) -> None:
    """Make the file that an app's requests are logged in, as logrotate makes the next: not for everybody to read."""
    import os
    import shutil

    if app.choices().nginx.get("access-log", "file") != "file" or access_log(app).exists():
        return
    os.close(os.open(access_log(app), os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o640))
    shutil.chown(access_log(app), worker()[0], "adm")


def remove_logs(app: App) -> None:
    """Remove what was logged of an app's requests, what logrotate has put aside too."""
    for log in LOGS.glob(f"{access_log(app).name}*"):
        log.unlink(missing_ok=True)


def worker() -> tuple[str, str]:
    """The user and the group of nginx's workers, by nginx.conf."""
    import grp
    import pwd

    found = re.search(r"^\s*user\s+([\w.-]+)(?:\s+([\w.-]+))?\s*;", CONF.read_text(), re.MULTILINE)
    user, group = (found[1], found[2]) if found else ("www-data", None)
    return user, group or grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
