"""`docker build` with BuildKit: where every way of building ends."""

import os
import re
from collections import defaultdict, deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

from builders.complaint import Complaint
from mooring.host import files, paths, settings
from mooring.host.names import ReleaseName
from mooring.host.program import ProgramError, follow, run
from mooring.host.refusal import die
from mooring.pipeline.journal import Log

CGROUPS = Path("/sys/fs/cgroup")
SLICE = "mooring_builds.slice"
"""What all builds run in, and its limits are theirs. One for all: BuildKit takes the cgroup for a part of what a step
is, so steps in another one would not be cached ones."""
STEP = re.compile(r"#\d+ \[(?:\S+ )*\s*(\d+/\d+)\] (.*)")
"""e.g. `#7 [build  2/12] RUN make`: the numbers of many steps are aligned, a stage has its name."""
OUTPUT = re.compile(r"#(\d+) (?:\d+\.\d+ ?)(.*)")
FAILED = re.compile(r"#(\d+) ERROR: ")
BLAMED = re.compile(r"\s*(\d+) \| >>> (.*)")
"""e.g. `   5 | >>> RUN make`: how the place in a Dockerfile is shown."""
KEPT = 100
"""Lines of a step's output that are kept to find the reason in."""
CACHED = re.compile(r"#\d+ CACHED")
ERROR = re.compile(r"ERROR: (.*)")
FULL = "no space left on device"
PLUGINS = (Path("/usr/libexec/docker/cli-plugins/docker-buildx"), Path("/usr/lib/docker/cli-plugins/docker-buildx"))
"""Where the distributions' packages and Docker's own put the program that `docker build` runs."""
NO_PROCESS = re.compile(r"(Resource temporarily unavailable|Cannot fork|can't start new thread|EAGAIN)", re.IGNORECASE)
KILLED = re.compile(r"(\bKilled\b|exit code: 137|status 137|signal: killed)")


class Progress:
    """BuildKit's plain progress, shown as a person reads it: each step once, and what it printed."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.error = ""
        self.full = False
        self.killed = False
        self.without_processes = False
        self.shown: set[str] = set()
        self.outputs: dict[str, deque[str]] = defaultdict(partial(deque[str], maxlen=KEPT))
        self.step_failed = ""
        self.blamed = ("", "")

    def take(self, line: str) -> None:
        self.full = self.full or FULL in line.lower()
        self.killed = self.killed or bool(KILLED.search(line))
        self.without_processes = self.without_processes or bool(NO_PROCESS.search(line))
        if step := STEP.match(line):
            if line not in self.shown:
                self.shown.add(line)
                self.step(step[1], step[2])
        elif output := OUTPUT.match(line):
            self.outputs[output[1]].append(output[2])
            self.output(output[2])
        elif CACHED.match(line):
            self.cached()
        elif (blamed := BLAMED.match(line)) and not self.blamed[0]:
            self.blamed = (blamed[1], blamed[2].strip())
        elif error := ERROR.search(line):
            self.error = error[1]
            if failed := FAILED.match(line):
                self.step_failed = failed[1]

    @property
    def complaint(self) -> Complaint:
        """What is known of why the build failed."""
        return Complaint(self.error, *self.blamed, tuple(self.outputs[self.step_failed]))

    def step(self, number: str, text: str) -> None:
        self.log.line(f"[{number}] {text}")

    def output(self, text: str) -> None:
        self.log.line(f"      {text}")

    def cached(self) -> None:
        self.log.line("      (cached)")


def build(
    name: ReleaseName,
    context: Path,
    progress: Progress,
    *options: str,
    failed: Callable[[int], None],
) -> None:
    """Make the release's image out of `context`; raise Refusal where a limit or the disk ended it, else by `failed`.

    `options` are more of `docker build`'s. `failed` gets the status and says, by a Refusal, what is wrong with the app.
    """
    allowed = settings.load()
    apply_limits(allowed)
    failures = memory_failures()
    try:
        status = follow(
            *command(),
            "build",
            "--progress=plain",
            f"--tag={name.image}",
            f"--label=mooring.app={name.app}",
            f"--cgroup-parent=/{SLICE}",
            *proxies(),
            *options,
            str(context),
            line=progress.take,
            env={
                **os.environ,
                "BUILDX_BUILDER": "default",
                "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
                "DOCKER_BUILDKIT": "1",
                "NO_COLOR": "1",
            },
            timeout=allowed.builds_timeout,
        )  # fmt: skip
    except TimeoutError:
        die(
            f"the build took longer than {allowed.builds_timeout} s",
            "make it faster, or set `timeout` below [builds] in mooring.toml",
        )
    if not status:
        return
    if progress.full:
        die(
            "the disk is full: the build could not be stored",
            "free space (`docker system df` shows where it is), then push again",
        )
    if progress.killed and memory_failures() > failures:
        die(
            f"the build was killed at its limit of memory, {property_of('MemoryMax')}",
            "let it need less, or set `memory` below [builds] in mooring.toml",
        )
    if progress.without_processes and out_of_processes():
        die(
            f"the build reached its limit of {property_of('TasksMax')} processes and threads",
            "let it start fewer, or set `pids` below [builds] in mooring.toml",
        )
    failed(status)


def command() -> list[str]:
    """The program whose `build` is `docker build`, where it is found: it is run at once, with docker's own builder.

    docker itself would ask every plugin of it what it is, and only then run this one.
    """
    return next(([str(path)] for path in PLUGINS if os.access(path, os.X_OK)), ["docker"])


def proxies() -> list[str]:
    """The host's proxy, for what a build downloads: arguments that Docker keeps out of the image and its cache."""
    known = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
    return [f"--build-arg={name}" for name in known if os.environ.get(name)]


def apply_limits(allowed: settings.Settings) -> None:
    """Let what builds run have no more than the host's settings say; systemd is asked only where that has changed."""
    wanted = f"MemoryMax={allowed.builds_memory.upper()} TasksMax={allowed.builds_pids}"
    in_force = paths.RUN / "build-limits"
    if not in_force.exists() or in_force.read_text() != wanted:
        run("systemctl", "set-property", "--runtime", SLICE, *wanted.split())
        files.write(in_force, wanted)


def memory_failures() -> int:
    """How often builds have reached their limit of memory (cgroup v2's memory.events, v1's memory.failcnt)."""
    events, failures = CGROUPS / SLICE / "memory.events", CGROUPS / "memory" / SLICE / "memory.failcnt"
    if events.exists():
        return int(dict(line.split() for line in events.read_text().splitlines())["oom_kill"])
    return int(failures.read_text()) if failures.exists() else 0


def out_of_processes() -> bool:
    """Whether builds have had as many processes as they may: pids.peak, where the kernel keeps it.

    The peak is above the limit where the limit was higher once.
    """
    for folder in (CGROUPS / SLICE, CGROUPS / "pids" / SLICE):
        if (folder / "pids.peak").exists():
            allowed = (folder / "pids.max").read_text().strip()
            return allowed != "max" and int((folder / "pids.peak").read_text()) >= int(allowed)
    return True


def property_of(name: str) -> str:
    """What systemd says of a limit of builds."""
    try:
        value = run("systemctl", "show", "--property", name, "--value", SLICE).strip()
    except ProgramError:
        return "?"
    return f"{int(value) >> 20} MiB" if name == "MemoryMax" and value.isdigit() else value
