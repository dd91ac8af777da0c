"""The small text files of a repository that say how it is built, as the scripts of buildpacks can read them."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

from mooring.host import files, jsonc, text
from mooring.host.refusal import Refusal
from mooring.pipeline.journal import Log

NAMES = (
    *("Procfile", "Aptfile", ".profile", ".profile.d/*.sh", ".tool-versions", "static.json"),
    *("requirements*.txt", "requirements/*.txt", "*requirements.txt", "constraints*.txt", "Pipfile", "Pipfile.lock"),
    *("runtime.txt", ".python-version", "pyproject.toml", "setup.cfg"),
    *("package.json", ".npmrc", ".nvmrc", ".node-version", "composer.json", "Gemfile", ".ruby-version", "go.mod"),
    *("system.properties", "gradlew", "mvnw"),
)
"""Each of them means the same with a byte order mark, in UTF-16, or with the line ends of Windows."""
LIMIT = 1 << 20


def settle(folder: Path, tree: Path, log: Log) -> None:
    """Let each be UTF-8 with a line feed at the end of each line, and static.json without comments; say which were not.

    `folder` is what is built of the repository `tree`; what leads out of that by a link is left alone, and said too.
    """
    changed = []
    for path in found(folder):
        try:
            place = files.linked(path, tree)
        except Refusal as refusal:
            log.warn(f"{refusal.message}: it is not read")
            continue
        if place.is_file() and place.stat().st_size <= LIMIT and rewrite(place, is_jsonc=path.name == "static.json"):
            changed.append(str(path.relative_to(folder)))
    if changed:
        log.line(f"Read as UTF-8 with line feeds, and so built: {', '.join(changed)}")


def found(folder: Path) -> Iterator[Path]:
    for path in sorted({path for name in NAMES for path in folder.glob(name)}):
        if path.is_symlink() or path.is_file():
            yield path


def rewrite(path: Path, *, is_jsonc: bool) -> bool:
    """Write a file anew, if it is text in another way than scripts read it; return whether it was."""
    before = path.read_bytes()
    try:
        plain = text.decode(before).replace("\r\n", "\n")
    except UnicodeDecodeError:
        return False
    if is_jsonc and not is_json(plain):
        plain = jsonc.plain(plain)
    if plain.encode() == before:
        return False
    files.write(path, plain, mode=stat.S_IMODE(path.stat().st_mode))
    return True


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
