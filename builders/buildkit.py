"""`docker build` with BuildKit: where every way of building ends. Its limits are those of the stage's own unit."""

import os
import re
from collections.abc import Callable
from pathlib import Path

from mooring import settings
from mooring.journal import Log
from mooring.names import ReleaseName
from mooring.program import ProgramError, follow, run
from mooring.refusal import die

CGROUPS = Path("/sys/fs/cgroup")
STEP = re.compile(r"#\d+ \[(?:\S+ )*\s*(\d+/\d+)\] (.*)")
"""e.g. `#7 [build  2/12] RUN make`: the numbers of many steps are aligned, a stage has its name."""
OUTPUT = re.compile(r"#\d+ (?:\d+\.\d+ ?)(.*)")
CACHED = re.compile(r"#\d+ CACHED")
ERROR = re.compile(r"ERROR: (.*)")
FULL = "no space left on device"
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

    def take(self, line: str) -> None:
        self.full = self.full or FULL in line.lower()
        self.killed = self.killed or bool(KILLED.search(line))
        self.without_processes = self.without_processes or bool(NO_PROCESS.search(line))
        if step := STEP.match(line):
            if line not in self.shown:
                self.shown.add(line)
                self.step(step[1], step[2])
        elif output := OUTPUT.match(line):
            self.output(output[1])
        elif CACHED.match(line):
            self.cached()
        elif error := ERROR.search(line):
            self.error = error[1]

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

    `options` are more of `docker build`'s. `failed` gets the status and says, by a
    Refusal, what is wrong with the app.
    """
    allowed = settings.load()
    parent = limit(allowed)
    try:
        status = follow(
            "docker", "build",
            "--progress=plain",
            f"--tag={name.image}",
            f"--label=mooring.app={name.app}",
            f"--cgroup-parent={parent}",
            *proxies(),
            *options,
            str(context),
            line=progress.take,
            env={**os.environ, "DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1", "NO_COLOR": "1"},
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
    if progress.killed and out_of_memory():
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


def proxies() -> list[str]:
    """The host's proxy, for what a build downloads: arguments that Docker keeps out of the image and its cache."""
    known = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
    return [f"--build-arg={name}" for name in known if os.environ.get(name)]


def limit(allowed: settings.Settings) -> str:
    """Let the build's processes count as this unit's own; return the cgroup that they get.

    So `MemoryMax=` and `TasksMax=` of mooring-build@.service are a build's limits, and `systemctl status` shows what
    it runs (cgroups(7); systemd's "Control Group APIs and Delegation").
    """
    path = own_cgroup()
    changed = {"MemoryMax": allowed.builds_memory.upper(), "TasksMax": str(allowed.builds_pids or "")}
    wanted = [f"{key}={value}" for key, value in changed.items() if value]
    if wanted and path.endswith(".service"):
        run("systemctl", "set-property", "--runtime", path.rpartition("/")[2], *wanted)
    unified = CGROUPS / path.lstrip("/")
    if (CGROUPS / "cgroup.controllers").exists() and not path.endswith("/stage"):
        # A cgroup that has children with controllers has no process of its own.
        (unified / "stage").mkdir(exist_ok=True)
        (unified / "stage/cgroup.procs").write_text(str(os.getpid()))
    return path.removesuffix("/stage")


def own_cgroup() -> str:
    """The cgroup that systemd gave this process, as a path below the root of the hierarchy."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    fields = [line.split(":", 2) for line in lines]
    return next(path for _, kind, path in fields if kind in ("", "name=systemd"))


def out_of_memory() -> bool:
    """Whether this unit has reached its limit of memory (cgroup v2's memory.events, v1's memory.failcnt)."""
    path = own_cgroup().removesuffix("/stage").lstrip("/")
    events, failures = CGROUPS / path / "memory.events", CGROUPS / "memory" / path / "memory.failcnt"
    if events.exists():
        return dict(line.split() for line in events.read_text().splitlines())["oom_kill"] != "0"
    return failures.exists() and int(failures.read_text()) > 0


def out_of_processes() -> bool:
    """Whether this unit has had as many processes as it may (pids.peak, where the kernel keeps it)."""
    path = own_cgroup().removesuffix("/stage").lstrip("/")
    for folder in (CGROUPS / path, CGROUPS / "pids" / path):
        if (folder / "pids.peak").exists():
            return (folder / "pids.peak").read_text() == (folder / "pids.max").read_text()
    return True


def property_of(name: str) -> str:
    """What systemd says of a limit of this unit."""
    unit = own_cgroup().removesuffix("/stage").rpartition("/")[2]
    try:
        value = run("systemctl", "show", "--property", name, "--value", unit).strip()
    except ProgramError:
        return "?"
    return f"{int(value) >> 20} MiB" if name == "MemoryMax" and value.isdigit() else value
