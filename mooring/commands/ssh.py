"""The key that git uses for an app, to fetch submodules, buildpacks and what the app follows: `ssh:*`."""

from pathlib import Path

from mooring.access import keys
from mooring.app import apps
from mooring.app.apps import App
from mooring.commands import APP, command
from mooring.commands.stdin import read
from mooring.host import files, paths
from mooring.host.program import ProgramError, run
from mooring.host.refusal import die

PASTE = "paste the private key, then Ctrl-D; e.g. `ssh mooring@HOST ssh:install my-app < deploy-key`"


@command("ssh:install", "mooring ssh:install my-app < deploy-key", APP)
def install(app: str) -> None:
    """Give an app the private key on standard input, for what git fetches over ssh."""
    target = apps.find(app)
    text = read(PASTE).replace("\r\n", "\n").strip() + "\n"
    if "PRIVATE KEY-----" not in text:
        die("that is no private key" if text.strip() else "no key was given", PASTE)
    # The folder is the git user's: what is written there is written beside it and renamed, so no link is followed.
    draft = target.folder / "ssh-key"
    files.write(draft, text, mode=0o600)
    try:
        public, fingerprint = public_of(draft)
        make_folder(target)
        files.give(draft, paths.GIT_USER, paths.GIT_USER)
        draft.rename(target.ssh / "key")
        files.write(draft, f"{public} {app}\n")
        draft.rename(target.ssh / "key.pub")
    finally:
        draft.unlink(missing_ok=True)
    print(f"git fetches for {app} with the key {fingerprint}; `mooring ssh:public {app}` prints its public half")


@command("ssh:public", "mooring ssh:public my-app", APP)
def public(app: str) -> None:
    """Print the public half of an app's key."""
    target = apps.find(app)
    try:
        print(files.read_untrusted(target.ssh / "key.pub"), end="")
    except FileNotFoundError:
        die(f"{app} has no key", f"`mooring ssh:install {app} < deploy-key`")


@command("ssh:remove", "mooring ssh:remove my-app", APP)
def remove(app: str) -> None:
    """Take an app's key away, and forget the hosts that it has met."""
    target = apps.find(app)
    if not (target.ssh / "key").exists():
        die(f"{app} has no key", f"`mooring ssh:install {app} < deploy-key`")
    for name in ("key", "key.pub", "known_hosts", "known_hosts.old"):
        (target.ssh / name).unlink(missing_ok=True)
    print(f"{app} has no key any more")


def make_folder(app: App) -> None:
    """Where the key is kept, for the git user alone."""
    app.ssh.mkdir(mode=0o700, exist_ok=True)
    files.give(app.ssh, paths.GIT_USER, paths.GIT_USER)


def public_of(key: Path) -> tuple[str, str]:
    """The public half of a private key, and its fingerprint; raise Refusal where ssh-keygen(1) cannot read it."""
    try:
        text = run("ssh-keygen", "-y", "-P", "", "-f", str(key))
    except ProgramError as error:
        if "passphrase" in error.output:
            die("that key has a passphrase, which nobody could type", "take it off a copy: `ssh-keygen -p -f COPY`")
        die("that is no whole private key", PASTE)
    public, fingerprint, _ = keys.parse_public(text)
    return public, fingerprint
