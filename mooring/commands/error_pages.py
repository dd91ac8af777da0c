"""Pages of one's own for errors: `error-pages*`."""

from mooring.app import apps
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import show
from mooring.commands.stdin import read
from mooring.front import vhost
from mooring.host.refusal import die
from mooring.pipeline import site_change


@command("error-pages", "mooring error-pages my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """List the errors of an app that have a page of its own."""
    target = apps.find(app)
    rows = [{"status": each, "bytes": len((vhost.read(target, vhost.page(each)) or "").encode())}
            for each in vhost.pages(target)]  # fmt: skip
    show(rows, as_json=json, empty=f"{app} has no page for errors: `mooring error-pages:set {app} 404 < page.html`")


@command(
    "error-pages:set",
    "mooring error-pages:set my-app 404 < page.html",
    APP,
    argument("status", metavar="STATUS"),
)
def set_(app: str, status: str) -> int:
    """Answer an error with the page on standard input, whether the app or nginx found it."""
    target = apps.find(app)
    code = parse(status)
    page = read("give an HTML page, then Ctrl-D")
    if not page.strip():
        die("the page is empty", f"mooring error-pages:set {app} {code} < page.html")
    done = f"{app} answers {code} with your page"
    return site_change.change(target, f"the error pages of {app}", done, texts={vhost.page(code): page})


@command(
    "error-pages:unset",
    "mooring error-pages:unset my-app 404",
    APP,
    argument("status", metavar="STATUS", nargs="+"),
)
def unset(app: str, status: list[str]) -> int:
    """Remove the page for an error."""
    target = apps.find(app)
    codes = [parse(each) for each in status]
    for code in codes:
        if code not in vhost.pages(target):
            die(f"{app} has no page for {code}", f"`mooring error-pages {app}` lists them")
    done = f"{app} has no page of its own for {', '.join(map(str, codes))}"
    texts = {vhost.page(code): None for code in codes}
    return site_change.change(target, f"the error pages of {app}", done, texts=texts)


def parse(word: str) -> int:
    """The status that a word is; raise Refusal if it is none that can have a page."""
    if not word.isascii() or not word.isdigit() or len(word) != 3 or int(word) not in vhost.PAGES:
        die(f"{word[:20]!r} is no error that can have a page", "e.g. 404, 500 or 503")
    return int(word)
