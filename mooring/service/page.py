"""The page of a kind in the manual, made of its definition.

    python -m mooring.service.page

writes docs/services/KIND.md for each kind that Mooring has.
"""

import textwrap
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mooring.host.names import ServiceName
from mooring.service import grant, kind
from mooring.service.kind import FILE, OURS, Kind

PAGES = Path(__file__).resolve().parents[2] / "docs/services"
EXAMPLE, APP = "orders", "my-app"
TOLD = ("server", "link", "console", "dump")
"""The tables of a definition that have their own place on the page."""
WIDTH = 124


def page(of: Kind) -> str:
    """The whole page, Markdown."""
    text = (of.folder / FILE).read_text()
    begin = (
        f"`mooring {of.name}:create {EXAMPLE}` makes one, `mooring {of.name}:link {EXAMPLE} {APP}` lets an app use it: "
        "[Databases and caches](../services.md) has what is the same for all kinds. This page is made of "
        f"`services/{of.name}/{FILE}`."
    )
    parts = [
        f"# {of.title}\n",
        prose(begin),
        *map(prose, remarks(text)),
        prose(tried(of)),
        table(("what", "is"), server(of)),
        "## What an app is given\n",
        table(("config var", "for example"), variables(of)),
        prose(sharing(of)),
        "## Inside, and data in and out\n",
        table(("command", "runs in its container"), commands(of)),
        *others(tomllib.loads(text)),
    ]
    return "\n".join(parts)


def prose(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False) + "\n"


def remarks(text: str) -> list[str]:
    """What its definition begins with, but for the first line: that says where the server's own manual is."""
    said = []
    for line in text.splitlines()[1:]:
        if not line.startswith("# "):
            break
        said.append(line[2:])
    return [" ".join(said)] if said else []


def tried(of: Kind) -> str:
    if of.is_tried:
        versions = " and ".join(of.packaged)
        return (
            f"Mooring's tests run {of.title} {versions} of the distribution's packages. The official images have the "
            "same programs in the same places; the tests do not run them."
        )
    return (
        f"**It was not run.** What is here follows the documentation of {of.title} and of its image. Mooring's tests "
        "check the definition, and what commands, files and config vars come of it; they have never started the "
        "server. Try create, link, export and import with data that you can lose before you trust it."
    )


def server(of: Kind) -> list[tuple[str, str]]:
    first, *more = (code(each) for each in of.versions)
    rows = [
        ("versions", f"{first}; {', '.join(more)} by `--version`" if more else first),
        ("image", code(of.image)),
        (
            "where no registry has it",
            f"{' and '.join(map(code, of.packaged))} of the distribution's packages"
            if of.packaged
            else "it cannot be had",
        ),
        ("port", str(of.port)),
        ("runs as", code(of.user)),
        ("data, in its container", code(of.data) if of.data else "none: all is gone when it ends"),
        ("serves", words(of, of.server.command)),
        ("is ready when this ends with 0", words(of, of.server.ready)),
        ("is told to end by", f"{of.server.stop_signal}, and has {of.server.stop_timeout} s"),
    ]
    return [*rows, *((f"its {key}", code(value)) for key, value in of.server.environment.items())]


def known(of: Kind) -> dict[str, str]:
    name = ServiceName(of.name, EXAMPLE)
    return {
        "user": grant.user_of(APP) if of.link.grant else "", "password": "PASSWORD", "database": EXAMPLE,
        "host": name.host, "port": str(of.port),
    }  # fmt: skip


def variables(of: Kind) -> list[tuple[str, str]]:
    values = known(of)
    more = ((code(name), code(of.words((value,), **values)[0])) for name, value in of.link.config.items())
    return [(code(f"{of.link.prefix}_URL"), code(grant.url(of, values))), *more]


def sharing(of: Kind) -> str:
    """Who shares what, in a paragraph."""
    if not of.link.grant:
        return "There are no users: an app that links it is in, and what is in no network with it is kept out."
    said = "Each link has a user and a password of its own, which `unlink` takes away."
    if of.link.database:
        said += " What is in a database its links share; `--database` gives a link another one."
    if of.link.reserved:
        said += f" These are the server's own: {', '.join(map(code, of.link.reserved))}."
    return f"{said} With `--as REPORTS` a link has `REPORTS_URL` alone."


def commands(of: Kind) -> list[tuple[str, str]]:
    """What its own words run, as far as the definition has them."""
    offered = {
        "connect": of.console.command, "connect, for a developer": of.console.user_command,
        "export": of.dump.export, "import": of.dump.import_,
    }  # fmt: skip
    return [(each, words(of, command) if command else "there is none") for each, command in offered.items()]


def others(definition: Mapping[str, Any]) -> Iterable[str]:
    """The tables of the definition that this module knows nothing of, as they are written."""
    for name, found in definition.items():
        if isinstance(found, dict) and name not in TOLD:
            yield f"## {name.capitalize()}\n"
            yield table(("key", "is"), [(code(key), shown(value)) for key, value in found.items()])


def shown(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key}: {shown(each)}" for key, each in value.items())
    return ", ".join(map(shown, value)) if isinstance(value, list) else code(str(value))


def words(of: Kind, command: tuple[str, ...]) -> str:
    filled = of.words(command, **known(of))
    return code(" ".join(f'"{word}"' if " " in word else word for word in filled))


def code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def table(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"| {left} | {right} |" for left, right in [head, ("---", "---"), *rows]) + "\n"


def ours() -> Iterable[Kind]:
    return (kind.read(each.parent) for each in sorted(OURS.glob(f"*/{FILE}")))


def main() -> None:
    PAGES.mkdir(exist_ok=True)
    for each in ours():
        (PAGES / f"{each.name}.md").write_text(page(each))


if __name__ == "__main__":
    main()
