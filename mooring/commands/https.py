"""Whether http is sent on to https: `https:redirect`."""

from mooring.app import apps
from mooring.commands import APP, argument, command
from mooring.pipeline import site_change

WORDS = ("on", "off", "auto")


@command(
    "https:redirect",
    "mooring https:redirect my-app off",
    APP,
    argument("state", choices=WORDS, help="auto: where a certificate works, and no proxy is trusted (as it comes)"),
)
def redirect(app: str, state: str) -> int:
    """Send whoever asks an app by http on to https, or answer by both."""
    done = {
        "on": f"http is sent on to https, wherever {app} has a certificate",
        "off": f"{app} answers by http and by https",
        "auto": f"http is sent on to https, wherever a certificate of {app} works",
    }[state]
    chosen = None if state == "auto" else state
    return site_change.change(apps.find(app), f"the redirect of {app}", done, https_redirect=chosen)
