"""An app's site: its nginx file, checked before it is kept, in force when `reload` returns."""

import contextlib
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mooring.app import routing
from mooring.app.apps import App
from mooring.app.choices import Choices
from mooring.app.routing import WEB, Route
from mooring.front import domains, nginx, tls, vhost
from mooring.host import files, paths
from mooring.host import settings as host
from mooring.host.refusal import Refusal
from mooring.release import releases
from mooring.release.releases import Release

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parents[2] / "nginx" / "templates"
PAGES = paths.CODE / "nginx" / "pages"
COMPILED = paths.RUN / "templates"
PREPARED = "site.json"
"""Beside a release's record: its site, made and checked while its processes start."""


SET_BY_NGINX = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Proto",
                "X-Real-IP", "X-Request-Id")  # fmt: skip


class Site(NamedTuple):
    """One server block: host names, the process that answers to them, and its routes to others.

    `certificate` is the folder of the one by which it speaks https; `plain` is whether it answers to http.
    """

    domains: tuple[str, ...]
    process: str
    routes: tuple[Route, ...] = ()
    certificate: str = ""
    plain: bool = True

    @property
    def strips(self) -> bool:
        return any(route.strip for route in self.routes)


def sites(record: Release, names: tuple[str, ...], choices: Choices) -> list[Site]:
    """A site for every process that has host names, or for each of the certificates by which these are served.

    There is none for `web` where the release has nothing to reach by it.
    """
    by_process: dict[str, list[str]] = {}
    for name in names:
        by_process.setdefault(routing.of_domain(choices, name), []).append(name)
    routes = tuple(routing.routes(choices))
    has_web = bool(routes) or any(each.name == WEB and each.port for each in record.processes)
    return [
        Site(part.domains, process, routes if process == WEB else (), part.certificate, part.plain)
        for process, domains in by_process.items()
        if process != WEB or has_web
        for part in tls.parts(domains, choices)
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
    elsewhere = tls.parts(choices.redirects, choices) if primary else []
    return environment.get_template("site.conf.j2").render(
        release=record.name,
        app=app.name,
        upstreams=upstreams(record, reached),
        sites=own,
        redirects=elsewhere,
        redirect_to=f"{'https' if tls.is_safe(primary, choices) else '$scheme'}://{primary}",
        to_https=[each.domains for served in (own, elsewhere) for each in served if not each.plain],
        tls=tls.told(own, elsewhere, choices),
        challenges=tls.challenges(choices, host.load(), snippet),
        settings=settings,
        forwarded=forwarded(app, settings),
        disguises=disguises() if passes_underscores(settings, snippet) else (),
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
        snippet_begins=nginx.SNIPPET_BEGINS,
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


def passes_underscores(settings: dict[str, str], snippet: str) -> bool:
    """Whether the app sees headers whose names have an underscore: many frameworks take it for a dash.

    Those that nginx sets itself never pass. Left to us they do, but for an app behind proxies, or with a snippet, that
    may say more of a request in headers of their own.
    """
    chosen = settings["underscores-in-headers"]
    return chosen == "on" or (chosen == "auto" and not settings["trusted-proxies"] and "_header" not in snippet)


def disguises() -> list[str]:
    """The headers that nginx sets, with underscores in the place of dashes: what a client must not pass off as them."""
    found = []
    for name in SET_BY_NGINX:
        words = name.split("-")
        for marks in itertools.product("-_", repeat=len(words) - 1):
            if "_" in marks:
                found.append("".join(word + mark for word, mark in zip(words, (*marks, ""), strict=True)))
    return found


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


def inputs(app: App) -> list[list[int]]:
    """What a site is made from, beside the release: the inode and the time of each file, 0 where there is none.

    Whoever changes one replaces it, so that a site which was made before shows.
    """
    folder = vhost.folder(app)
    own = (folder, folder / vhost.SNIPPET, folder / vhost.MAINTENANCE, (folder / vhost.page(0)).parent)
    return [_state(path) for path in (app.folder / "app.toml", paths.SETTINGS, *own, *tls.inputs(app))]


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
        with nginx.locked():
            nginx.check(app, text)
        files.write(releases.folder(record.name) / PREPARED, json.dumps(prepared), mode=0o600)


def checked(record: Release) -> str:
    """The site of a release: the one that was prepared where it is as it would be now, else made and checked here.

    Raises Refusal, with nginx's reason, where nginx refuses it. The caller holds `nginx.locked()`.
    """
    app = App(record.name.app)
    path = releases.folder(record.name) / PREPARED
    with contextlib.suppress(FileNotFoundError):
        prepared = json.loads(path.read_text())
        path.unlink()
        if prepared["inputs"] == inputs(app):
            return str(prepared["text"])
    text = of(record)
    nginx.check(app, text)
    return text
