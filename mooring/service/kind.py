"""A kind of service: a folder with its definition, service.toml, and what that needs beside it."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mooring.host.names import KIND
from mooring.host.refusal import die
from mooring.service import definition

OURS = Path(__file__).resolve().parents[2] / "services"
OWN = Path("/etc/mooring/services")
"""Those of this server's own; one of these comes before one of ours."""
FILE = "service.toml"
PLACE = re.compile(r"\{([a-z_]+)\}")
VERSION = re.compile(r"[0-9a-zA-Z][0-9a-zA-Z._-]{0,60}")
MOUNTED = "/mooring"
"""Where the files of a kind are in a container."""


class Server(NamedTuple):
    """How it runs: what is run once on an empty data folder, what serves, and what ends with 0 when it answers.

    That is asked every `watch` seconds, with as long for an answer: whether it hangs; never, with 0.
    """

    command: tuple[str, ...]
    ready: tuple[str, ...]
    init: tuple[str, ...] = ()
    watch: int = 30
    environment: Mapping[str, str] = {}
    timeout: int = 300
    stop_signal: str = "SIGTERM"
    stop_timeout: int = 30


class Link(NamedTuple):
    """What an app gets: `url` in the config var `AS_URL`, and `config` for the link that is called by `as`.

    `grant` and `revoke` are files of the kind's, given to `run` on standard input; they are safe to run again.
    `read_only` is one instead of `grant`, for a user that changes nothing. `schemes` are what a URL of one that is
    elsewhere may begin with, beside the one of `url`.
    `database` makes a database, where the kind has those; the ones in `reserved` are the server's own.
    """

    prefix: str
    url: str
    run: tuple[str, ...] = ()
    grant: str = ""
    revoke: str = ""
    database: str = ""
    reserved: tuple[str, ...] = ()
    read_only: str = ""
    schemes: tuple[str, ...] = ()
    config: Mapping[str, str] = {}


class Console(NamedTuple):
    """What a person types to: as the user that may do everything, and as that of a link."""

    command: tuple[str, ...] = ()
    user_command: tuple[str, ...] = ()
    user_environment: Mapping[str, str] = {}


class Dump(NamedTuple):
    """What writes a database to standard output, and what reads it from standard input.

    `settle` is run when the server has started, and ends what an import was at when that was cut off.
    """

    export: tuple[str, ...] = ()
    import_: tuple[str, ...] = ()
    settle: tuple[str, ...] = ()


class Upgrade(NamedTuple):
    """How it comes to a newer version: by a "dump" of the whole, or by the newer server's start on a "copy".

    `before` is run in the old server, `after` in the new one.
    """

    way: str = "copy"
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class Settings(NamedTuple):
    """What people may set of the server: each is a `line`, which the kind's files have in the place of {settings}.

    Those of `own` are Mooring's: names, or the beginnings of such (`listeners.*`). A value is what `values`, a regular
    expression, matches; `escape` says what is written for a letter of it. `check` is run in a container beside the
    server's and ends with 0 where that would take them, `before` in the server's own before it starts with others.
    """

    line: str = ""
    own: tuple[str, ...] = ()
    defaults: Mapping[str, str] = {}
    values: str = "[ -~]*"
    escape: Mapping[str, str] = {}
    check: tuple[str, ...] = ()
    before: tuple[str, ...] = ()


class Backup(NamedTuple):
    """What a backup holds: `export` writes one database, where that is not as in Dump; `databases` prints their names.

    `check` prints what a restored one is compared by, a line for each thing: `public.orders 1042`.
    """

    export: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    check: tuple[str, ...] = ()


class Kind(NamedTuple):
    """A definition. `files` are what the container finds below /mooring, `user` who the server runs as there."""

    name: str
    folder: Path
    title: str
    image: str
    versions: tuple[str, ...]
    port: int
    user: str
    server: Server
    link: Link
    data: str = ""
    packaged: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    shared_memory: str = "64m"
    console: Console = Console()
    dump: Dump = Dump()
    settings: Settings = Settings()
    whole: Dump = Dump()
    """Of all databases and users: what another server, which is empty, reads."""
    upgrade: Upgrade = Upgrade()
    backup: Backup = Backup()

    @property
    def is_tried(self) -> bool:
        """Whether our tests run its server: they have those that the distribution's packages make, and no other."""
        return bool(self.packaged) or self.folder.parent != OURS

    def text(self, file: str, values: Mapping[str, Any]) -> str:
        """A file of the kind's, filled in."""
        return filled((self.folder / file).read_text(), {"data": self.data, "port": self.port, **values})

    def words(self, words: tuple[str, ...], **values: Any) -> list[str]:
        """A command of the definition, filled in."""
        values = {"data": self.data, "port": self.port, **values}
        return [filled(word, values) for word in words]


def filled(text: str, values: Mapping[str, Any]) -> str:
    """`{name}` becomes what that is; what is no name of `values` stays (it may be a shell's)."""
    return PLACE.sub(lambda match: str(values.get(match[1], match[0])), text)


def find(name: str) -> Kind | None:
    """The kind of that name, None if there is none; raise Refusal for a definition that is wrong."""
    if not KIND.fullmatch(name):
        return None
    for place in (OWN, OURS):
        if (place / name / FILE).is_file():
            return read(place / name)
    return None


def of(name: str) -> Kind:
    """The kind of a service that there is; raise Refusal where its definition is gone."""
    return find(name) or die(f"there is no kind {name} any more", f"its folder belongs into {OWN} or {OURS}")


def names() -> list[str]:
    """The kinds that there are."""
    found = {each.parent.name for place in (OWN, OURS) for each in place.glob(f"*/{FILE}")}
    return sorted(each for each in found if KIND.fullmatch(each))


def untried() -> list[str]:
    """Those of ours that our tests do not run."""
    return sorted(each.parent.name for each in OURS.glob(f"*/{FILE}") if not read(each.parent).is_tried)


def every() -> Iterator[Kind]:
    for name in names():
        if kind := find(name):
            yield kind


def read(folder: Path) -> Kind:
    """The definition in a folder; raise Refusal that says which key of it is wrong."""
    path = folder / FILE
    try:
        table = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        die(f"{path} is not TOML: {error}", "mend that line")
    kind: Kind = definition.record(Kind, {"name": folder.name, "folder": folder, **table}, f"{path}: ")
    _check(kind, path)
    return kind


def _check(kind: Kind, path: Path) -> None:
    """Raise Refusal for what no service could be made of."""
    if not kind.versions or set(kind.packaged) - set(kind.versions):
        die(f"{path}: packaged has versions that `versions` has not", "the first of `versions` is the default")
    for file in (
        *kind.files,
        *filter(None, (kind.link.grant, kind.link.read_only, kind.link.revoke, kind.link.database)),
    ):
        if "/" in file or not (path.parent / file).is_file():
            die(f"{path} names {file}, which is not beside it", "files of the same folder, by their names alone")
    if bool(kind.link.grant) != bool(kind.link.revoke) or bool(kind.link.grant) != bool(kind.link.run):
        die(f"{path}: link.run, link.grant and link.revoke go together", "give all three, or none")
    try:
        re.compile(kind.settings.values)
    except re.error as error:
        die(f"{path}: settings.values is no regular expression: {error}", "the letters of a value, e.g. [a-z0-9]*")
    if kind.upgrade.way not in ("dump", "copy") or (kind.upgrade.way == "dump" and not kind.whole.export):
        die(
            f"{path}: upgrade.way is {kind.upgrade.way!r:.60}",
            'it is "copy", or "dump" where there are whole.export, whole.import',
        )
    if bool(kind.whole.export) != bool(kind.whole.import_):
        die(f"{path}: whole.export and whole.import go together", "give both, or none")
    if not kind.server.command or not kind.server.ready:
        die(f"{path}: server.command and server.ready are empty", "what serves, and what ends with 0 when it answers")
