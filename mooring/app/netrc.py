"""Users and passwords with which git fetches for an app over https: a .netrc of the app's own (curl(1), --netrc).

It is the git user's alone, and in no process list.
"""

import re

from mooring.app.apps import App
from mooring.host import files, paths

NAME = ".netrc"
WORD = re.compile(r"[^\s\"'\\#\x00-\x20\x7f][^\s\"'\\\x00-\x20\x7f]{0,1000}")
LINE = re.compile(r"machine (\S+) login (\S+) password (\S+)")


def load(app: App) -> dict[str, tuple[str, str]]:
    """The user and the password for each host."""
    try:
        text = files.read_untrusted(app.ssh / NAME)
    except FileNotFoundError:
        return {}
    return {found[1]: (found[2], found[3]) for line in text.splitlines() if (found := LINE.fullmatch(line))}


def save(app: App, known: dict[str, tuple[str, str]]) -> None:
    if not known:
        (app.ssh / NAME).unlink(missing_ok=True)
        return
    app.ssh.mkdir(mode=0o700, exist_ok=True)
    files.give(app.ssh, paths.GIT_USER, paths.GIT_USER)
    # The folder is the git user's: what is written there is written beside it and renamed, so no link is followed.
    draft = app.folder / "netrc-draft"
    lines = (f"machine {host} login {user} password {word}\n" for host, (user, word) in sorted(known.items()))
    files.write(draft, "".join(lines), mode=0o600)
    files.give(draft, paths.GIT_USER, paths.GIT_USER)
    draft.rename(app.ssh / NAME)
