"""The submodules of a commit that is laid out, and why one of them cannot be had."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from mooring.host.address import shown
from mooring.host.refusal import die

FAILED = re.compile(r"fatal: clone of '(.*)' into submodule path '(.*)' failed")
UNKNOWN = re.compile(r"fatal: No url found for submodule path '(.*)' in \.gitmodules")
LACKS = re.compile(r"(?:fatal: )?Fetched in submodule path '(.*)', but it did not contain ([0-9a-f]+)\.")
LOCAL = re.compile(r"does not exist|'file' not allowed|does not appear to be a git repository")
NOISE = re.compile(
    r"(warning|hint|Cloning into|fatal: clone of|Failed to clone|Please make sure|and the repository exist)"
)
PASSWORD = re.compile(r"//[^/@\s']*@")
HOST = re.compile(r"https?://(?:[^/@]*@)?([A-Za-z0-9.-]{1,253})")
RELATIVE = ("./", "../")


def check_out(place: Path, app: str, environment: Mapping[str, str]) -> None:
    """Fetch the submodules of a work tree, recursively; raise Refusal saying which cannot be had, and why."""
    done = subprocess.run(
        ["git", "-C", str(place), "submodule", "--quiet", "update", "--init", "--recursive"],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", umask=0o022,
        check=False,
    )  # fmt: skip
    if done.returncode:
        refuse(done.stderr.replace(f"{place}/", ""), addresses(place, environment), app)


def addresses(place: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """What .gitmodules has for the address of each path."""
    wanted = r"^submodule\..*\.(path|url)$"
    read = subprocess.run(
        ["git", "config", "--null", "--file", str(place / ".gitmodules"), "--get-regexp", wanted],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    found: dict[str, dict[str, str]] = {}
    for entry in read.stdout.split("\0")[:-1]:
        key, _, value = entry.partition("\n")
        name, _, which = key.rpartition(".")
        found.setdefault(name, {})[which] = value
    return {each["path"]: each.get("url", "") for each in found.values() if "path" in each}


def refuse(said: str, written: Mapping[str, str], app: str) -> NoReturn:
    """Raise Refusal: what git said of the first submodule that it could not have, and what to do about it.

    `written` is the address of each path, as .gitmodules has it: git shows a relative one as it took it.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for line in lines:
        if found := UNKNOWN.match(line):
            die(
                f"the submodule {found[1]} has no address: .gitmodules does not name it",
                f"`git submodule add URL {found[1]}`, or `git rm --cached {found[1]}`, and commit that",
            )
        if found := LACKS.match(line):
            url = shown(written.get(found[1], "its address"))
            die(
                f"the submodule {found[1]} has no commit {found[2][:10]} at {url}",
                "push that commit of it there first, then push again",
            )
        if found := FAILED.match(line):
            url = written.get(found[2], found[1])
            refuse_address(found[2], url, reason(lines[: lines.index(line)]), app)
    die(f"the submodules cannot be had: {reason(lines)}", "mend .gitmodules and push again")


def refuse_address(path: str, url: str, why: str, app: str) -> NoReturn:
    if url.startswith(RELATIVE) and LOCAL.search(why):
        die(
            f"the submodule {path} has the address {url}, and a push does not say what that is relative to",
            f"`git submodule set-url {path} https://HOST/REPOSITORY.git`, and commit that",
        )
    what = f"the submodule {path} cannot be had from {shown(url)}: {why}"
    if "not allowed" in why:
        die(what, "its address begins with https://, http://, ssh:// or git://, or is git@HOST:REPOSITORY.git")
    key = f"`mooring ssh:install {app} < key` gives git a key that it may use there"
    if "Permission denied" in why or "Could not read from remote" in why:
        die(what, key)
    if url.startswith(("http://", "https://")) and re.search(r"Username|Authentication|not found|40[134]", why):
        host = found[1] if (found := HOST.match(url)) else "HOST"
        die(what, f"is it private? `mooring git:auth {app} {host} USER < token` gives git a user there")
    die(what, "is its address right, and its server reachable? Then push again")


def reason(lines: list[str]) -> str:
    """The line that tells most of what the server said, or of why it said nothing."""
    telling = [line for line in lines if not NOISE.match(line)]
    for sign in ("Permission denied", "Host key verification failed", "ssh:", "fatal: remote error:", ""):
        for line in telling:
            if sign in line:
                return PASSWORD.sub("//", line.removeprefix("fatal: ").removeprefix("remote error: "))[:300]
    return "it did not answer"
