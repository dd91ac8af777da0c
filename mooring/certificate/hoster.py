"""The hosters by whose DNS an authority's challenge is answered (DNS-01), and what each has to be told: lego knows.

What they are told are secrets: root's alone, in a file of the app, and variables of lego's environment. Only what lego
says that it wants of the hoster gets there: nothing that would have root's lego load or run something else.
"""

import re
from collections.abc import Mapping

from mooring.app.apps import App
from mooring.certificate.lego import Dns
from mooring.host import env_file, files
from mooring.host.refusal import die

FILE = "certs-dns.env"
"""In the app's folder."""
NEVER = ("exec", "manual")
"""Those that would run a program as root, and wait for a person."""
VARIABLE = re.compile(r'^  - "([A-Z][A-Z0-9_]*)":', re.MULTILINE)


def check(provider: str, given: Mapping[str, str]) -> Dns:
    """The hoster with what it has to be told; raise Refusal for one that lego does not know, or for what it is not."""
    known = providers()
    if provider not in known or provider in NEVER:
        import difflib

        near = difflib.get_close_matches(provider, known, n=1)
        die(f"lego knows no DNS of {provider[:60]!r}",
            f"did you mean {near[0]}?" if near else "`lego dnshelp` on the server lists them")  # fmt: skip
    wanted = VARIABLE.findall(_help("-c", provider))
    if other := next((name for name in given if name not in wanted), None):
        die(f"{provider} wants nothing called {other[:60]}", f"`lego dnshelp -c {provider}`: {', '.join(wanted)}"[:400])
    if not given:
        die(f"{provider} has to be told something", f"NAME=VALUE lines on stdin, of {', '.join(wanted)}"[:400])
    return Dns(provider, given)


def providers() -> list[str]:
    said = _help()
    return re.findall(r"[a-z0-9-]+", said.partition("All DNS codes:")[2].partition("More information")[0])


def _help(*options: str) -> str:
    import subprocess

    try:
        done = subprocess.run(["lego", "dnshelp", *options], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        die("lego is not installed", "`apt-get install lego`")
    return done.stdout + done.stderr


def save(app: App, dns: Dns) -> None:
    files.write(app.folder / FILE, env_file.render(dict(dns.variables)), mode=0o600)


def load(app: App, provider: str) -> Dns | None:
    """The hoster of an app with its secrets; None where it has none."""
    try:
        return Dns(provider, env_file.parse((app.folder / FILE).read_text())) if provider else None
    except FileNotFoundError:
        return Dns(provider, {})


def forget(app: App) -> None:
    (app.folder / FILE).unlink(missing_ok=True)
