"""proc-receive (githooks(5)): what was pushed to a ref is taken over from the push's landing into the app's repository.

A branch moves to the commit that was pushed, whatever other pushes did meanwhile: git itself would refuse the second
of two pushes of one commit, and one that waited for its turn behind another, as by then the branch is no longer what
it was when the push began. Runs as the git user, in the landing, after pre-receive.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

GIT = "/usr/bin/git"
FLUSH = b"0000"
LANDING = Path.cwd()
REPOSITORY = LANDING.parents[1] / "repo.git"
NO_COMMIT = "it leads to no commit"


def packets() -> Iterator[bytes]:
    """The lines of standard input up to the next flush (gitprotocol-common(5), pkt-line)."""
    while (length := sys.stdin.buffer.read(4)) not in (FLUSH, b""):
        yield sys.stdin.buffer.read(int(length, 16) - 4).rstrip(b"\n")


def send(*lines: str) -> None:
    """Write lines and a flush."""
    for line in lines:
        sys.stdout.buffer.write(b"%04x%s" % (len(line.encode()) + 4, line.encode()))
    sys.stdout.buffer.write(FLUSH)
    sys.stdout.buffer.flush()


def git(*arguments: str) -> str | None:
    """What git says of the app's repository, without its newline; None where it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment["GIT_CONFIG_NOSYSTEM"] = "1"
    argv = [GIT, "-C", str(REPOSITORY), *arguments]
    done = subprocess.run(argv, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return None if done.returncode else done.stdout.strip()


def commit_of(what: str) -> str:
    """The commit that an object in the landing leads to; empty where it leads to none."""
    argv = [GIT, "rev-parse", "--verify", "-q", f"{what}^{{commit}}"]
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout.strip()


@cache
def origin() -> Path:
    """What is fetched from: the landing, with its history cut off where that of the push is."""
    from mooring.app.apps import App
    from mooring.pipeline import landing

    app = App(os.environ["MOORING_APP"])
    cut = landing.boundaries(app)
    if not cut:
        return LANDING
    view = LANDING / "view"
    landing.lay_out(view, app, [LANDING / "objects", REPOSITORY / "objects"], shallow=cut)
    return view


def bring(what: str) -> None:
    """Fetch an object, and all that it needs, into the app's repository."""
    # Mooring's modules take as long to import as all the rest of this takes.
    sys.path.insert(0, "/opt/mooring/current")
    from mooring.app.apps import App
    from mooring.pipeline import source

    source.bring(App(os.environ["MOORING_APP"]), origin(), what, f"refs/mooring/{what}")


def is_live(new: str, ref: str) -> bool:
    """Whether the commit serves, pushed to this branch: then the branch follows it."""
    sys.path.insert(0, "/opt/mooring/current")
    from mooring.app.apps import App
    from mooring.release import releases

    live = App(os.environ["MOORING_APP"]).live
    if live is None:
        return False
    record = releases.load(live)
    return (record.commit, f"refs/heads/{record.branch}") == (new, ref)


def before(old: str, ref: str) -> str:
    """What a ref was when the push began: what the client was told, else what it was not told of (see the landing)."""
    if old.strip("0"):
        return old
    known = dict(line.split(" ", 1)[::-1] for line in (LANDING / "untold").read_text().splitlines())
    return known.get(ref, old)


def move(old: str, new: str, ref: str) -> list[str]:
    """Move one ref; return the lines that tell git of it."""
    old = before(old, ref)
    if not new.strip("0"):
        gone = git("update-ref", "-d", ref, old) is not None
        return [f"ok {ref}" if gone else f"ng {ref} another push moved it meanwhile"]
    wanted = commit_of(new) if ref.startswith("refs/heads/") else new
    if not wanted:
        return [f"ng {ref} {NO_COMMIT}"]
    brought = git("cat-file", "-e", wanted) is None
    if brought:
        bring(wanted)
    moved = (
        git("update-ref", ref, wanted, old) is not None
        or git("rev-parse", "--verify", "-q", ref) == wanted
        or (is_live(wanted, ref) and git("update-ref", ref, wanted) is not None)
    )
    if brought:
        git("update-ref", "-d", f"refs/mooring/{wanted}")
    if not moved:
        return [f"ng {ref} another push moved it meanwhile"]
    # git itself notes in the landing where the history of what it took is cut off: else it takes that for an oversight.
    told = [f"option new-oid {wanted}"] if wanted != new else []
    return [f"ok {ref}", *told, *(["option fall-through"] if "GIT_SHALLOW_FILE" in os.environ else [])]


def main() -> None:
    for _ in packets():
        pass
    send("version=1")
    commands = [line.decode().split(" ", 2) for line in packets()]
    send(*[line for command in commands for line in move(*command)])


if __name__ == "__main__":
    main()
