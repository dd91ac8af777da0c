"""pipfile.py PIPFILE LOCK OUT: write what a Pipfile.lock names as requirements files for pip, with its hashes.

OUT/hashed.txt has the packages with hashes, OUT/plain.txt those without (from repositories and folders). The default
section only, as `pipenv install --deploy` does; and as there, a lock that is older than its Pipfile is refused.
"""

import hashlib
import json
import sys
import tomllib
from pathlib import Path
from typing import Any


def digest(pipfile: dict[str, Any]) -> str:
    """The hash of a Pipfile, as pipenv writes it in the lock."""
    other = {"source", "packages", "dev-packages", "requires", "scripts", "pipfile", "pipenv"}
    content = {
        "_meta": {"sources": pipfile["source"], "requires": pipfile.get("requires", {})},
        "default": pipfile.get("packages", {}),
        "develop": pipfile.get("dev-packages", {}),
        **{name: table for name, table in pipfile.items() if name not in other},
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def requirement(name: str, entry: dict[str, Any]) -> str:
    """One package as a line for pip."""
    extras = f"[{','.join(entry['extras'])}]" if entry.get("extras") else ""
    marker = f" ; {entry['markers']}" if entry.get("markers") else ""
    for kind in ("git", "hg", "svn", "bzr"):
        if kind in entry:
            folder = f"#subdirectory={entry['subdirectory']}" if entry.get("subdirectory") else ""
            return f"{name}{extras} @ {kind}+{entry[kind]}@{entry['ref']}{folder}{marker}"
    if "path" in entry:
        return f"{'-e ' if entry.get('editable') else ''}{entry['path']}{extras}"
    if "file" in entry:
        return f"{name}{extras} @ {entry['file']}{marker}"
    return f"{name}{extras}{entry['version']}{marker}"


def main(pipfile: Path, lock: Path, out: Path) -> None:
    try:
        locked = json.loads(lock.read_text("utf-8-sig"))
        meta = locked["_meta"]
    except (ValueError, KeyError):
        sys.exit("error: it is no lock file of pipenv: run `pipenv lock`")
    if pipfile.exists():
        written = tomllib.loads(pipfile.read_text("utf-8-sig"))
        if "source" in written and digest(written) != meta["hash"]["sha256"]:
            sys.exit("error: Pipfile was changed since: run `pipenv lock`")
    # The first one named pypi is where pip looks anyway, or the mirror that it is told of.
    indexes = [source["url"] for source in meta.get("sources", []) if source.get("name") != "pypi"]
    lines: dict[str, list[str]] = {"hashed": [], "plain": []}
    for name, entry in locked.get("default", {}).items():
        hashes = "".join(f" --hash={each}" for each in entry.get("hashes", []))
        lines["hashed" if hashes and "version" in entry else "plain"].append(requirement(name, entry) + hashes)
    for kind, each in lines.items():
        text = "".join(f"--extra-index-url {url}\n" for url in indexes) + "".join(f"{line}\n" for line in each)
        (out / f"{kind}.txt").write_text(text if each else "")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
