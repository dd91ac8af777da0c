"""nginx itself: whether it takes an app's file, and how it reads its configuration again."""

import contextlib
import fcntl
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from mooring.app.apps import App
from mooring.front import vhost
from mooring.host import files, paths, program
from mooring.host.refusal import die

CHECK = Path(__file__).parents[2] / "nginx" / "check"
CANDIDATE = paths.RUN / "candidate"
PREFIX = re.compile(r"^.*\[(?:emerg|error)\] (?:\d+#\d+: )?")
"""What nginx writes before a message, e.g. `2026/01/01 00:00:00 [emerg] 42#42: `."""
SNIPPET_BEGINS = "# The snippet of `mooring nginx:include`."
PID_FILE = Path("/run/nginx.pid")
RELOAD_LIMIT = 10.0


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Hold the lock under which nginx's configuration is checked and changed."""
    with (paths.RUN / "nginx.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def check(app: App, text: str, hint: str = "`nginx -t` on the server shows whether it is this app's") -> None:
    """Raise Refusal, with nginx's reason, if nginx would not take `text` as the file of the app's live release.

    One check at a time: the caller holds `locked()`.
    """
    # nginx makes the log itself otherwise, for everybody to read.
    vhost.prepare_access_log(app)
    files.remove_tree(CANDIDATE)
    (CANDIDATE / "live").mkdir(parents=True)
    (CANDIDATE / "live" / "nginx.conf").write_text(text)
    try:
        program.run("unshare", "--mount", "--", str(CHECK), str(app.folder), str(CANDIDATE))
    except program.ProgramError as error:
        lines = [line for line in error.output.splitlines() if "[emerg]" in line or "[error]" in line]
        reason = (lines or error.output.splitlines() or ["it did not say why"])[0]
        reason = in_snippet(PREFIX.sub("", reason), app, text)
        die(f"nginx refuses the configuration: {reason[:400]}", hint)


def in_snippet(reason: str, app: App, text: str) -> str:
    """nginx's reason, with the line of the snippet where that is where it was found."""
    found = re.search(rf" in {app.live_link}/nginx\.conf:([0-9]+)$", reason)
    if not found:
        return reason
    before = text.splitlines()[: int(found[1])]
    begins = max((number for number, line in enumerate(before) if line.strip() == SNIPPET_BEGINS), default=None)
    ended = begins is not None and "    # The end of the snippet." in before[begins:]
    return reason if begins is None or ended else f"{reason[: found.start()]} in line {int(found[1]) - begins - 1}"


def reload() -> None:
    """Let nginx read its configuration again; return when no worker of the earlier one takes requests any more.

    Raises Refusal if that does not happen (nginx(8), HUP).
    """
    master = running_master()
    if master is None:
        try:
            program.run("systemctl", "start", "nginx.service")
        except program.ProgramError:
            die("nginx does not start", "`journalctl -u nginx` says why")
        return
    earlier = set(workers(master))
    os.kill(master, signal.SIGHUP)
    until = time.monotonic() + RELOAD_LIMIT
    while True:
        now = workers(master)
        if any(pid not in earlier for pid in now) and not any(now.get(pid) for pid in earlier):
            return
        if time.monotonic() > until:
            die("nginx did not take its new configuration", "/var/log/nginx/error.log says why")
        time.sleep(0.005)


def running_master() -> int | None:
    """The process id of nginx's master; None if it does not run."""
    try:
        pid = int(PID_FILE.read_text())
        return pid if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"nginx: master") else None
    except (OSError, ValueError):
        return None


def workers(master: int) -> dict[int, bool]:
    """The workers of nginx, and of each whether it takes requests (it is not shutting down)."""
    found = {}
    for child in Path(f"/proc/{master}/task/{master}/children").read_text().split():
        try:
            title = Path(f"/proc/{child}/cmdline").read_bytes()
        except OSError:
            continue
        if title.startswith(b"nginx: worker process"):
            found[int(child)] = b"shutting down" not in title
    return found
