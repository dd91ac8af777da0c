"""An app's site: its nginx file, checked before it is kept, in force when `reload` returns."""

import os
import re
import signal
import time
from pathlib import Path

from mooring import domains, files, paths, program
from mooring.app import App
from mooring.refusal import die
from mooring.release import Release

TEMPLATES = Path(__file__).parent / "templates"
CHECK = Path(__file__).parent / "check"
CANDIDATE = paths.RUN / "candidate"
PREFIX = re.compile(r"^.*\[(?:emerg|error)\] (?:\d+#\d+: )?")
"""What nginx writes before a message, e.g. `2026/01/01 00:00:00 [emerg] 42#42: `."""
PID_FILE = Path("/run/nginx.pid")
RELOAD_LIMIT = 10.0


def render(record: Release, names: tuple[str, ...], redirects: tuple[str, ...]) -> str:
    """The nginx file of a release: its web processes behind the host names of its app."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - not HTML; every value was checked where it entered
    )
    ports = {process.name: process.port for process in record.processes}
    servers = [f"{each.address}:{ports[each.process]}" for each in record.placements if ports[each.process]]
    primary = next((name for name in names if not name.startswith("*.")), "")
    return environment.get_template("site.conf.j2").render(
        release=record.name,
        servers=servers,
        domains=names,
        redirects=redirects if primary else (),
        primary=primary,
    )


def of(record: Release) -> str:
    app = App(record.name.app)
    return render(record, domains.of(app), app.choices().redirects)


def check(app: App, text: str) -> None:
    """Raise Refusal, with nginx's reason, if nginx would not take `text` as the file of the app's live release.

    One check at a time: the caller holds the lock of the route stage.
    """
    files.remove_tree(CANDIDATE)
    (CANDIDATE / "live").mkdir(parents=True)
    (CANDIDATE / "live" / "nginx.conf").write_text(text)
    try:
        program.run("unshare", "--mount", "--", str(CHECK), str(app.folder), str(CANDIDATE))
    except program.ProgramError as error:
        lines = [line for line in error.output.splitlines() if "[emerg]" in line or "[error]" in line]
        reason = (lines or error.output.splitlines() or ["it did not say why"])[0]
        reason = PREFIX.sub("", reason)
        die(
            f"nginx refuses the configuration: {reason[:400]}",
            "`nginx -t` on the server shows whether it is this app's",
        )


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
