"""An app's site: its nginx file, checked before it is kept, in force when `reload` returns."""

import contextlib
import fcntl
import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mooring import domains, files, paths, program, release, routing, vhost
from mooring.app import App, Choices
from mooring.refusal import Refusal, die
from mooring.release import Release
from mooring.routing import WEB, Route

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"
PAGES = paths.CODE / "nginx" / "pages"
CHECK = Path(__file__).parent / "check"
CANDIDATE = paths.RUN / "candidate"
COMPILED = paths.RUN / "templates"
PREPARED = "site.json"
"""Beside a release's record: its site, made and checked while its processes start."""
PREFIX = re.compile(r"^.*\[(?:emerg|error)\] (?:\d+#\d+: )?")
"""What nginx writes before a message, e.g. `2026/01/01 00:00:00 [emerg] 42#42: `."""
SNIPPET_BEGINS = "# The snippet of `mooring nginx:include`."
PID_FILE = Path("/run/nginx.pid")
RELOAD_LIMIT = 10.0


class Site(NamedTuple):
    """One server block: host names, the process that answers to them, and its routes to others."""

    domains: tuple[str, ...]
    process: str
    routes: tuple[Route, ...] = ()

    @property
    def strips(self) -> bool:
        return any(route.strip for route in self.routes)


def sites(record: Release, names: tuple[str, ...], choices: Choices) -> list[Site]:
    """A site for every process that has host names; none for `web` where the release has nothing to reach by it."""
    by_process: dict[str, list[str]] = {}
    for name in names:
        by_process.setdefault(routing.of_domain(choices, name), []).append(name)
    routes = tuple(routing.routes(choices))
    has_web = bool(routes) or any(each.name == WEB and each.port for each in record.processes)
    return [
        Site(tuple(domains), process, routes if process == WEB else ())
        for process, domains in by_process.items()
        if process != WEB or has_web
    ]


def upstreams(record: Release, wanted: set[str]) -> dict[str, list[str]]:
    """Where the processes that are wanted are reached; of one that does not run there is nothing."""
    ports = {process.name: process.port for process in record.processes}
    found: dict[str, list[str]] = {}
    for each in record.placements:
        if each.process in wanted and ports[each.process]:
            found.setdefault(each.process, []).append(f"{each.address}:{ports[each.process]}")
    return found


def render(record: Release, choices: Choices, snippet: str) -> str:
    """The nginx file of a release: its processes behind the host names of its app."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - not HTML; every value was checked where it entered
        bytecode_cache=compiled(),
    )
    app = App(record.name.app)
    own = sites(record, domains.among(app, choices), choices)
    reached = {site.process for site in own} | {route.process for site in own for route in site.routes}
    settings = vhost.settings(choices.nginx)
    primary = domains.primary(app, choices)
    return environment.get_template("site.conf.j2").render(
        release=record.name,
        app=app.name,
        upstreams=upstreams(record, reached),
        sites=own,
        redirects=choices.redirects if primary else (),
        primary=primary,
        settings=settings,
        forwarded=forwarded(app, settings),
        trusted=[each for each in settings["trusted-proxies"].split(",") if each],
        addresses=settings["listen-address"].replace(".", "[.]").replace(",", "|"),
        variable=variable(app),
        access_log=access_log(app, settings["access-log"]),
        folder=vhost.folder(app),
        users=vhost.USERS if choices.http_auth else "",
        pages=(pages := vhost.pages(app)),
        unavailable=" ".join(str(status) for status in (502, 503, 504) if status not in pages),
        maintenance=maintenance_page(app) if choices.maintenance else "",
        snippet=snippet.rstrip("\n"),
        snippet_begins=SNIPPET_BEGINS,
    )


def compiled() -> "jinja2.BytecodeCache | None":
    """Where the template is kept compiled, as that takes as long as to render it; None where Mooring does not run."""
    import jinja2

    if not paths.RUN.is_dir():
        return None
    COMPILED.mkdir(mode=0o700, exist_ok=True)
    return jinja2.FileSystemBytecodeCache(str(COMPILED))


def variable(app: App) -> str:
    """The beginning of the names of an app's variables, which all apps share."""
    return f"mooring_{app.name.replace('-', '_')}"


def forwarded(app: App, settings: dict[str, str]) -> dict[str, str]:
    """What the app is told of where a request came from: by proxies that are trusted, else by nginx itself."""
    ours = {
        "for": "$proxy_add_x_forwarded_for" if settings["x-forwarded-for"] == "append" else "$remote_addr",
        "proto": "$scheme",
        "port": "$server_port",
    }
    if settings["trusted-proxies"]:
        ours = {name: f"${variable(app)}_{name}" for name in ours}
    return ours | {name: told for name in ("proto", "port") if (told := settings[f"x-forwarded-{name}"])}


def access_log(app: App, kind: str) -> str:
    """The parameters of access_log for one of the kinds of `nginx:set APP access-log`."""
    if kind == "journal":
        return f"syslog:server=unix:/dev/log,nohostname,tag={vhost.tag(app)} mooring_journal"
    return f"{vhost.access_log(app)} mooring" if kind == "file" else "off"


def maintenance_page(app: App) -> Path:
    own = vhost.folder(app) / vhost.MAINTENANCE
    return own if own.exists() else PAGES / "maintenance.html"


def of(record: Release) -> str:
    app = App(record.name.app)
    choices = app.choices()
    if choices.disabled:
        return f"# {record.name}: disabled, its hosts are answered as those that no app has.\n"
    return render(record, choices, vhost.read(app, vhost.SNIPPET) or "")


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


def inputs(app: App) -> list[list[int]]:
    """What a site is made from, beside the release: the inode and the time of each file, 0 where there is none.

    Whoever changes one replaces it, so that a site which was made before shows.
    """
    folder = vhost.folder(app)
    own = (folder, folder / vhost.SNIPPET, folder / vhost.MAINTENANCE, (folder / vhost.page(0)).parent)
    return [_state(path) for path in (app.folder / "app.toml", paths.SETTINGS, *own)]


def _state(path: Path) -> list[int]:
    try:
        state = path.stat()
    except FileNotFoundError:
        return [0, 0]
    return [state.st_ino, state.st_mtime_ns]


def prepare(record: Release) -> None:
    """Make and check the site of a release that is not ready yet, and leave it where `checked` finds it.

    What nginx refuses is left to `checked`.
    """
    app = App(record.name.app)
    with contextlib.suppress(Refusal):
        prepared = {"inputs": inputs(app), "text": (text := of(record))}
        with locked():
            check(app, text)
        files.write(release.folder(record.name) / PREPARED, json.dumps(prepared), mode=0o600)


def checked(record: Release) -> str:
    """The site of a release: the one that was prepared where it is as it would be now, else made and checked here.

    Raises Refusal, with nginx's reason, where nginx refuses it. The caller holds `locked()`.
    """
    app = App(record.name.app)
    path = release.folder(record.name) / PREPARED
    with contextlib.suppress(FileNotFoundError):
        prepared = json.loads(path.read_text())
        path.unlink()
        if prepared["inputs"] == inputs(app):
            return str(prepared["text"])
    text = of(record)
    check(app, text)
    return text


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
