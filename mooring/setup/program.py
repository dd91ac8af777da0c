"""Programs that are run, by argv lists. mooring.program needs a package of PyPI's, which may not be there."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from mooring.setup.terminal import indent

NOT_FOUND = 127
NOTHING = Path(os.devnull)


def run(*argv: str) -> None:
    """Run a program, which says itself what it has to say; raise CalledProcessError if it fails."""
    _done(argv).check_returncode()


def shown(*argv: str) -> bool:
    """Whether a program succeeds, which says itself what it has to say."""
    return _done(argv).returncode == 0


def succeeds(*argv: str) -> bool:
    """Whether a program succeeds; what it prints is not shown. One that is not installed does not."""
    return _done(argv, output=subprocess.DEVNULL, errors=subprocess.DEVNULL).returncode == 0


def answer(*argv: str, stdin: Path = NOTHING) -> str:
    """What a program prints, without the last line's end; raise CalledProcessError if it fails."""
    done = _done(argv, output=subprocess.PIPE, stdin=stdin)
    done.check_returncode()
    return _text(done.stdout)


def heard(*argv: str) -> str:
    """What a program prints, whether it succeeds or not; nothing where it is not installed."""
    return _text(_done(argv, output=subprocess.PIPE, errors=subprocess.DEVNULL).stdout)


def outcome(*argv: str) -> tuple[bool, str]:
    """Whether a program succeeds, and what it prints, its errors too."""
    done = _done(argv, output=subprocess.PIPE, errors=subprocess.STDOUT)
    return done.returncode == 0, _text(done.stdout)


def quietly(*argv: str) -> bool:
    """Whether a program succeeds; its last words are shown only if it fails."""
    succeeded, said = outcome(*argv)
    if not succeeded:
        indent(said, sys.stderr)
    return succeeded


def indented(*argv: str, stdin: Path = NOTHING, errors: bool = False, env: Mapping[str, str] | None = None) -> bool:
    """Whether a program succeeds; what it prints is shown as a step's details, as it comes.

    `stdin` is the file that it reads, `errors` whether its errors are details too, `env` what its environment has
    besides.
    """
    with stdin.open("rb") as source:
        process = subprocess.Popen(
            argv,
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if errors else None,
            env={**os.environ, **(env or {})},
        )
    with process:
        assert process.stdout
        for line in process.stdout:
            indent(_text(line), sys.stdout)
    return process.returncode == 0


def _done(
    argv: tuple[str, ...], *, output: int | None = None, errors: int | None = None, stdin: Path = NOTHING
) -> subprocess.CompletedProcess[bytes]:
    with stdin.open("rb") as source:
        try:
            return subprocess.run(argv, stdin=source, stdout=output, stderr=errors, check=False)
        except FileNotFoundError:
            return subprocess.CompletedProcess(argv, NOT_FOUND, b"")


def _text(output: bytes) -> str:
    return output.decode(errors="surrogateescape").rstrip("\n")
