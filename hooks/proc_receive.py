"""proc-receive (githooks(5)): a branch moves to the commit that was pushed, whatever other pushes did meanwhile.

git itself would refuse the second of two pushes of one commit, and one that waited for its turn behind another:
by then the branch is no longer what it was when the push began. Runs as the git user, after pre-receive.
"""

import subprocess
import sys
from collections.abc import Iterator

GIT = "/usr/bin/git"
FLUSH = b"0000"


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
    """What git says, without its newline; None where it fails."""
    done = subprocess.run([GIT, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return None if done.returncode else done.stdout.strip()


def is_live(new: str, ref: str) -> bool:
    """Whether the commit serves, pushed to this branch: then the branch follows it."""
    # Mooring's modules take as long to import as all the rest of this takes.
    sys.path.insert(0, "/opt/mooring/current")
    import os

    from mooring.app.apps import App
    from mooring.release import releases

    live = App(os.environ["MOORING_APP"]).live
    if live is None:
        return False
    record = releases.load(live)
    return (record.commit, f"refs/heads/{record.branch}") == (new, ref)


def move(old: str, new: str, ref: str) -> str:
    """Move one branch; return the line that tells git of it."""
    if git("update-ref", ref, new, old) is not None or git("rev-parse", "--verify", "-q", ref) == new:
        return f"ok {ref}"
    if is_live(new, ref) and git("update-ref", ref, new) is not None:
        return f"ok {ref}"
    return f"ng {ref} another push moved it meanwhile"


def main() -> None:
    for _ in packets():
        pass
    send("version=1")
    commands = [line.decode().split(" ", 2) for line in packets()]
    send(*[move(*command) for command in commands])


if __name__ == "__main__":
    main()
