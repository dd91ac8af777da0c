"""Where deploys come from: `git:*`."""

import re

from mooring import app as apps
from mooring.commands import APP, argument, command
from mooring.refusal import die

BRANCH = re.compile(r"(?!.*(?:\.\.|//|@\{|\.lock(?:/|$)))[A-Za-z0-9_][A-Za-z0-9._/@+=-]{0,199}(?<![./])")


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
    if value and not BRANCH.fullmatch(value):
        die(f"{value[:60]!r} cannot name a branch", "git check-ref-format --branch NAME tells what can")
    target.choose(deploy_branch=value or None)
    print(f"{value or 'main, else master,'} deploys {app}")
