"""Where deploys come from: `git:*`."""

import re

from mooring import app as apps
from mooring.commands import APP, argument, command
from mooring.refusal import die

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
    argument("key", metavar="deploy-branch", choices=["deploy-branch"]),
    argument("value", metavar="BRANCH", nargs="?", default=""),
)
def set_(app: str, key: str, value: str) -> None:
    """Choose the branch that deploys an app; no branch: main, else master, again."""
    target = apps.find(app)
    if value and not is_branch(value):
        die(
            f"{value[:60]!r} cannot name a branch",
            "e.g. main or team/production, without spaces, .. and any of ~^:?*[\\",
        )
    target.choose(deploy_branch=value or None)
    print(f"{value or 'main, else master,'} deploys {app}")
