"""A commit's source tree, laid out by the git user for the build stage to read."""

import os
from pathlib import Path

from mooring.app import netrc
from mooring.app.apps import App
from mooring.host import files
from mooring.host.names import ReleaseName
from mooring.host.refusal import die

PROTOCOLS = "https:http:ssh:git"
"""What a submodule may be fetched with: never a path of this server, never a helper program (git(1))."""


def environment(app: App) -> dict[str, str]:
    """The environment of git on a repository of the server: nothing of a push's own GIT_* variables.

    What it fetches over ssh, it fetches with the app's own key, over https as the app's own user.
    """
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": str(app.ssh) if (app.ssh / netrc.NAME).exists() else "/var/lib/mooring/home",
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": PROTOCOLS,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_SSH_COMMAND": ssh_command(app),
        **{name: os.environ[name] for name in ("GIT_SSL_CAINFO", "http_proxy", "https_proxy") if name in os.environ},
    }


def ssh_command(app: App) -> str:
    """What git runs for ssh (ssh(1)): the app's key and no other, hosts as they were when they were first met."""
    options = ["-o BatchMode=yes", "-o StrictHostKeyChecking=accept-new"]
    if app.ssh.is_dir():
        options.append(f"-o UserKnownHostsFile={app.ssh}/known_hosts")
        if (app.ssh / "key").exists():
            options += [f"-i {app.ssh}/key", "-o IdentitiesOnly=yes"]
    return " ".join(["ssh", *options])


def tree(name: ReleaseName) -> Path:
    return App(name.app).sources / str(name.number) / "tree"


def shallow(repository: Path) -> str:
    """The commits at which the history of a repository is cut off, one a line (git's shallow(5) file); mostly none."""
    try:
        return (repository / "shallow").read_text()
    except FileNotFoundError:
        return ""


def object_format(repository: Path) -> str:
    """How a repository names its objects: sha1 or sha256 (git-config(1), extensions.objectFormat)."""
    return "sha256" if "objectformat = sha256" in (repository / "config").read_text().lower() else "sha1"


def as_far_as_it_goes(app: App) -> str:
    """What makes git-fetch(1) take as much history as there is, and join what it has to it where that was cut off."""
    return "--depth=2147483647" if shallow(app.repository) else "--update-shallow"


def lay_out(name: ReleaseName, commit: str, objects: list[Path], cut: str, address: str = "") -> None:
    """Check `commit` out, with its submodules, into the release's source folder.

    `objects` are the object stores that hold it: the repository's and, in pre-receive, git's quarantine
    (git-receive-pack(1)). `cut` is where its history is cut off, as `shallow` says it; `address` where it is from, as
    far as that is known: addresses of submodules may be relative to it. Raises Refusal when git cannot.
    """
    place = tree(name)
    kind = object_format(App(name.app).repository)
    _git(name, "init", "--quiet", "--template=", f"--object-format={kind}", str(place))
    (place / ".git/objects/info").mkdir(exist_ok=True)
    (place / ".git/objects/info/alternates").write_text("".join(f"{each}\n" for each in objects))
    if cut:
        (place / ".git/shallow").write_text(cut)
    _git(name, "-C", str(place), "checkout", "--quiet", "--detach", commit)
    # Imported where it is used, here and below: a release that needs no build has no use for it, and waits for it.
    from mooring.pipeline import lfs, submodules

    lfs.note(place, environment(App(name.app)))
    if (place / ".gitmodules").exists():
        if address:
            _git(name, "-C", str(place), "config", "remote.origin.url", address)
        submodules.check_out(place, name.app, environment(App(name.app)))
    kept = place.parent / "git"
    if App(name.app).choices().keep_git_dir:
        import shutil

        make_whole(name, place)
        shutil.copytree(place / ".git", kept, copy_function=os.link, symlinks=True)
        return
    for link in place.rglob(".git") if (place / ".gitmodules").exists() else ():
        if link != place / ".git" and link.is_file():
            link.unlink()
    (place / ".git").rename(kept)


def make_whole(name: ReleaseName, place: Path) -> None:
    """Let the `.git` of a work tree need no other repository, and know the tags of its history."""
    git = ("-C", str(place))
    tags = "--format=%(objectname) %(refname)"
    known = ask(App(name.app), "for-each-ref", tags, "refs/tags")
    (place / ".git/packed-refs").write_text(f"{known}\n" if known else "")
    (place / ".git/packed-refs").write_text(_git(name, *git, "for-each-ref", "--merged=HEAD", tags, "refs/tags"))
    _git(name, *git, "repack", "--quiet", "-a", "-d")
    (place / ".git/objects/info/alternates").unlink()


def keep(name: ReleaseName) -> None:
    """Keep the release's commit in the repository, also when the push that brought it does not end there.

    A build that ended before this takes the folder away: then the push is about to end too, and keeps it itself.
    """
    bring(App(name.app), tree(name).parent / "git", "HEAD", f"refs/mooring/{name.number}")


def bring(app: App, origin: Path, what: str, ref: str) -> bool:
    """Fetch `what` from a repository of the git user's into the app's, as `ref`; whether that went well."""
    # One after the other: git gives up where another one writes `shallow`.
    with files.locked(app.repository):
        fetch = ("fetch", "--quiet", "--force", "--no-tags", "--no-write-fetch-head", as_far_as_it_goes(app))
        return ask(app, *fetch, str(origin), f"{what}:{ref}", GIT_ALLOW_PROTOCOL="file") is not None


def ask(app: App, *words: str, **more: str) -> str | None:
    """What git says of the app's repository, without its last newline; None where it fails.

    `more` are further variables of its environment.
    """
    import subprocess

    done = subprocess.run(
        ["git", "-C", str(app.repository), *words], env={**environment(app), **more},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False,
    )  # fmt: skip
    return None if done.returncode else done.stdout.rstrip("\n")


def remove(name: ReleaseName) -> None:
    """Remove the release's source folder; its number stays claimed by its record."""
    files.remove_tree(App(name.app).sources / str(name.number))


def _git(name: ReleaseName, *arguments: str) -> str:
    import subprocess

    # The files' modes are part of what the layers of an image are cached by: the same whoever lays them out.
    done = subprocess.run(
        ["git", *arguments], env=environment(App(name.app)), stdin=subprocess.DEVNULL, capture_output=True,
        text=True, umask=0o022,
    )  # fmt: skip
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()] or [f"status {done.returncode}"]
        die(f"git could not lay the commit out: {said[-1][:300]}", "mend the repository and push again")
    return done.stdout
