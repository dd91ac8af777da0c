"""What runs a line of a Procfile, and how that is told to end: with real shells, and no container."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mooring.runtime import shell, stop
from mooring.runtime.stop import Telling

PROGRAM = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
os.write(2, b"up ")
signal.sigwait([signal.SIGTERM])
os.write(2, (sys.argv[1] + " told ").encode())
sys.exit(int(sys.argv[2]))
"""
SHELL = ["/bin/sh", "/bin/bash"]


def ended(which: str, line: str, tmp_path: Path, ups: int = 1) -> tuple[int, list[str]]:
    """A line is run until its programs are up, and then told to end: its status, and what they said."""
    (tmp_path / "p.py").write_text(PROGRAM)
    line = line.replace("APP", f"{sys.executable} {tmp_path}/p.py")
    telling = Telling(signal.SIGTERM)
    with subprocess.Popen(shell.argv([which, "-c"], line), stderr=subprocess.PIPE, start_new_session=True) as process:
        assert process.stderr
        said = b""
        while said.count(b"up ") < ups:
            said += os.read(process.stderr.fileno(), 1000)
        # The shell waits for its programs by then: before that its status is another's.
        while Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
            time.sleep(0.01)
        whole = stop.see(process.pid)
        assert whole
        until = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < until:
            telling.line(whole)
            time.sleep(stop.PAUSE)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        said += process.stderr.read()
        return process.wait(), [word for word in said.decode().split() if word != "up"]


@pytest.mark.parametrize("which", SHELL)
@pytest.mark.parametrize(
    "line",
    ["APP a 7", "cd / && APP a 7", "true && APP a 7 && echo next", "APP a 7; APP b 8", "X='a b' APP a 7",
     "while true; do APP a 7; done", "APP a 7 || APP b 8", "exec APP a 7"],
)  # fmt: skip
def test_the_program_of_a_line_is_told_and_its_status_is_the_lines(which: str, line: str, tmp_path: Path) -> None:
    assert ended(which, line, tmp_path) == (7, ["a", "told"])


@pytest.mark.parametrize("which", SHELL)
def test_every_job_in_the_background_is_told_and_waited_for(which: str, tmp_path: Path) -> None:
    status, said = ended(which, "APP a 7 & APP b 8 & wait", tmp_path, ups=2)
    assert status == 128 + signal.SIGTERM
    assert sorted(said) == ["a", "b", "told", "told"]


@pytest.mark.parametrize("which", SHELL)
def test_what_reads_a_pipe_ends_when_it_has_read_what_the_other_said_last(which: str, tmp_path: Path) -> None:
    assert ended(which, "APP a 7 2>&1 >/dev/null | cat >&2", tmp_path) == (0, ["a", "told"])


@pytest.mark.parametrize("which", SHELL)
def test_a_subshell_is_seen_through_and_ends_after_its_program(which: str, tmp_path: Path) -> None:
    assert ended(which, "(APP a 7; echo after >&2)", tmp_path) == (0, ["a", "told", "after"])


@pytest.mark.parametrize("which", SHELL)
def test_a_trap_of_the_lines_own_holds(which: str, tmp_path: Path) -> None:
    assert ended(which, "trap 'echo own >&2; exit 3' TERM; APP a 7", tmp_path) == (3, ["a", "told", "own"])


@pytest.mark.parametrize(
    ("name", "number"),
    [("SIGTERM", 15), ("QUIT", 3), ("3", 3), ("SIGRTMIN+3", signal.SIGRTMIN + 3), ("sigint", 2), ("nonsense", 15)],
)
def test_a_stopsignal_is_read_as_a_dockerfile_writes_it(name: str, number: int) -> None:
    assert stop.number(name) == number


ENVIRONMENT = {"PORT": "5000", "OPTS": "-a  -b", "EMPTY": ""}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("serve", ["serve"]),
        ("serve --port $PORT", ["serve", "--port", "5000"]),
        ('serve "a  b" \'$PORT\' "x${PORT}y" c\\ d', ["serve", "a  b", "$PORT", "x5000y", "c d"]),
        ("serve $OPTS $EMPTY $NONE end", ["serve", "-a", "-b", "end"]),
        ('serve "$OPTS" "" "$EMPTY"', ["serve", "-a  -b", "", ""]),
        ("serve x=$PORT --bind=0.0.0.0:$PORT", ["serve", "x=5000", "--bind=0.0.0.0:5000"]),
    ],
)
def test_an_entrypoint_is_given_the_words_of_a_line(line: str, words: list[str]) -> None:
    for entrypoint in (["program"], ["/entrypoint.sh"], ["tini", "--"]):
        assert shell.for_entrypoint(entrypoint, ["/bin/sh", "-c"], line, ENVIRONMENT) == words


@pytest.mark.parametrize(
    "line",
    ["a | b", "a && b", "a; b", "a &", "a > f", "a $(b)", "a `b`", "cd x", "exec a", "A=b a", "a *.py", "a ~/b", "a #b",
     "a ${PORT:-1}", 'a "$(b)"', "a 'b", "(a)", "{ a; }", "! a", "a $1", 'a "$?"', "[[ a ]]"],
)  # fmt: skip
def test_what_takes_a_shell_is_given_to_one(line: str) -> None:
    assert shell.for_entrypoint(["x"], ["/bin/sh", "-c"], line, {}) == shell.argv(["/bin/sh", "-c"], line)


def test_an_entrypoint_that_is_a_shell_takes_the_line_as_it_is() -> None:
    assert shell.for_entrypoint(["/bin/bash", "-c"], ["/bin/sh", "-c"], "a b", {}) == [shell.script("a b")]


def test_a_persons_command_for_a_shell_ends_as_a_line_does() -> None:
    assert shell.of_person(["sh", "-c", "a && b", "x"]) == ["sh", "-c", shell.script("a && b"), "x"]
    for words in (["ls", "-c", "x"], ["sh", "-ec", "x"], ["sh"]):
        assert shell.of_person(words) == words


@pytest.mark.parametrize(
    ("command", "bare"), [(["python3"], True), (["/bin/bash"], True), (["php", "-a"], True), (["python3", "a"], False)]
)
def test_the_shell_of_a_base_image_is_no_command_of_its_own(command: list[str], bare: bool) -> None:
    assert shell.is_bare(command) is bare
