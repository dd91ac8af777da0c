"""Where deploys come from: `git:*`."""

import re
import sys

from mooring.access.actor import actor
from mooring.app import apps, branches, netrc
from mooring.app.apps import App
from mooring.commands import APP, JSON, Misuse, argument, command
from mooring.commands.listing import show_one
from mooring.commands.stdin import read
from mooring.host import address, env_file, names
from mooring.host.refusal import die
from mooring.pipeline import source

KEYS = ("deploy-branch", "keep-git-dir", "object-format", "rev-env-var")
REVISION = "GIT_REV"
HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock/")


def is_branch(name: str) -> bool:
    """Whether git takes `name` for a branch (git-check-ref-format(1), --branch), and people can read it."""
    return (
        0 < len(name) <= 200
        and name not in ("@", "HEAD")
        and name.isprintable()
        and not FORBIDDEN.search(name)
        and not name.startswith(("-", "/", "."))
        and not name.endswith(("/", ".", ".lock"))
    )


@command(
    "git:set",
    "mooring git:set my-app deploy-branch production",
    APP,
    argument("key", metavar="|".join(KEYS), choices=KEYS),
    argument("value", metavar="VALUE", nargs="?", default="", help="none: as it is where nothing is chosen"),
)
def set_(app: str, key: str, value: str) -> None:
    """Choose an app's deploy branch, whether builds have `.git`, sha256 for its commits, where it finds its commit."""
    target = apps.find(app)
    if key == "keep-git-dir":
        keep_git_dir(target, value)
    elif key == "object-format":
        choose_format(target, value or "sha1")
    elif key == "rev-env-var":
        choose_variable(target, value)
    else:
        choose_branch(target, value)


def keep_git_dir(app: App, value: str) -> None:
    if value not in ("true", "false", ""):
        die(f"keep-git-dir is {value[:60]!r}", "true or false")
    app.choose(keep_git_dir=True if value == "true" else None)
    print(f"{app.name} is built {'with' if value == 'true' else 'without'} its .git from the next push on")


def choose_format(app: App, value: str) -> None:
    """Make its repository anew where there is nothing in it: git keeps commits of one kind in a repository."""
    if value not in ("sha1", "sha256"):
        die(f"object-format is {value[:60]!r}", "sha1 or sha256, as `git rev-parse --show-object-format` says")
    if value != source.object_format(app.repository):
        if branches.stored(app.repository) or app.release_numbers():
            die(f"{app.name} has commits of the other kind already", f"`mooring apps:create` another app for {value}")
        apps.init_anew(app, value)
    print(f"{app.name} takes commits of {value}")


def choose_variable(app: App, value: str) -> None:
    if value:
        env_file.check_name(value)
    if value in ("PATH", "HOME"):
        die(f"{value} is needed for something else", f"`mooring git:set {app.name} rev-env-var {REVISION}_OF_MINE`")
    app.choose(rev_env_var=value if value not in ("", REVISION) else None)
    more = f" and in {value}" if value not in ("", REVISION) else ""
    print(f"{app.name} finds its commit in {REVISION}{more} from the next push on")


def choose_branch(app: App, value: str) -> None:
    if value and not is_branch(value):
        die(
            f"{value[:60]!r} cannot name a branch",
            "e.g. main or team/production, without spaces, .. and any of ~^:?*[\\",
        )
    app.choose(deploy_branch=value or None)
    print(f"{value or 'main, else master,'} deploys {app.name}")


@command(
    "git:auth",
    "mooring git:auth my-app github.com robot < token",
    APP,
    argument("host", metavar="HOST", help="of repositories that are fetched over https"),
    argument("user", metavar="USER", nargs="?", default="", help="none: take away what the app has for that host"),
)
def auth(app: str, host: str, user: str) -> None:
    """Give an app a user and, on standard input, a password or token for what git fetches from a host."""
    if "." in app and "/" not in app:
        die("git:auth is for one app, and takes no token as a word", f"`mooring git:auth APP {app} {host} < token`")
    target = apps.find(app)
    if not HOST.fullmatch(host) or not address.is_host(host):
        die(f"{host[:60]!r} is no host", "without https:// and path, e.g. github.com")
    known = netrc.load(target)
    if not user:
        if known.pop(host, None) is None:
            die(f"{app} has no user for {host}", f"`mooring git:auth {app} {host} USER < token`")
        netrc.save(target, known)
        print(f"git has no user for {app} at {host} any more")
        return
    token = read(f"paste the token of {user[:60]} at {host}, then Ctrl-D").strip()
    for what, text in (("user", user), ("token", token)):
        if not netrc.WORD.fullmatch(text):
            die(f"that is no {what}", f"one word without quotes; `ssh mooring@HOST git:auth {app} {host} USER < token`")
    netrc.save(target, {**known, host: (user, token)})
    print(f"git fetches for {app} from {host} as {user}")


@command(
    "git:from-image",
    "mooring git:from-image my-app nginx:1.27",
    APP,
    argument("image", metavar="IMAGE", help="of a registry, or made on this server"),
)
def from_image(app: str, image: str) -> int:
    """Deploy an image as it is, without a build."""
    from mooring.pipeline import intake

    target = apps.find(app)
    return intake.image(target, names.check_image(image), actor())


@command(
    "git:from-archive",
    "mooring git:from-archive my-app https://example.com/my-app.tar.gz",
    APP,
    argument("url", metavar="URL|-", nargs="?", default="-", help="where the archive is; - for standard input"),
)
def from_archive(app: str, url: str) -> int:
    """Deploy a .tar, .tar.gz or .zip of a source tree, as a commit after the last."""
    from mooring.pipeline import intake

    target = apps.find(app)
    if url == "-" and (not sys.stdin or sys.stdin.isatty()):
        die("there is no archive on standard input", f"ssh mooring@HOST git:from-archive {app} < my-app.tar.gz")
    return intake.archive(target, "" if url == "-" else url, actor())


@command(
    "git:sync",
    "mooring git:sync my-app git@github.com:team/my-app.git main --every 5m",
    APP,
    argument("url", metavar="URL", nargs="?", default="", help="of a git repository; none: the one that is followed"),
    argument("ref", metavar="REF", nargs="?", default="", help="branch, tag or commit; none: the repository's HEAD"),
    argument("--every", metavar="INTERVAL", default="", help="look for new commits so often, e.g. 5m or 1h"),
    argument("--stop", action="store_true", help="follow nothing any more"),
)
def sync(app: str, url: str, ref: str, every: str, stop: bool) -> int:
    """Follow a git repository elsewhere: fetch it, and deploy what is not live."""

    from mooring.app import sync as following
    from mooring.pipeline import intake

    target = apps.find(app)
    known = following.load(target)
    if stop:
        if url or every:
            raise Misuse(f"--stop goes alone; `mooring git:sync {app} --stop`")
        following.stop(target)
        print(f"{app} follows {'nothing any more' if known else 'nothing'}")
        return 0
    if not (url or known):
        die(f"{app} follows no repository", f"`mooring git:sync {app} https://HOST/REPOSITORY.git`")
    wanted = following.parse(url, ref) if url else known
    assert wanted
    seconds = following.interval(every) if every else known.every if known else 0
    wanted = wanted._replace(every=seconds)
    intake.refuse_shut(target)
    commit = intake.fetch(target, wanted)
    if wanted != known or every:
        following.save(target, wanted)
    if every:
        print(f"       {app} follows it, every {every}", flush=True)
    return intake.deploy_fetched(target, wanted, commit, actor())


@command("git:info", "mooring git:info my-app", APP, JSON)
def info(app: str, json: bool) -> None:
    """Show which branch deploys an app, and which repository it follows."""
    from mooring.app import sync as following
    from mooring.pipeline import intake

    target = apps.find(app)
    followed = following.load(target)
    show_one(
        {
            "deploy-branch": intake.deploy_branch(target),
            "keep-git-dir": target.choices().keep_git_dir,
            "rev-env-var": target.choices().rev_env_var or REVISION,
            "follows": followed.label if followed else "",
            "ref": followed.ref or "HEAD" if followed else "",
            "every": f"{followed.every} s" if followed and followed.every else "",
            "key": (target.ssh / "key").exists(),
            "auth": sorted(netrc.load(target)),
        },
        as_json=json,
    )
