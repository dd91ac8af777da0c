"""Certificates that come by themselves: `certs:auto`, `certs:auto-global`, `certs:dns`. (Found by `certs.py`.)"""

import re
import time

from mooring.app import apps
from mooring.app.apps import App
from mooring.certificate import automatic, hoster
from mooring.commands import APP, argument, command
from mooring.commands.listing import moment
from mooring.commands.stdin import read
from mooring.front import tls
from mooring.host import env_file, files, paths, settings, systemd
from mooring.host.refusal import die
from mooring.pipeline import site_change

SERVICE = "mooring-certs.service"
EMAIL = argument("--email", default="", metavar="E", help="whom the authority writes to if something is wrong")
ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")


@command(
    "certs:auto",
    "mooring certs:auto my-app --email you@example.com",
    APP,
    argument("state", nargs="?", choices=("on", "off", "global"), default="on", help="global: as the server has it"),
    EMAIL,
)
def auto(app: str, state: str, email: str) -> int:
    """Get a certificate for each host name of an app, and renew them; `off` keeps those that it has until they end."""
    target = apps.find(app)
    if state == "on":
        return begin(target, check(email))
    if email:
        die(f"{state} needs no --email", f"`mooring certs:auto {app} {state}`")
    chosen = None if state == "global" else state
    done = (
        f"{app} gets certificates as the server has it" if chosen is None else f"{app} gets no certificates by itself"
    )
    return site_change.change(target, f"the certificates of {app}", done, certs_auto=chosen)


def begin(app: App, email: str) -> int:
    """Get an app's certificates now, as far as they can be got, and say what came of it."""
    host = settings.load()
    if not (email or app.choices().certs_email or host.certs_email):
        die("the authority wants somebody to write to", f"`mooring certs:auto {app.name} --email you@example.com`")
    tls.listen()
    address = email or app.choices().certs_email or None
    if status := site_change.change(app, f"the certificates of {app.name}", certs_auto="on", certs_email=address):
        return status
    if app.live is None and not tls.wanted(app, app.choices(), host):
        return 0
    hurry(app, host)
    print(f"-----> Asking {host.certs_directory}", flush=True)
    automatic.wake()
    while automatic.WANTED.exists() and systemd.start([SERVICE]):
        # A run that was on its way already may have been past this app.
        pass
    return told(app, host)


def hurry(app: App, host: settings.Settings) -> None:
    """Look at once at host names whose records were wrong, but do not hurry an authority that said when."""
    for name in tls.wanted(app, app.choices(), host):
        state = automatic.load(name)
        if state.problem and state.held < time.time():
            automatic.save(state._replace(due=0))


def told(app: App, host: settings.Settings) -> int:
    """Say of each host name of an app what came of it; the exit status."""
    status = 0
    for name in tls.wanted(app, app.choices(), host):
        state = automatic.load(name)
        if state.problem:
            status = 1
            again = time.strftime("%H:%M", time.localtime(state.due))
            print(f" !     {name}: {state.problem}; it is tried again at {again}, and so on")
        elif state.stored:
            print(f"       https://{name}")
    return status


@command(
    "certs:auto-global",
    "mooring certs:auto-global on --email you@example.com",
    argument("state", choices=("on", "off")),
    EMAIL,
)
def auto_global(state: str, email: str) -> None:
    """Get certificates for every host name of every app, from now on, but of those that were told otherwise."""
    import tomlkit

    host = settings.load()
    if state == "off" and email:
        die("off needs no --email", "`mooring certs:auto-global off`")
    if state == "on" and not (check(email) or host.certs_email):
        die("the authority wants somebody to write to", "`mooring certs:auto-global on --email you@example.com`")
    if state == "on":
        tls.listen()
    document = tomlkit.parse(paths.SETTINGS.read_text() if paths.SETTINGS.exists() else "")
    table = document.setdefault("certs", tomlkit.table())
    table["auto"] = state == "on"
    if email:
        table["email"] = email
    files.write(paths.SETTINGS, tomlkit.dumps(document))
    automatic.wake()
    if state == "on":
        print("every app gets certificates by itself: `mooring certs` shows how far that is")
    else:
        print("apps get no certificates by themselves, but for `mooring certs:auto APP`; what there is stays")


@command(
    "certs:dns",
    "mooring certs:dns my-app cloudflare < cloudflare.env",
    APP,
    argument("provider", metavar="PROVIDER", help="as `lego dnshelp` lists them; `off` answers by http again"),
    for_admins=True,
)
def dns(app: str, provider: str) -> None:
    """Answer an authority by the DNS of an app's host names: for wildcards, and for what nobody reaches by http.

    What the hoster has to be told comes as NAME=VALUE lines on standard input.
    """
    target = apps.find(app)
    if provider == "off":
        if not target.choices().certs_dns:
            die(f"{app} is not answered for by DNS", f"`mooring certs:dns {app} PROVIDER < env`")
        target.choose(certs_dns=None)
        hoster.forget(target)
        print(f"challenges to {app} are answered by http")
        return
    found = hoster.check(provider, env_file.parse(read("give NAME=VALUE lines, then Ctrl-D")))
    hoster.save(target, found)
    target.choose(certs_dns=provider)
    hurry(target, settings.load())
    automatic.wake()
    print(f"challenges to {app} are answered by the DNS of {provider}")
    if not automatic.is_on(target.choices(), settings.load()):
        print(f" !     `mooring certs:auto {app}` gets certificates")


def check(email: str) -> str:
    """Return the address, or none; raise Refusal for what is no address."""
    if email and not ADDRESS.fullmatch(email):
        die(f"{email[:80]!r} is not an e-mail address", "e.g. you@example.com")
    return email


def rows(developed: list[App]) -> list[dict[str, object]]:
    """What `mooring certs` lists of the host names of these apps that have or wait for a certificate by themselves."""
    host = settings.load()
    found: list[dict[str, object]] = []
    for app in developed:
        for name in tls.wanted(app, app.choices(), host):
            state = automatic.load(name)
            stored = state.stored
            found.append(
                {
                    "app": app.name,
                    "kind": "automatic",
                    "names": [name],
                    "issuer": stored.issuer if stored else "",
                    "until": moment(stored.ends if stored else 0),
                    "next": moment(state.due),
                    "problem": state.problem,
                }
            )
    return found
