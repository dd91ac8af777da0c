"""One run of the tests: what they need, the runner, the tests themselves, and nothing left afterwards."""

import os
import signal
import subprocess
import sys
import tempfile
import tomllib
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests import since
from tests.server import cache, requirements
from tests.server.cache import CHECKOUT, Failure, call, key, made, prune, step
from tests.server.network import open_network
from tests.server.throwaway import remove_run, sweep

RUNNER = ["pytest==9.2.0", "pytest-xdist==3.8.0", "ruff==0.17.6", "mypy==2.4.1", "import-linter==2.17", "cronsim==2.8"]
FROM_THE_DISTRIBUTION = ("systemd-python",)
UNIT = "tests/unit"
NO_TESTS = 5
"""pytest's exit status where it was left with none."""
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(words: list[str]) -> int:
    cache.say[0] = lambda line: print(line, flush=True)
    unit_only = "--unit" in words
    words = [word for word in words if word != "--unit"]
    try:
        files, words = acceptance(words)
        unit_only = unit_only or not files
        reason = "" if unit_only else prepare()
        if reason:
            print(f"No throwaway server can boot here: {reason}. Only the unit tests run.", flush=True)
        requirements.install(requirements.RUNNER)
        python = runner()
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    servers = not (unit_only or reason)
    folders = suites(words, [*files, UNIT] if servers else [UNIT])
    interruptible()
    if not servers:
        with tempfile.TemporaryDirectory(prefix="mooring-tests-") as temporary:
            outcome = pytest(python, folders, words, Path(temporary), run="")
    else:
        run = str(os.getpid())
        try:
            sweep()
            for name in ("bare", "images", "runner"):
                prune(name, unused_for=7 * 24 * 3600)
            scratch = open_network(run, owner=os.getpid()).folder / "scratch"
            scratch.mkdir()
            if words:
                outcome = pytest(python, folders, words, scratch, run)
            else:
                outcome = everything(python, folders, scratch, run, partly=files != [since.SERVER])
        finally:
            unstoppable()
            remove_run(run)
    print(f"\n{outcome.passed} passed, {outcome.failed} failed", flush=True)
    return outcome.exit or int(bool(reason))


@dataclass(frozen=True)
class Outcome:
    exit: int
    passed: int
    failed: int


def prepare() -> str:
    """Install what the servers need; why they cannot boot here, or nothing."""
    try:
        reason = requirements.why_not()
        if not reason:
            requirements.install(requirements.SERVER + requirements.MIRROR + requirements.LOAD + requirements.HTTPS)
            reason = requirements.why_no_network()
    except Failure as failure:
        reason = " ".join(str(failure).split())
    return reason


def runner() -> Path:
    """The Python that runs the tests: the distribution's, with pytest and what the product imports."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    pins = [pin for pin in project["dependencies"] if not pin.startswith(FROM_THE_DISTRIBUTION)] + RUNNER

    def make(folder: Path) -> None:
        step("installing the test runner")
        call("/usr/bin/python3", "-m", "venv", "--system-site-packages", folder)
        call(folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pins)

    return made(f"runner-{key(sys.version, *pins)}", make) / "bin/python"


def acceptance(words: list[str]) -> tuple[list[str], list[str]]:
    """The acceptance tests to run, those that `--since REV` leaves or all, and the words that are pytest's."""
    if "--since" not in words:
        return [since.SERVER], words
    at = words.index("--since")
    revision = "".join(words[at + 1 : at + 2])
    if not revision:
        raise Failure("--since: since which revision? (e.g. tests/run --since main)")
    files = since.chosen(since.changed(revision))
    step(f"about what changed since {revision}: {' '.join(map(name_of, files)) or 'no acceptance test'}")
    return files, words[:at] + words[at + 2 :]


def name_of(file: str) -> str:
    return Path(file).stem.removeprefix("test_")


def suites(words: list[str], all_of_them: list[str]) -> list[str]:
    """The files and folders to run, unless the words name some of their own."""
    if any(not word.startswith("-") and (CHECKOUT / word.partition("::")[0]).exists() for word in words):
        return []
    return all_of_them


def everything(python: Path, folders: list[str], scratch: Path, run: str, *, partly: bool) -> Outcome:
    """The tests side by side, a file at a time; then those that measure something and want the machine for themselves.

    Most tests wait for most of their time: more of them than the machine has cores keep it at work. `partly`: there
    may be none that want to be alone.
    """
    side_by_side = ["-n", str(2 * (os.cpu_count() or 1)), "--dist", "loadfile", "--no-loadscope-reorder"]
    outcomes = []
    for name, words in {"together": ["-m", "not alone", *side_by_side], "alone": ["-m", "alone"]}.items():
        (scratch / name).mkdir()
        outcomes.append(pytest(python, folders, words, scratch / name, run))
    if partly:
        outcomes = [outcome for outcome in outcomes if outcome.exit != NO_TESTS]
    return Outcome(max(o.exit for o in outcomes), sum(o.passed for o in outcomes), sum(o.failed for o in outcomes))


def pytest(python: Path, folders: list[str], words: list[str], scratch: Path, run: str) -> Outcome:
    results = scratch / "results.xml"
    argv = [
        str(python), "-B", "-m", "pytest", "-v", "--tb=short", "--durations=10", "-p", "no:cacheprovider",
        f"--basetemp={scratch}/files", f"--junit-xml={results}", *folders, *words,
    ]  # fmt: skip
    with subprocess.Popen(argv, cwd=CHECKOUT, env=os.environ | {"MOORING_TEST_RUN": run}) as process:

        def pass_on(number: int, frame: FrameType | None) -> None:
            # pytest tears its fixtures down on SIGINT alone, which a terminal has sent to it already.
            if number != signal.SIGINT:
                process.send_signal(signal.SIGINT)

        for number in ENDINGS:
            signal.signal(number, pass_on)
        code = process.wait()
    passed, failed = count(results)
    ran_through = code in (0, 1)
    return Outcome(code, passed, failed if ran_through else max(failed, 1))


def interruptible() -> None:
    """End by way of every `finally`, whatever ends this, and let pytest be interrupted too.

    A shell starts what it puts in the background with SIGINT ignored, and that would be inherited.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    for number in ENDINGS:
        signal.signal(number, stop)


def unstoppable() -> None:
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)


def count(results: Path) -> tuple[int, int]:
    """How many tests passed and failed, by pytest's own record."""
    if not results.exists():
        return 0, 0
    cases = list(ElementTree.parse(results).iter("testcase"))
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = [case for case in cases if case.find("skipped") is not None]
    return len(cases) - len(failed) - len(skipped), len(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
