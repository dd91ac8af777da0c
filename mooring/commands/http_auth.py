"""A password before an app (HTTP basic authentication, checked by nginx): `http-auth*`."""

import re
import sys

from mooring.app import apps
from mooring.app.apps import App
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import show
from mooring.commands.stdin import read
from mooring.front import bcrypt, vhost
from mooring.host import files
from mooring.host.refusal import die
from mooring.pipeline import site_change

USER = re.compile(r"[A-Za-z0-9._@+-]{1,64}")
NAME = argument("user", metavar="USER")


@command("http-auth", "mooring http-auth my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """List who may see an app, and whether a password is asked for at all."""
    target = apps.find(app)
    asked = target.choices().http_auth
    rows = [{"user": name, "asked": asked} for name in users(target)]
    show(rows, as_json=json, empty=f"{app} asks for no password: `mooring http-auth:add {app} USER`")


@command("http-auth:add", "mooring http-auth:add my-app ada < password", APP, NAME)
def add(app: str, user: str) -> int:
    """Ask for a password before an app, and let in a user with the one on standard input (with -t: as typed)."""
    target = apps.find(app)
    if not USER.fullmatch(user):
        die(f"{user[:80]!r} cannot name a user", "letters, digits and . _ @ + -, e.g. ada")
    hashed = bcrypt.hashed(read_password(user))
    with files.locked(target.folder):
        known = users(target)
        if asked := target.choices().http_auth:
            write(target, {**known, user: hashed})
    if not asked:
        texts = {vhost.USERS: lambda text: rendered({**parsed(text), user: hashed})}
        status = site_change.change(target, f"{app} asks for no password", texts=texts, http_auth=True)
        if status:
            return status
    print(f"{user} may see {app} with {'a new' if user in known else 'the'} password")
    return 0


@command("http-auth:remove", "mooring http-auth:remove my-app ada", APP, NAME)
def remove(app: str, user: str) -> None:
    """Let a user in no more."""
    target = apps.find(app)
    with files.locked(target.folder):
        known = users(target)
        if user not in known:
            die(f"{app} knows no user {user[:80]!r}", f"`mooring http-auth {app}` lists them")
        if len(known) == 1 and target.choices().http_auth:
            die(f"{user} is the only one who may see {app}", f"`mooring http-auth:disable {app}` lets everybody in")
        write(target, {name: each for name, each in known.items() if name != user})
    print(f"{user} may not see {app} any more")


@command("http-auth:disable", "mooring http-auth:disable my-app", APP)
def disable(app: str) -> int:
    """Ask for no password any more; the users are kept for `http-auth:enable`."""
    done = f"everybody may see {app}"
    return site_change.change(apps.find(app), f"{app} asks for a password", done, http_auth=None)


@command("http-auth:enable", "mooring http-auth:enable my-app", APP)
def enable(app: str) -> int:
    """Ask for a password again."""
    target = apps.find(app)
    if not users(target):
        die(f"{app} has no user", f"`mooring http-auth:add {app} USER`")
    done = f"{app} asks for a password"
    return site_change.change(target, f"{app} asks for no password", done, http_auth=True)


def users(app: App) -> dict[str, str]:
    """The hash of each user's password."""
    return parsed(vhost.read(app, vhost.USERS))


def parsed(text: str | None) -> dict[str, str]:
    lines = (text or "").splitlines()
    return {name: hashed for name, colon, hashed in (line.partition(":") for line in lines) if colon}


def write(app: App, known: dict[str, str]) -> None:
    vhost.write(app, vhost.USERS, rendered(known))


def rendered(known: dict[str, str]) -> str:
    """The file of the users, as nginx reads it (ngx_http_auth_basic_module)."""
    return "".join(f"{name}:{hashed}\n" for name, hashed in sorted(known.items()))


def read_password(user: str) -> str:
    """The password on standard input, or typed twice at a terminal; raise Refusal where it cannot be one."""
    if not sys.stdin or not sys.stdin.isatty():
        return bcrypt.check(read("type the password, then Ctrl-D").removesuffix("\n").removesuffix("\r"))
    import getpass

    password = bcrypt.check(getpass.getpass(f"The password of {user}: "))
    if getpass.getpass("Once more: ") != password:
        die("these are two different passwords", "type the same one twice")
    return password
