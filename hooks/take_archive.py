"""Make a commit out of the archive on standard input, lay it out as a release's source, and print its id.

    python -m hooks.take_archive my-app.42 BRANCH ACTOR ORIGIN < archive

Runs as the git user. git makes the commit out of the archive's files as they are read (git-fast-import(1)): nothing
of it is unpacked into a folder before git checks it out.
"""

import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from mooring.app.apps import App
from mooring.host import settings
from mooring.host.names import ReleaseName
from mooring.host.refusal import Refusal, die
from mooring.pipeline import archive, source
from mooring.pipeline.archive import Entry

MEMORY = 1 << 30
"""What reading it may take, in bytes: headers of a few kilobytes may claim to unpack to any size."""


def receive(place: Path, limit: int) -> None:
    """Write standard input to a file; raise Refusal where it is empty or larger than `limit` bytes."""
    left = limit
    with place.open("wb") as file:
        while chunk := sys.stdin.buffer.read(1 << 20):
            left -= len(chunk)
            if left < 0:
                die(
                    f"the archive is larger than {limit >> 20} MiB",
                    "pack less, or set `max_pack_size` below [git] in mooring.toml",
                )
            file.write(chunk)
    if left == limit:
        die("there is no archive on standard input", archive.EITHER)


def write_commit(pack: IO[bytes], name: ReleaseName, found: list[Entry], parent: str, actor: str, origin: str) -> None:
    """Write the stream that git makes the commit of, refs/mooring/N, from."""

    def line(text: str) -> None:
        pack.write(text.encode() + b"\n")

    marks: dict[str, tuple[int, str]] = {}
    for number, entry in enumerate(found, 1):
        if entry.same_as:
            marks[entry.path] = marks[entry.same_as]
            continue
        marks[entry.path] = (number, entry.mode)
        line(f"blob\nmark :{number}\ndata {len(entry.target.encode()) if entry.target else entry.size}")
        if entry.target:
            pack.write(entry.target.encode())
        else:
            with entry.open() as content:
                shutil.copyfileobj(content, pack, 1 << 20)
        line("")
    message = f"Deploy {origin}".encode()
    who = "".join(each for each in actor if each.isprintable() and each not in "<>")
    line(f"commit refs/mooring/{name.number}\ncommitter {who} <{who}> {int(time.time())} +0000\ndata {len(message)}")
    pack.write(message)
    line(f"\nfrom {parent}\ndeleteall" if parent else "\ndeleteall")
    for path, (number, mode) in marks.items():
        quoted = path.replace("\\", "\\\\").replace('"', '\\"')
        line(f'M {mode} :{number} "{quoted}"')
    line("done")


def commit(name: ReleaseName, found: list[Entry], branch: str, actor: str, origin: str) -> str:
    """Make the commit, after the branch's newest one where it has one; return its id."""
    app = App(name.app)
    git = ["git", "-C", str(app.repository)]
    environment = source.environment(app)

    def ask(*words: str) -> str:
        done = subprocess.run(
            [*git, *words], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    parent = ask("rev-parse", "--verify", "-q", f"refs/heads/{branch}^{{commit}}")
    importing = subprocess.Popen(
        [*git, "fast-import", "--quiet", "--done"],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert importing.stdin
    assert importing.stderr
    try:
        with importing.stdin as pack:
            write_commit(pack, name, found, parent, actor, origin)
    except BrokenPipeError:
        pass
    except BaseException:
        importing.kill()
        importing.wait()
        raise
    said = importing.stderr.read().decode(errors="replace").splitlines()
    if importing.wait():
        for crash in app.repository.glob("fast_import_crash_*"):
            crash.unlink()
        die(f"git could not take the archive: {(said or ['it gave no reason'])[0][:200]}", archive.EITHER)
    return ask("rev-parse", f"refs/mooring/{name.number}")


def main() -> None:
    name = ReleaseName.parse(sys.argv[1])
    branch, actor, origin = sys.argv[2:]
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    limit = settings.size(settings.load().git_max_pack_size)
    place = App(name.app).sources / str(name.number) / "archive"
    try:
        receive(place, limit)
        with archive.entries(place, limit) as found:
            made = commit(name, found, branch, actor, origin)
        place.unlink()
        repository = App(name.app).repository
        source.lay_out(name, made, [repository / "objects"], source.shallow(repository))
    except Refusal as refusal:
        sys.exit(str(refusal))
    print(made)


if __name__ == "__main__":
    main()
