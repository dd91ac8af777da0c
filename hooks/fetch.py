"""Fetch a commit into an app's repository, as refs/mooring/sync, and print its id.

    python -m hooks.fetch my-app < {"url": …, "ref": …}

Runs as the git user. What the address holds of a user and a password is in no process list: git asks for it.
"""

import json
import resource
import subprocess
import sys
from urllib.parse import unquote, urlsplit

from mooring.app.apps import App
from mooring.host import names, settings
from mooring.host.refusal import Refusal, die
from mooring.pipeline import source

TIMEOUT = 600
"""Seconds until it must have come."""
REF = "refs/mooring/sync"


def without_password(url: str) -> tuple[str, dict[str, str]]:
    """The address without user and password, and the environment in which git is told of them."""
    parts = urlsplit(url) if url.startswith(("http://", "https://")) else None
    if parts is None or "@" not in parts.netloc:
        return url, {}
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host).geturl(), {
        "GIT_ASKPASS": "/opt/mooring/current/hooks/askpass",
        "MOORING_GIT_HOST": host,
        "MOORING_GIT_USER": unquote(parts.username or ""),
        "MOORING_GIT_PASSWORD": unquote(parts.password or ""),
    }


def reason(said: str) -> str:
    """The line of what git said that tells a person most."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for sign in ("Permission denied", "Host key verification failed", "died of signal 25", "fatal:", ""):
        for line in lines:
            if sign in line:
                if sign == "died of signal 25":
                    return "it is larger than `max_pack_size` below [git] in mooring.toml"
                return line.removeprefix("fatal: ")[:200]
    return "it did not answer"


def fetch(app: App, url: str, ref: str) -> str:
    """Fetch `ref` (HEAD where it is empty) from `url`; return the commit's id. Raises Refusal where git cannot."""
    limit = settings.size(settings.load().git_max_pack_size)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    address, credentials = without_password(url)
    environment = {**source.environment(app), **credentials}
    git = ["git", "-C", str(app.repository)]
    options = ["-c", "fetch.fsckObjects=true", "fetch", "--quiet", "--force", "--no-tags", "--no-write-fetch-head"]
    try:
        done = subprocess.run(
            [*git, *options, source.as_far_as_it_goes(app), "--", address, f"{ref or 'HEAD'}:{REF}"],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        die(f"{address} did not answer within {TIMEOUT} s", "is the server reachable?")
    if done.returncode:
        private = f"git:auth {app.name} HOST USER < token" if "://" in address else f"ssh:install {app.name} < key"
        hint = f"is the address right? `mooring {private}` lets git have what is private there"
        die(f"{address} cannot be fetched: {reason(done.stderr.decode(errors='replace'))}", hint)
    found = subprocess.run([*git, "rev-parse", "--verify", "-q", f"{REF}^{{commit}}"], env=environment,
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # fmt: skip
    if found.returncode:
        die(f"{ref} of {address} is no commit", "name a branch, a tag or a commit")
    return found.stdout.strip()


def main() -> None:
    wanted = json.load(sys.stdin)
    try:
        print(fetch(App(names.check_app(sys.argv[1])), wanted["url"], wanted["ref"]))
    except Refusal as refusal:
        sys.exit(str(refusal))


if __name__ == "__main__":
    main()
