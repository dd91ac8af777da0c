"""Who may do what: keys.toml is the truth, authorized_keys (sshd(8)) is written from it."""

import base64
import tomllib
from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

from mooring.host import files, names, paths
from mooring.host.refusal import die

Role = Literal["admin", "developer", "deploy"]
TYPES = (
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)
PASTE = "paste one line like `ssh-ed25519 AAAA… you@laptop`, the content of id_ed25519.pub"


class Key(NamedTuple):
    """A public key and what it may do: push to `apps`, and give every command of an app on those it `develops`."""

    name: str
    role: Role
    key: str
    fingerprint: str
    apps: tuple[str, ...] = ()
    develops: tuple[str, ...] = ()

    def may_push(self, app: str) -> bool:
        return self.may_develop(app) or app in self.apps

    def may_develop(self, app: str) -> bool:
        return self.role == "admin" or app in self.develops

    def with_apps(self, apps: Iterable[str], develops: Iterable[str]) -> "Key":
        """The key for other apps, its role what follows from them."""
        wide = tuple(sorted(set(develops)))
        narrow = tuple(sorted(set(apps) - set(wide)))
        return self._replace(role="developer" if wide else "deploy", apps=narrow, develops=wide)


def parse_public(text: str) -> tuple[str, str, str]:
    """(type and base64, fingerprint, comment) of the one public key in `text`; raise Refusal for anything else.

    ssh-keygen(1) has the last word on whether it is a key.
    """
    from mooring.host.program import ProgramError, run

    if "PRIVATE KEY" in text:
        die("that is a private key: it must never leave your machine", PASTE)
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if len(lines) != 1:
        die("no key was given" if not lines else f"{len(lines)} lines were given, one key is wanted", PASTE)
    kind, _, rest = lines[0].partition(" ")
    blob, _, comment = rest.strip().partition(" ")
    if kind not in TYPES:
        die("that does not begin with a key's type (options are not allowed)", PASTE)
    try:
        base64.b64decode(blob, validate=True)
        shown = run("ssh-keygen", "-l", "-E", "sha256", "-f", "-", stdin=f"{kind} {blob}\n")
    except (ValueError, ProgramError):
        die(f"that is not a whole {kind} key", PASTE)
    bits, fingerprint = shown.split()[:2]
    if kind == "ssh-rsa" and int(bits) < 2048:
        die(f"an RSA key of {bits} bits is too weak", "make one with `ssh-keygen -t ed25519`")
    return f"{kind} {blob}", fingerprint, "".join(c for c in comment if c.isprintable()).strip()[:100]


def check_name(name: str) -> str:
    """Return `name` if it may name a key; raise Refusal otherwise."""
    if not name or len(name) > 60 or not all(c.isascii() and (c.isalnum() or c in "@._-") for c in name):
        die(f"{name[:60]!r} cannot name a key", "letters, digits and @._- only, e.g. alice@laptop")
    return name


def load() -> list[Key]:
    """All keys; raise Refusal where a person broke keys.toml."""
    try:
        table: dict[str, Any] = tomllib.loads(paths.KEYS.read_text())
        lists = ("apps", "develops")
        return [Key(**each | {name: tuple(each.get(name, ())) for name in lists}) for each in table.get("keys", [])]
    except FileNotFoundError:
        return []
    except (tomllib.TOMLDecodeError, TypeError) as error:
        die(f"{paths.KEYS} cannot be read: {error}", "mend that line")


def find(fingerprint: str) -> Key:
    """The key with that fingerprint; raise Refusal if there is none."""
    for key in load():
        if key.fingerprint == fingerprint:
            return key
    die("this key is not known here any more", "ask an admin for `deploy:allow` or `access:add`")


def change(edit: Callable[[list[Key]], list[Key]]) -> None:
    """Save what `edit` makes of all keys; nobody else changes them meanwhile. Nothing is written if it raises."""
    with files.locked(paths.KEYS.parent):
        before = load()
        after = edit(before)
        if after != before:
            save(after)


def save(keys: list[Key]) -> None:
    """Write keys.toml, and authorized_keys from it: under the lock that `change` holds."""
    import tomlkit

    document = tomlkit.parse(paths.KEYS.read_text() if paths.KEYS.exists() else "")
    tables = tomlkit.aot()
    for key in keys:
        table = tomlkit.table()
        table.update({"name": key.name, "role": key.role, "key": key.key, "fingerprint": key.fingerprint})
        for name, apps in (("apps", key.apps), ("develops", key.develops)):
            if apps:
                table[name] = list(apps)
        tables.append(table)
    document["keys"] = tables
    files.write(paths.KEYS, tomlkit.dumps(document), mode=0o640, group=paths.GIT_USER)
    files.write(paths.AUTHORIZED_KEYS, "".join(map(authorized_line, keys)), mode=0o640, group=paths.GIT_USER)


def authorized_line(key: Key) -> str:
    """The line of authorized_keys: the gate is all that the key reaches; who gives commands may have a terminal."""
    options = "restrict" if key.role == "deploy" else "restrict,pty"
    gate = f"{paths.PYTHON} -I -m hooks.gate {key.fingerprint}"
    return f'{options},command="{gate}" {key.key} {key.name}\n'


def add_admin(name: str, public: str) -> Key:
    """Make a key an admin's, whatever it was before; raise Refusal for a bad name or key."""
    material, fingerprint, _ = parse_public(public)
    key = Key(check_name(name), "admin", material, fingerprint)
    change(lambda keys: [each for each in keys if each.fingerprint != fingerprint] + [key])
    return key


def allow(apps: list[str], name: str, public: str, role: Role = "deploy") -> Key:
    """Let a key push to some more apps or, as a developer's, do everything with them.

    An admin's key may already, and stays an admin's.
    """
    material, fingerprint, comment = parse_public(public)
    for app in apps:
        names.check_app(app)

    def edit(keys: list[Key]) -> list[Key]:
        known = next((each for each in keys if each.fingerprint == fingerprint), None)
        if known and known.role == "admin":
            die(f"this is the admin key {known.name}: it may do that with every app", "allow another key")
        fallback = known.name if known else _name_from(comment) or _name_from(fingerprint.removeprefix("SHA256:"))[:12]
        known = known or Key("", "deploy", material, fingerprint)
        wide = {*known.develops, *(apps if role == "developer" else ())}
        narrow = {*known.apps, *(apps if role == "deploy" else ())}
        key = known._replace(name=check_name(name or fallback)).with_apps(narrow, wide)
        return [each for each in keys if each.fingerprint != fingerprint] + [key]

    change(edit)
    return find(fingerprint)


def replace_app(app: str, by: Callable[[Key], tuple[str, ...]]) -> None:
    """Put other apps (`by` of the key) in the place of `app` for every key that was allowed it.

    A key with no app left is removed.
    """

    def changed(key: Key) -> Key:
        narrow = {*key.apps} - {app} | ({*by(key)} if app in key.apps else set())
        wide = {*key.develops} - {app} | ({*by(key)} if app in key.develops else set())
        return key if key.role == "admin" else key.with_apps(narrow, wide)

    change(lambda keys: [key for key in map(changed, keys) if key.role == "admin" or key.apps or key.develops])


def _name_from(comment: str) -> str:
    return "".join(c for c in comment if c.isascii() and (c.isalnum() or c in "@._-"))[:60]


def pick(role: Role, word: str, app: str | None = None) -> Key:
    """The key of a role (and allowed `app`) that `word` names or has as fingerprint; raise Refusal if none or many."""
    found = [
        each
        for each in load()
        if word in (each.name, each.fingerprint)
        and (each.role == role if app is None else app in (each.develops if role == "developer" else each.apps))
    ]
    if len(found) != 1:
        listing = f"{role}:list {app}" if app else "access:list"
        die(
            f"{len(found) or 'no'} {role} keys are called {word[:60]!r}",
            f"`mooring {listing}` shows them; name the fingerprint",
        )
    return found[0]
