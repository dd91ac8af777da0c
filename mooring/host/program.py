"""The one way to run a program: argv lists, never a shell."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

Line = Callable[[str], None]


class ProgramError(Exception):
    """A program ended with another status than 0."""

    def __init__(self, argv: tuple[str, ...], status: int, output: str) -> None:
        super().__init__(f"{argv[0]} ended with status {status}: {output.strip()[-2000:]}")
        self.status = status
        self.output = output.strip()


def run(
    *argv: str,
    stdin: str | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run `argv`, return its standard output; raise ProgramError, with its standard error, if it fails.

    `env` replaces the environment, `cwd` the working directory, `stdin` is what it reads (nothing by default).
    """
    import sh

    try:
        return str(
            sh.Command(argv[0])(
                *argv[1:],
                _in=stdin if stdin is not None else "",
                _cwd=str(cwd) if cwd is not None else None,
                _env=dict(env) if env is not None else None,
                _tty_out=False,
                _no_pipe=True,
            )
        )
    except sh.ErrorReturnCode as error:
        raise ProgramError(argv, error.exit_code, error.stderr.decode(errors="replace")) from None


def follow(
    *argv: str,
    line: Line,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> int:
    """Run `argv`, give `line` each line of what it prints (both streams, as it comes), return its status.

    Raises TimeoutError where it has not ended within `timeout` seconds: then it has been told to (SIGTERM).
    """
    # Not by sh: a push waits for this, and to import that takes longer than to start what is followed.
    import subprocess
    import threading
    import time

    began = time.monotonic()
    with subprocess.Popen(
        argv, cwd=cwd, env=env, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        overdue = threading.Timer(threading.TIMEOUT_MAX if timeout is None else timeout, process.terminate)
        overdue.daemon = True
        overdue.start()
        assert process.stdout
        try:
            for text in process.stdout:
                line(text.decode(errors="replace").rstrip("\r\n"))
            status = process.wait()
        finally:
            overdue.cancel()
    if status and timeout is not None and time.monotonic() - began >= timeout:
        raise TimeoutError(f"{argv[0]} did not end within {timeout} s")
    return status


def as_git_user(argv: tuple[str, ...]) -> tuple[str, ...]:
    """`argv`, run as the git user when root runs it: git never runs as root in a repository it does not own."""
    from mooring.host.paths import GIT_USER

    if os.geteuid() == 0:
        return ("setpriv", "--reuid", GIT_USER, "--regid", GIT_USER, "--init-groups", "--", *argv)
    return argv
