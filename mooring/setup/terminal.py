"""What the person at the terminal reads: the same lines as install.sh's own, and one for whatever goes wrong."""

import shlex
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from mooring.host.refusal import Refusal

FAILED = 1
INTERRUPTED = 130
LAST_WORDS = 20

HERE = Path(__file__).parent
MEANS = ("terminal.py", "program.py", "file.py")
"""What every module uses: where it used them is what helps to find out why something failed."""


def step(text: str) -> None:
    print(f"-----> {text}", flush=True)


def detail(text: str) -> None:
    print(f"       {text}", flush=True)


def warn(text: str) -> None:
    print(f" !     {text}", file=sys.stderr, flush=True)


def indent(text: str, to: TextIO) -> None:
    """Show what a program said, below the step that it is part of; no more than the last lines of it."""
    for line in text.split("\n")[-LAST_WORDS:]:
        print(f"       {line}", file=to, flush=True)


def told(story: Callable[[], None]) -> int:
    """Go through with a story, tell in one line what stopped it, and return the exit status."""
    try:
        story()
    except Refusal as refusal:
        warn(str(refusal))
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        warn(f"{failure(error)} (every step is safe to run again)")
        return FAILED
    return 0


def failure(error: Exception) -> str:
    """What was not expected to fail: where in the set-up, and what it was."""
    if isinstance(error, subprocess.CalledProcessError):
        what = shlex.join(error.cmd)
    else:
        what = str(error) or type(error).__name__
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    ours = [f"{path.name} line {line}" for path, line in frames if path.parent == HERE and path.name not in MEANS]
    return f"{ours[-1] if ours else 'the set-up'} failed: {' '.join(what.split())}"
