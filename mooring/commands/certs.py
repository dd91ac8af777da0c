"""Certificates: `certs*`."""

from pathlib import Path

from mooring.access.actor import is_admin, may_see
from mooring.app import apps
from mooring.app.apps import App
from mooring.certificate import name, pair, pem, selfsigned, store
from mooring.certificate.pair import Pair
from mooring.certificate.store import Stored
from mooring.commands import APP, JSON, argument, certs_automatic, command
from mooring.commands.listing import moment, show
from mooring.commands.stdin import read_bytes
from mooring.front import domains, tls
from mooring.host.refusal import die
from mooring.pipeline import site_change

GIVEN = argument("given", metavar="FILE", nargs="*", help="files of the server, CERT KEY; else what is on stdin")
PROMPT = "paste the certificate, its chain and its key, then Ctrl-D"


@command("certs", "mooring certs", JSON, for_all=True)
def list_(json: bool) -> None:
    """List the certificates of the server: whose they are, what for, until when, when renewed, what is wrong."""
    rows = [row(stored, "", "global") for stored in store.for_every_app()]
    seen = [each for each in apps.every() if may_see(each.name)]
    for app in seen:
        if own := store.find(app.choices().certificate):
            rows.append(row(own, app.name, "self-signed" if own.self_signed else "own"))
    rows += certs_automatic.rows(seen)
    show(rows, as_json=json, empty="no certificate yet: `mooring certs:auto APP --email you@example.com` gets one")


def row(stored: Stored, app: str, kind: str) -> dict[str, object]:
    return {
        "app": app,
        "kind": kind,
        "names": list(stored.names),
        "issuer": stored.issuer,
        "until": moment(stored.ends),
        "next": "",
        "problem": "" if stored.works or stored.self_signed else "it has expired",
    }


@command("certs:add", "mooring certs:add my-app < server.tar", APP, GIVEN)
def add(app: str, given: list[str]) -> int:
    """Serve an app by https with a certificate of your own: a tar or PEM files, with the chain and the key."""
    target = apps.find(app)
    return use(target, checked(pem.read(*contents(given))))


@command("certs:selfsigned", "mooring certs:selfsigned my-app", APP)
def self_signed(app: str) -> int:
    """Serve an app by https with a certificate that nobody vouches for, to try it: browsers warn of it."""
    target = apps.find(app)
    return use(target, selfsigned.make(domains.of(target)))


@command("certs:show", "mooring certs:show my-app", APP, JSON)
def show_(app: str, json: bool) -> None:
    """Show how an app is served by https: by which certificate each of its host names is."""
    target = apps.find(app)
    choices = target.choices()
    rows = []
    for domain in (*domains.among(target, choices), *choices.redirects):
        found = tls.chosen(domain, choices)
        rows.append(
            {
                "domain": domain,
                "https": bool(found),
                "redirected": bool(found and tls.redirects(found, choices)),
                "hsts": tls.hsts(choices) if found else "",
                "key": found.kind if found else "",
                "issuer": found.issuer if found else "",
                "until": moment(found.ends) if found else "",
            }
        )
    show(rows, as_json=json, empty=f"{app} has no domain: `mooring domains:add {app} www.example.com`")


@command("certs:remove", "mooring certs:remove my-app", APP)
def remove(app: str) -> int:
    """Take an app's own certificate from it."""
    target = apps.find(app)
    if not target.choices().certificate:
        die(f"{app} has no certificate of its own", "`mooring certs` lists what there is")
    without = target.choices()._replace(certificate="")
    left = any(tls.chosen(each, without) for each in domains.of(target))
    done = f"{app} is served with {'another' if left else 'no'} certificate from now on"
    return site_change.change(target, f"the certificate of {app}", done, certificate=None)


@command("certs:add-global", "mooring certs:add-global < wildcard.tar", GIVEN)
def add_global(given: list[str]) -> int:
    """Serve every app whose host names a certificate is for with that one, where it has none of its own."""
    made = checked(pem.read(*contents(given)))
    tls.listen()
    new = store.save(made)
    before = store.global_ids()
    kept = [each for each in store.for_every_app() if set(each.names) != set(new.names)]
    store.set_global([new.id, *(each.id for each in kept)])
    status = bring(before)
    if not status:
        print(f"every app below {', '.join(new.names)} is served with the certificate of {new.issuer} from now on")
    return status


@command(
    "certs:remove-global",
    "mooring certs:remove-global apps.example.com",
    argument("wanted", metavar="NAME", help="one of its names"),
)
def remove_global(wanted: str) -> int:
    """Take a certificate from all apps again."""
    there = store.for_every_app()
    gone = [each for each in there if wanted.lower() in each.names]
    if not gone:
        die(f"no certificate for all apps is for {wanted[:80]!r}", "`mooring certs` lists them")
    before = store.global_ids()
    store.set_global(each.id for each in there if each not in gone)
    status = bring(before)
    if not status:
        print(f"the certificate for {', '.join(gone[0].names)} is gone")
    return status


def bring(before: list[str]) -> int:
    """Let every app whose host names it concerns go by the certificates for all; where one cannot, take it back."""
    changed = {*before} ^ {*store.global_ids()}
    concerned = [found for each in changed if (found := store.find(each))]
    status = 0
    for app in apps.every():
        choices = app.choices()
        names = (*domains.among(app, choices), *choices.redirects)
        if app.live and any(each.covers(domain) for each in concerned for domain in names):
            status = site_change.bring(app)
            if status:
                print(f" !     {app.name} is as it was", flush=True)
                break
    if status:
        store.set_global(before)
    return status


def contents(given: list[str]) -> list[bytes]:
    """What was handed over: the files that were named, else what is on standard input; raise Refusal for neither."""
    if not given:
        return [read_bytes(PROMPT)]
    if not is_admin():
        die("files of the server are for its admins", "`ssh mooring@HOST certs:add APP < server.tar`")
    found = []
    for each in given:
        try:
            with Path(each).open("rb") as file:
                found.append(file.read(pem.LIMIT))
        except OSError as error:
            die(f"{each[:200]} cannot be read: {error.strerror}", "`certs:add APP < server.tar` takes it from you")
    return found


def checked(material: pem.Material) -> Pair:
    made = pair.made(material)
    if not made.names:
        die("the certificate is for no host name", "one for a server has names (subjectAltName)")
    return made


def use(app: App, made: Pair) -> int:
    """Serve the app with a certificate as its own; raise Refusal where that is for none of its host names."""
    choices = app.choices()
    own = (*domains.among(app, choices), *choices.redirects)
    missing = name.uncovered(made.names, own)
    if len(missing) == len(own):
        die(f"the certificate is for {', '.join(made.names)[:200]}, and {app.name} answers to {', '.join(own)[:200]}",
            f"`mooring domains:add {app.name} {made.names[0].replace('*', 'www')}` first")  # fmt: skip
    tls.listen()
    stored = store.save(made)
    if made.left_out:
        print(f" !     {made.left_out} of the certificates given are not of its chain, and left out")
    served = ", ".join(each for each in own if each not in missing)
    done = f"{app.name} is served by https: {served}, until {pair.day(stored.ends)}"
    status = site_change.change(app, f"the certificate of {app.name}", done, certificate=stored.id)
    if missing and not status:
        print(f" !     it is not for {', '.join(missing)}")
    return status
