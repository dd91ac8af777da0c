"""One run of the tests: what they need, the runner, the tests themselves, and nothing left afterwards."""

import os
import signal
import subprocess
import sys
import tempfile
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.server import cache, requirements  # noqa: E402
from tests.server.cache import CHECKOUT, Failure, call, key, made, step  # noqa: E402
from tests.server.network import open_network  # noqa: E402
from tests.server.throwaway import remove_run, sweep  # noqa: E402

RUNNER = ["pytest==9.2.0", "ruff==0.17.6", "mypy==2.4.1"]
FROM_THE_DISTRIBUTION = ("systemd-python",)


def main(words: list[str]) -> int:
    cache.say[0] = lambda line: print(line, flush=True)
    unit_only = "--unit" in words
    words = [word for word in words if word != "--unit"]
    reason = "" if unit_only else prepare()
    if reason:
        print(f"No throwaway server can boot here: {reason}. Only the unit tests run.", flush=True)
    try:
        requirements.install(requirements.RUNNER)
        python = runner()
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    servers = not (unit_only or reason)
    run = str(os.getpid())
    with tempfile.TemporaryDirectory(prefix="mooring-tests-") as scratch:
        try:
            if servers:
                sweep()
                open_network(run, owner=os.getpid())
            code = pytest(python, suites(words, servers=servers), words, Path(scratch), run)
        finally:
            if servers:
                remove_run(run)
        passed, failed = count(Path(scratch) / "results.xml")
    print(f"\n{passed} passed, {failed or int(code not in (0, 1))} failed", flush=True)
    return code or int(bool(reason))


def prepare() -> str:
    """Install what the servers need; why they cannot boot here, or nothing."""
    try:
        reason = requirements.why_not()
        if not reason:
            requirements.install(requirements.SERVER + requirements.MIRROR + requirements.LOAD)
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


def suites(words: list[str], *, servers: bool) -> list[str]:
    """The folders to run, unless the words name files of their own."""
    if any(not word.startswith("-") and (CHECKOUT / word.partition("::")[0]).exists() for word in words):
        return []
    folders = ["tests/unit", "tests/server"] if servers else ["tests/unit"]
    return [folder for folder in folders if (CHECKOUT / folder).exists()]


def pytest(python: Path, folders: list[str], words: list[str], scratch: Path, run: str) -> int:
    argv = [
        str(python), "-B", "-m", "pytest", "-v", "--tb=short", "--durations=10", "-p", "no:cacheprovider",
        f"--basetemp={scratch}/files", f"--junit-xml={scratch}/results.xml", *folders, *words,
    ]  # fmt: skip
    process = subprocess.Popen(argv, cwd=CHECKOUT, env=os.environ | {"MOORING_TEST_RUN": run})

    def interrupt(number: int, frame: FrameType | None) -> None:
        # pytest tears its fixtures down on SIGINT alone; a terminal has sent that to both already.
        if number != signal.SIGINT:
            process.send_signal(signal.SIGINT)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    return process.wait()


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
