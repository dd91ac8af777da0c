"""Build an image from the repository's own Dockerfile, with BuildKit."""

import os
import re
from pathlib import Path

from mooring.journal import Log
from mooring.names import ReleaseName
from mooring.program import follow
from mooring.refusal import die

STEP = re.compile(r"#\d+ \[(?:\S+ )*\s*(\d+/\d+)\] (.*)")
"""e.g. `#7 [build  2/12] RUN make`: the numbers of many steps are aligned, a stage has its name."""
OUTPUT = re.compile(r"#\d+ (?:\d+\.\d+ )(.*)")
CACHED = re.compile(r"#\d+ CACHED")
ERROR = re.compile(r"ERROR: (.*)")
FULL = "no space left on device"


def detect(tree: Path) -> bool:
    """Whether this is how the source tree is built."""
    return (tree / "Dockerfile").is_file()


def build(name: ReleaseName, tree: Path, log: Log, *, fresh: bool) -> None:
    """Make the release's image; raise Refusal when its Dockerfile fails. `fresh` uses no cached layer."""
    log.step("Dockerfile found: building")
    progress = Progress(log)
    status = follow(
        "docker", "build",
        "--progress=plain",
        f"--tag={name.image}",
        f"--label=mooring.app={name.app}",
        *(["--no-cache", "--pull"] if fresh else []),
        str(tree),
        line=progress.take,
        env={**os.environ, "DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1", "NO_COLOR": "1"},
    )  # fmt: skip
    if status:
        if progress.full:
            die(
                "the disk is full: the build could not be stored",
                "free space (`docker system df` shows where it is), then push again",
            )
        die(f"the Dockerfile does not build: {progress.error or f'status {status}'}", "mend it and push again")


class Progress:
    """BuildKit's plain progress, shown as a person reads it: each step once, and what it printed."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.error = ""
        self.full = False
        self.shown: set[str] = set()

    def take(self, line: str) -> None:
        self.full = self.full or FULL in line.lower()
        if step := STEP.match(line):
            if line not in self.shown:
                self.shown.add(line)
                self.log.line(f"[{step[1]}] {step[2]}")
        elif output := OUTPUT.match(line):
            self.log.line(f"      {output[1]}")
        elif CACHED.match(line):
            self.log.line("      (cached)")
        elif error := ERROR.search(line):
            self.error = error[1]
