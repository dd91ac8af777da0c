"""Host names: `domains*`, `url`."""

from typing import Any

from mooring import app as apps
from mooring import domains, files, paths
from mooring.app import App
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import show
from mooring.refusal import die

DOMAINS = argument("wanted", metavar="DOMAIN", nargs="+")


@command("domains", "mooring domains my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """List the host names of an app, and those that it redirects."""
    target = apps.find(app)
    choices = target.choices()
    rows = [
        {"domain": each, "kind": "default" if each == domains.default(target) else "added"}
        for each in domains.of(target)
    ]
    rows += [{"domain": each, "kind": "redirects"} for each in choices.redirects]
    show(rows, as_json=json, empty=f"{app} has no domain: `mooring domains:add {app} www.example.com`")


@command("url", "mooring url my-app", APP)
def url(app: str) -> None:
    """Print the address of an app."""
    found = domains.url(apps.find(app))
    if not found:
        die(f"{app} has no domain", f"`mooring domains:add {app} www.example.com`")
    print(found)


@command("domains:add", "mooring domains:add my-app www.example.com", APP, DOMAINS)
def add(app: str, wanted: list[str]) -> int:
    """Let an app answer to more host names."""
    target = apps.find(app)
    new = checked(target, wanted)
    default = domains.default(target)
    own = domains.of(target)
    # The default one stays, last: the first is the one for people, and what others are redirected to.
    wide = dict.fromkeys([*(each for each in own if each != default), *new, *(each for each in own if each == default)])
    return change(target, domains=tuple(wide))


@command("domains:set", "mooring domains:set my-app www.example.com", APP, DOMAINS)
def set_(app: str, wanted: list[str]) -> int:
    """Let an app answer to these host names and no others."""
    target = apps.find(app)
    return change(target, domains=tuple(dict.fromkeys(checked(target, wanted))))


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
    left = tuple(each for each in own if each not in given)
    redirects = tuple(each for each in choices.redirects if each not in given)
    return change(target, domains=choices.domains if left == own else left or None, redirects=redirects or None)


@command("domains:redirect", "mooring domains:redirect my-app example.com", APP, DOMAINS)
def redirect(app: str, wanted: list[str]) -> int:
    """Answer these host names with a redirect to the app's first one."""
    target = apps.find(app)
    new = checked(target, wanted)
    for each in new:
        if each in domains.of(target):
            die(f"{each} is answered by {app} itself", f"`mooring domains:remove {app} {each}` first")
    return change(target, redirects=tuple(dict.fromkeys([*target.choices().redirects, *new])))


@command("domains:set-global", "mooring domains:set-global apps.example.com", argument("domain", metavar="DOMAIN"))
def set_global(domain: str) -> int:
    """Give the server another domain: apps without one of their own answer below it."""
    import tomlkit

    new = domains.check(domain)
    if new.startswith("*."):
        die("the domain is given without *.", f"mooring domains:set-global {new[2:]}")
    document = tomlkit.parse(paths.SETTINGS.read_text() if paths.SETTINGS.exists() else "")
    document["domain"] = new
    files.write(paths.SETTINGS, tomlkit.dumps(document))
    print(f"apps answer at NAME.{new} now")
    statuses = [reroute(app) for app in apps.every() if app.choices().domains is None]
    return max(statuses, default=0)


def checked(app: App, wanted: list[str]) -> list[str]:
    new = [domains.check(each) for each in wanted]
    domains.refuse_taken(new, app)
    return new


def change(app: App, **choices: Any) -> int:
    """Write the choices and bring them into force; as they were before if nginx does not go along."""
    before = {name: getattr(app.choices(), name) or None for name in choices}
    app.choose(**choices)
    status = reroute(app)
    if status:
        app.choose(**before)
        return status
    print(f"{app.name} answers to {', '.join(domains.of(app)) or 'no host name'}")
    return 0


def reroute(app: App) -> int:
    from mooring import deploying

    return deploying.reroute(app)
