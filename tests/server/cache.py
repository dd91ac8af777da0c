"""Where trees, images and running servers are kept, and how that folder is shared by runs side by side.

CACHE/<name>-<key>/      a finished tree, layer or set of images: never changed after it was made
CACHE/runs/<run>/        everything of one run of the tests, or of one `tests/throwaway up`
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

CACHE = Path(os.environ.get("MOORING_TEST_CACHE", "/var/cache/mooring-tests"))
CHECKOUT = Path(__file__).resolve().parents[2]


class Failure(Exception):
    """Something that the throwaway server needs did not work; the message says what and why."""


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


say: list[Callable[[str], None]] = [_to_stderr]


def step(line: str) -> None:
    """Tell whoever waits what is being done now. The tests replace `say[0]` to get past pytest's capture."""
    say[0](f"-----> {line}")


def call(*argv: str | Path, input: bytes | None = None, timeout: float = 900) -> str:
    """Run a program of this machine's and return what it printed; Failure with all of it if it failed."""
    done = subprocess.run(
        [str(word) for word in argv],
        input=input,
        stdin=None if input is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout,
        check=False,
    )
    output = done.stdout.decode(errors="replace")
    if done.returncode:
        raise Failure(f"{' '.join(map(str, argv))}: exit {done.returncode}\n{output}")
    return output


def key(*parts: str | bytes) -> str:
    """A short name for what was made out of exactly these parts."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(b"%d:" % len(data) + data)
    return digest.hexdigest()[:12]


@contextlib.contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold this name against other runs on the machine."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def made(name: str, make: Callable[[Path], None]) -> Path:
    """CACHE/name, made by `make(folder)` if it is not there yet: whole or not at all, and by one run only."""
    folder = CACHE / name
    if folder.exists():
        os.utime(folder)
        return folder
    with lock(name):
        if folder.exists():
            return folder
        temporary = CACHE / f".{name}.tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        try:
            make(temporary)
            temporary.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return folder


def prune(name: str, *, keep: Iterable[Path] = (), unused_for: float = 0) -> None:
    """Remove the makings of `name` that no run uses and that none has used for this many seconds."""
    used = Path("/proc/mounts").read_text()
    for path in CACHE.glob("runs/*/uses"):
        used += path.read_text()
    for folder in CACHE.glob(f"{name}-*/"):
        if folder in keep or str(folder) in used or time.time() - folder.stat().st_mtime < unused_for:
            continue
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_name(folder.name + ".lock").unlink(missing_ok=True)
