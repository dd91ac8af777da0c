"""HTTP Strict Transport Security: `hsts:set`."""

from mooring.app import apps
from mooring.commands import APP, argument, command
from mooring.front.tls import HSTS_AGE
from mooring.host.refusal import die
from mooring.pipeline import site_change

PRELOAD_AGE = 31536000
"""What the lists that browsers come with ask for at least."""
LONGEST = 10 * 31536000


@command(
    "hsts:set",
    "mooring hsts:set my-app on --max-age 86400",
    APP,
    argument("state", choices=("on", "off")),
    argument("--max-age", type=int, metavar="S", help=f"how long browsers remember it, in seconds ({HSTS_AGE})"),
    argument("--subdomains", action="store_true", help="the domains below are meant too"),
    argument("--preload", action="store_true", help="agree to be in the lists that browsers come with"),
)
def set_(app: str, state: str, max_age: int | None, subdomains: bool, preload: bool) -> int:
    """Tell browsers to ask for an app by https only, from their first visit on."""
    target = apps.find(app)
    if state == "off":
        if max_age is not None or subdomains or preload:
            die("off has no options", f"`mooring hsts:set {app} off`")
        done = f"browsers are not told anything any more; what {app} told them before holds until its time is over"
        return site_change.change(target, f"HSTS of {app}", done, hsts=None)
    age = HSTS_AGE if max_age is None else max_age
    if not 0 <= age <= LONGEST:
        die(f"--max-age is {age}", "seconds, from 0 to ten years")
    if preload and (not subdomains or age < PRELOAD_AGE):
        die("the lists want --subdomains and a year", f"`mooring hsts:set {app} on --subdomains --preload`")
    chosen = {"max-age": age, **({"subdomains": True} if subdomains else {}), **({"preload": True} if preload else {})}
    done = f"browsers ask for {app} by https only for {age} seconds after each visit"
    return site_change.change(target, f"HSTS of {app}", done, hsts=chosen)
