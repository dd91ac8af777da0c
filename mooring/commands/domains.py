"""Host names: `domains*`, `url`."""

from collections.abc import Callable
from typing import Any

from mooring.app import apps, routing
from mooring.app.apps import App
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import show
from mooring.front import domains, tls
from mooring.host import files, paths, settings
from mooring.host.refusal import die
from mooring.pipeline import site_change

DOMAINS = argument("wanted", metavar="DOMAIN", nargs="+")
PROCESS = argument("--process", default=routing.WEB, metavar="PROCESS", help="which process answers to them (web)")


@command("domains", "mooring domains my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """List the host names of an app, and those that it redirects."""
    target = apps.find(app)
    choices = target.choices()
    rows = [
        {
            "domain": each,
            "kind": "default" if each == domains.default(target) else "added",
            "process": routing.of_domain(choices, each),
        }
        for each in domains.among(target, choices)
    ]
    rows += [{"domain": each, "kind": "redirects", "process": ""} for each in choices.redirects]
    show(rows, as_json=json, empty=f"{app} has no domain: `mooring domains:add {app} www.example.com`")


@command("url", "mooring url my-app", APP)
def url(app: str) -> None:
    """Print the address of an app."""
    found = tls.url(apps.find(app))
    if not found:
        die(f"{app} has no domain", f"`mooring domains:add {app} www.example.com`")
    print(found)


@command("domains:add", "mooring domains:add my-app www.example.com", APP, DOMAINS, PROCESS)
def add(app: str, wanted: list[str], process: str) -> int:
    """Let an app, or one of its processes, answer to more host names."""
    target = apps.find(app)
    new = [domains.check(each) for each in wanted]

    def wide(own: tuple[str, ...]) -> list[str]:
        # The default one stays, last: the first is the one for people, and what others are redirected to.
        default = domains.default(target)
        return [*(each for each in own if each != default), *new, *(each for each in own if each == default)]

    return change(target, wide, new, process)


@command("domains:set", "mooring domains:set my-app www.example.com", APP, DOMAINS, PROCESS)
def set_(app: str, wanted: list[str], process: str) -> int:
    """Let an app answer to these host names and no others; those of its other processes stay."""
    target = apps.find(app)
    new = [domains.check(each) for each in wanted]

    def narrow(own: tuple[str, ...]) -> list[str]:
        choices = target.choices()
        return [*new, *(each for each in own if routing.of_domain(choices, each) != process)]

    return change(target, narrow, new, process)


@command("domains:remove", "mooring domains:remove my-app www.example.com", APP, DOMAINS)
def remove(app: str, wanted: list[str]) -> int:
    """Take host names, or redirects, from an app; with none left it has its default one again."""
    target = apps.find(app)
    given = [domains.check(each) for each in wanted]
    choices = target.choices()
    own = domains.of(target)
    for each in given:
        if each not in (*own, *choices.redirects):
            die(f"{each} is not {app}'s", f"`mooring domains {app}` lists what it has")
    left = any(each not in given for each in own)
    if not left and own == (domains.default(target),):
        die(
            f"{own[0]} is the only domain of {app}, and its default one",
            f"`mooring domains:set {app} DOMAIN` replaces it",
        )
    status = site_change.change(
        target,
        f"the domains of {app}",
        claimed=() if left else [domains.default(target)],
        domains=lambda now: without(now or (), given),
        redirects=lambda now: without(now, given),
        domain_processes=lambda now: {name: each for name, each in now.items() if name not in given} or None,
    )
    return status or say(target)


@command("domains:redirect", "mooring domains:redirect my-app example.com", APP, DOMAINS)
def redirect(app: str, wanted: list[str]) -> int:
    """Answer these host names with a redirect to the app's first one."""
    target = apps.find(app)
    new = [domains.check(each) for each in wanted]
    for each in new:
        if each in domains.of(target):
            die(f"{each} is answered by {app} itself", f"`mooring domains:remove {app} {each}` first")
    if tls.url(target) is None:
        die(f"{app} has no domain to redirect to", f"`mooring domains:add {app} www.example.com` first")

    def more(now: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*now, *new]))

    return site_change.change(target, f"the domains of {app}", claimed=new, redirects=more) or say(target)


@command("domains:set-global", "mooring domains:set-global apps.example.com", argument("domain", metavar="DOMAIN"))
def set_global(domain: str) -> int:
    """Give the server another domain: every app answers below it where it answered below the one before."""
    import tomlkit

    new = domains.check(domain)
    if new.startswith("*."):
        die("the domain is given without *.", f"mooring domains:set-global {new[2:]}")
    before = settings.load().domain
    every = list(apps.every())
    refuse_taken_defaults(every, new)
    document = tomlkit.parse(paths.SETTINGS.read_text() if paths.SETTINGS.exists() else "")
    document["domain"] = new
    files.write(paths.SETTINGS, tomlkit.dumps(document))
    print(f"apps answer at http://NAME.{new} now", flush=True)
    failed = [app.name for app in every if not move_default(app, before, new)]
    if failed:
        print(f" !     Not routed: {', '.join(failed)}.")
    return 1 if failed else 0


def refuse_taken_defaults(every: list[App], domain: str) -> None:
    """Raise Refusal if an app's own name under `domain` is a host name that was given to another app."""
    owners = {each: app.name for app in every for each in (*(app.choices().domains or ()), *app.choices().redirects)}
    for app in every:
        owner = owners.get(f"{app.name}.{domain}", app.name)
        if owner != app.name:
            die(
                f"{app.name}.{domain} belongs to the app {owner}",
                f"`mooring domains:remove {owner} {app.name}.{domain}` first",
            )


def move_default(app: App, before: str, new: str) -> bool:
    """Let an app answer under the server's new domain if it did under the one before; whether that went well."""
    chosen = app.choices().domains
    old = f"{app.name}.{before}"
    if chosen is not None:
        if old not in chosen:
            return True
        moved = {each: f"{app.name}.{new}" if each == old else each for each in chosen}
        processes = app.choices().domain_processes
        app.choose(
            domains=tuple(dict.fromkeys(moved.values())),
            domain_processes={moved.get(name, name): each for name, each in processes.items()} or None,
        )
    return site_change.bring(app) == 0


def change(app: App, among: Callable[[tuple[str, ...]], list[str]], new: list[str], process: str) -> int:
    """Let the app answer to what `among` makes of the host names that it has, `process` to the new ones of them.

    Returns the exit status.
    """
    site_change.refuse_missing(app, routing.check_process(process))

    def names() -> tuple[str, ...]:
        return tuple(dict.fromkeys(among(domains.of(app))))

    def processes(now: dict[str, Any]) -> dict[str, Any] | None:
        kept = {name: each for name, each in now.items() if name in names() and name not in new}
        return {**kept, **{name: process for name in new if process != routing.WEB}} or None

    status = site_change.change(
        app,
        f"the domains of {app.name}",
        claimed=new,
        domains=lambda _: names(),
        redirects=lambda now: without(now, new),
        domain_processes=processes,
    )
    return status or say(app)


def without(redirects: tuple[str, ...], names: list[str]) -> tuple[str, ...] | None:
    return tuple(each for each in redirects if each not in names) or None


def say(app: App) -> int:
    print(f"{app.name} answers to {', '.join(domains.of(app))}")
    return 0
