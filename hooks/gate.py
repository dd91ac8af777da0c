"""The gate: the forced command of every key (sshd(8), AUTHORIZED_KEYS).

Decides from the key and the command alone. A deploy key pushes to its apps and does nothing else; a developer's and an
admin's command crosses into root through the one program that sudoers names, which decides whether the key may give it.
"""

import errno
import json
import os
import shlex
import subprocess
import sys
from typing import NamedTuple

from mooring.access import keys
from mooring.access.keys import Key
from mooring.app.apps import App
from mooring.host import names, settings
from mooring.host.refusal import Refusal, die
from mooring.pipeline import landing

CLI = "/usr/local/bin/mooring"


class Push(NamedTuple):
    """Receive a push to an app (or, where `service` is git-upload-pack, let it be fetched)."""

    service: str
    app: str


class Command(NamedTuple):
    """Run a command of Mooring's."""

    words: tuple[str, ...]


def decide(key: Key, command: str) -> Push | Command:
    """What `key` gets for the command that it sent; raise Refusal where that is nothing."""
    try:
        words = shlex.split(command)
    except ValueError:
        die("the command has a quote that does not end", "close it; quote for two shells: 'A=\"b c\"'")
    if words and words[0] == "git" and len(words) > 1:
        words = [f"git-{words[1]}", *words[2:]]
    if words and words[0] in ("git-receive-pack", "git-upload-pack"):
        if len(words) != 2:
            die("git named no app", "git remote add deploy mooring@HOST:my-app")
        app = names.check_app(words[1].strip("/").removesuffix(".git"))
        if not key.may_push(app):
            die(f"the key {key.name} may not push to {app}", f"an admin runs `mooring deploy:allow {app} < key.pub`")
        if words[0] == "git-upload-pack" and not key.may_develop(app):
            die(f"the key {key.name} may push, not fetch", f"ask an admin for `developer:allow {app}`")
        return Push(words[0], app)
    if words and words[0] in ("git-lfs-authenticate", "git-lfs-transfer"):
        die("Mooring keeps no git-LFS objects", "`git push --no-verify` pushes what git has, and pointers to the rest")
    if key.role == "deploy":
        die(f"the key {key.name} may push to {', '.join(key.apps)} and nothing else", "git push mooring@HOST:APP main")
    return Command(tuple(words) or ("help",))


def create_if_missing(app: App, fingerprint: str) -> None:
    """Make the app of a first push, as root; raise Refusal where the host's settings forbid it."""
    if app.exists():
        return
    if not settings.load().apps_auto_create:
        die(f"there is no app {app.name}", f"an admin runs `mooring apps:create {app.name}`")
    print(f"-----> Creating {app.name}", file=sys.stderr, flush=True)
    made = subprocess.run(
        ["sudo", "-n", CLI, "--key", fingerprint, "apps:create", app.name],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if not app.exists():
        why = (made.stderr.strip().splitlines() or ["it is not said why"])[-1].removeprefix("mooring: ")
        die(f"{app.name} could not be made: {why}")


def serve(push: Push, key: Key) -> int:
    """Run git, with the configuration of `hooks/gitconfig` and nothing from the client; return its exit status."""
    app = App(push.app)
    if push.service == "git-receive-pack":
        create_if_missing(app, key.fingerprint)
        choices = app.choices()
        if choices.locked:
            die(f"{app.name} is locked: it takes no pushes", f"`mooring apps:unlock {app.name}`")
        if choices.disabled:
            die(f"{app.name} is disabled: it takes no pushes", f"`mooring apps:enable {app.name}`")
    elif not app.exists():
        die(f"there is no app {app.name}", "`mooring apps` lists them")
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": "/var/lib/mooring/home",
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/opt/mooring/current/hooks/gitconfig",
        "MOORING_APP": app.name,
        "MOORING_ACTOR": key.name,
    }
    for name in ("GIT_PROTOCOL", "GIT_SSL_CAINFO", "http_proxy", "https_proxy"):
        if name in os.environ:
            environment[name] = os.environ[name]
    if push.service == "git-upload-pack":
        os.execve("/usr/bin/git", ["git", "upload-pack", str(app.repository)], environment)  # noqa: S606
    limit = f"receive.maxInputSize={settings.load().git_max_pack_size.lower()}"
    environment["GIT_NAMESPACE"] = landing.NAMESPACE
    with landing.opened(app) as place:
        ended = subprocess.run(["/usr/bin/git", "-c", limit, "receive-pack", str(place)], env=environment, check=False)
    return ended.returncode if ended.returncode >= 0 else 128 - ended.returncode


def cross_into_root(command: Command, key: Key) -> None:
    """Become the command. Its words go by the environment: as arguments they would be in the process list."""
    environment = {**os.environ, "MOORING_COMMAND": json.dumps(command.words, ensure_ascii=False)}
    try:
        os.execve("/usr/bin/sudo", ["sudo", "-n", CLI, "--key", key.fingerprint], environment)  # noqa: S606
    except OSError as error:
        if error.errno != errno.E2BIG:
            raise
        die("the command is longer than a program can be given", "long values go through `config:import APP < file`")


def main() -> None:
    try:
        key = keys.find(sys.argv[1])
        wanted = decide(key, os.environ.get("SSH_ORIGINAL_COMMAND", ""))
        if isinstance(wanted, Push):
            sys.exit(serve(wanted, key))
        else:
            cross_into_root(wanted, key)
    except Refusal as refusal:
        sys.exit(f"mooring: {refusal}")


if __name__ == "__main__":
    main()
