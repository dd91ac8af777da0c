"""Which buildpacks build an app: one of ours by name, a git repository, or a folder of the server."""

import re
from pathlib import Path
from typing import Any, NamedTuple

from mooring.host.address import shown
from mooring.host.refusal import Refusal, die

NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
REGISTERED = re.compile(r"([a-z][a-z0-9_-]*/[a-z][a-z0-9._-]*)(?:#(.+))?")
HEROKUS_ARCHIVE = re.compile(r"https://[a-z-]+\.s3\.amazonaws\.com/buildpacks/([^/]+/[^/]+)\.tgz")
"""How Heroku's registry is written where only an address is taken."""
ARCHIVE = re.compile(r".*\.(?:tgz|tar\.\w+|zip)")
URL = re.compile(r"(?:https?|git|ssh)://[^\s#\x00-\x1f\x7f]+|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^\s#\x00-\x1f\x7f]+")
REF = re.compile(r"[A-Za-z0-9._/-]{1,200}")
OURS = Path(__file__).resolve().parents[2] / "buildpacks"
EXAMPLE = "a name of ours (`mooring buildpacks:list`), https://HOST/REPOSITORY#REF, or /FOLDER on the server"


class Buildpack(NamedTuple):
    """A buildpack and where it is had from: `name` of ours, else `url` with `ref`, else `folder`."""

    text: str
    name: str = ""
    url: str = ""
    ref: str = ""
    folder: str = ""

    @property
    def label(self) -> str:
        """What people see."""
        return self.name or self.folder or self.text


def parse(text: str, *, operator: bool) -> Buildpack:
    """Read one buildpack; raise Refusal for what is none.

    Only the `operator` may name a folder of the server: a repository could read the server's files by it.
    """
    if NAME.fullmatch(text):
        if text not in ours():
            die(f"Mooring has no buildpack {text}", f"it has {', '.join(ours())}; else {EXAMPLE}")
        return Buildpack(text, name=text)
    if found := REGISTERED.fullmatch(archived[1] if (archived := HEROKUS_ARCHIVE.fullmatch(text)) else text):
        return registered(text, found[1], found[2] or "")
    if text.startswith("/"):
        if not operator:
            die(f"{text[:80]} is a folder of the server", "a repository names buildpacks by URL or by name")
        if not Path(text).is_dir() or text != str(Path(text).resolve()):
            die(f"there is no folder {text[:80]} on this server", EXAMPLE)
        return Buildpack(text, folder=text)
    address, _, ref = text.partition("#")
    if not URL.fullmatch(address) or (ref and not REF.fullmatch(ref)) or ref.startswith("-") or address.startswith("-"):
        die(f"{text[:80]!r} is no buildpack", EXAMPLE)
    if ARCHIVE.fullmatch(address):
        die(f"{shown(text)[:80]} is an archive, and a buildpack is a git repository", EXAMPLE)
    if shown(address) != address:
        # app.toml and a repository's `.buildpacks` are there for many to read.
        die("a buildpack's address has no password or token in it", "git@HOST:REPOSITORY, and `mooring ssh:install`")
    return Buildpack(text, url=address, ref=ref)


def registered(text: str, name: str, ref: str) -> Buildpack:
    """The buildpack of that name in Heroku's registry: one of ours, unless it is to be of a `ref`, or a repository."""
    place = elsewhere().get(name, "")
    if place in ours() and not ref:
        return Buildpack(text, name=place)
    owner, _, rest = name.partition("/")
    if "://" not in place:
        if owner not in ("heroku", "heroku-community"):
            die(f"Mooring does not know where the buildpack {name[:80]} is", "write the address of its repository")
        place = f"https://github.com/heroku/heroku-buildpack-{rest}"
    return parse(f"{place}#{ref}" if ref else place, operator=False)._replace(text=text)


def elsewhere() -> dict[str, str]:
    """What is known of the names in Heroku's registry (buildpacks/elsewhere): one of ours, or an address."""
    lines = (OURS / "elsewhere").read_text().splitlines()
    return dict(line.split() for line in lines if line and not line.startswith("#"))


def parse_app_json(said: Any) -> list[Buildpack]:
    """Read `buildpacks` of app.json: a list of names or of {"url": …}; raise Refusal for what is none."""
    entries = said if isinstance(said, list) else [said]
    found = []
    for place, entry in enumerate(entries):
        where = f"app.json: buildpacks[{place}]"
        text = entry.get("url") if isinstance(entry, dict) else entry
        if not isinstance(text, str):
            die(f"{where} is {entry!r:.80}", '{"url": "heroku/nodejs"}')
        try:
            found.append(parse(text.strip(), operator=False))
        except Refusal as refusal:
            die(f"{where}: {refusal.message}", refusal.hint)
    return found


def parse_file(text: str) -> list[Buildpack]:
    """Read a repository's `.buildpacks`: one a line, comments with #; raise Refusal naming the line that is wrong."""
    found = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.partition(" #")[0].strip()
        if line and not line.startswith("#"):
            try:
                found.append(parse(line, operator=False))
            except Refusal as refusal:
                die(f".buildpacks line {number}: {refusal.message}", refusal.hint)
    if not found:
        die(".buildpacks names no buildpack", "one a line, or remove the file")
    return found


class Ours(NamedTuple):
    """A buildpack that Mooring brings; `adds` says whether it runs beside the one that builds the app."""

    name: str
    adds: bool
    looks_for: tuple[str, ...]


def catalogue() -> list[Ours]:
    """The buildpacks that Mooring brings, in the order in which they are tried (buildpacks/order)."""
    found = []
    for line in (OURS / "order").read_text().splitlines():
        if line and not line.startswith("#"):
            name, *files = line.split()
            found.append(Ours(name, "+" in files, tuple(each for each in files if each != "+")))
    return found


def ours() -> list[str]:
    """Their names."""
    return [each.name for each in catalogue()]
