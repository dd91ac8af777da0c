"""pre-receive (githooks(5)): a push becomes a release, and is followed to its end.

Runs as the git user. The pushed objects are in git's quarantine until this ends with 0, so the source is laid
out here; the rest is done by the stages, which go on when the client goes away.
"""

import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

from mooring.app import branches
from mooring.app.apps import App
from mooring.app.branches import HEADS
from mooring.host import interrupt
from mooring.host.names import ReleaseName
from mooring.host.refusal import Refusal, die
from mooring.pipeline import journal, landing, order, source, spool
from mooring.pipeline.order import Order
from mooring.release import releases

NOTHING = "0"


class Update(NamedTuple):
    """One line of standard input: a ref, what it was and what it becomes."""

    old: str
    new: str
    ref: str

    @property
    def deletes(self) -> bool:
        return not self.new.strip(NOTHING)


def say(text: str) -> None:
    """Print a line to the client, if it is still there."""
    try:
        print(text, flush=True)
    except OSError:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115


def explain_stored(update: Update, branch: str, app: str) -> None:
    name = update.ref.removeprefix(HEADS)
    if update.deletes:
        say(f"       {name} is deleted; only {branch} deploys.")
    elif update.ref.startswith(HEADS):
        say(f"       {name} is stored, not deployed: {branch} is the branch that deploys.")
        say(f"       `git push REMOTE {name}:{branch}` deploys it; `mooring git:set {app} deploy-branch {name}`")
        say("       makes it the one that does.")
    else:
        say(f"       {update.ref} is stored, not deployed: {branch} is the branch that deploys.")


def commit_of(update: Update) -> str:
    """The commit that was pushed to a branch, by itself or by a tag of it; raise Refusal for what leads to none."""
    name = update.ref.removeprefix(HEADS)
    commit = git("rev-parse", "--verify", "-q", f"{update.new}^{{commit}}")
    if not commit:
        kind = git("cat-file", "-t", f"{update.new}^{{}}") or "broken object"
        through = "a tag of a" if git("cat-file", "-t", update.new) == "tag" else "a"
        die(
            f"what was pushed to {name} is {through} {kind}, which leads to no commit: nothing is built",
            f"push a branch, a commit or a tag of one: `git push REMOTE main:{name}`",
        )
    return commit


def git(*words: str) -> str:
    """What git says of what was pushed: in its own environment a hook sees the quarantine. Empty where it fails."""
    import subprocess

    done = subprocess.run(["git", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def in_flight(app: App, commit: str) -> ReleaseName | None:
    """The newest release on its way to being live, if it is of this commit."""
    under_way = spool.deploying(app.name)
    if not under_way:
        return None
    name = under_way[-1].release
    if releases.exists(name):
        known = releases.load(name).commit
    else:
        marker = under_way[-1]
        folder = {"inbox": spool.inbox, "queue": spool.queue, "run": spool.at_work}[marker.place]
        try:
            known = order.parse((folder(marker.stage) / str(name)).read_text()).commit
        except (OSError, Refusal):
            return None
    return name if known == commit else None


def begin(app: App, commit: str, branch: str) -> tuple[ReleaseName, float]:
    """Lay the source out and hand the release to the build stage; return it and when that was."""
    name = app.claim_number()
    created = time.time()
    objects = [app.repository / "objects"]
    if "GIT_QUARANTINE_PATH" in os.environ:
        objects.append(Path(os.environ["GIT_QUARANTINE_PATH"]).absolute())
    try:
        source.lay_out(name, commit, objects, landing.boundaries(app))
    except Refusal:
        source.remove(name)
        raise
    spool.put("build", name, Order("push", commit, branch, os.environ["MOORING_ACTOR"], created).render())
    source.keep(name)
    return name, created


def deploy(app: App, commit: str, branch: str) -> int:
    """See the commit live or failed; return the hook's exit status."""
    running = in_flight(app, commit)
    if running:
        say(f"-----> {app.name} v{running.number} is of this commit already and on its way; following it")
        name, since = running, 0.0
        if releases.exists(name):
            since = releases.load(name).created
    elif (live := app.live) and not spool.deploying(app.name) and releases.load(live).commit == commit:
        from mooring.front import tls

        say(f"=====> {app.name} v{live.number} of this commit is live already")
        say(f"       {tls.url(app) or ''}")
        return 0
    else:
        name, since = begin(app, commit, branch)
    return 0 if journal.follow(name, since, say) == "live" else 1


def main() -> None:
    interrupt.ignore()
    try:
        app = App(os.environ["MOORING_APP"])
        updates = [Update(*line.split()) for line in sys.stdin.read().splitlines()]
        if "GIT_SHALLOW_FILE" in os.environ and len(updates) > 1:
            # git's own list of them ends behind the first whose history it cuts off.
            die(
                f"a clone without its whole history cannot push {len(updates)} branches or tags at once",
                "push one after the other, or have the history first: `git fetch --unshallow`",
            )
        pushed = [u.ref.removeprefix(HEADS) for u in updates if u.ref.startswith(HEADS)]
        branch = branches.deploying(app.choices().deploy_branch, pushed, branches.stored(app.repository))
        deploying = ""
        for update in updates:
            commit = commit_of(update) if update.ref.startswith(HEADS) and not update.deletes else ""
            if update.ref != HEADS + branch:
                explain_stored(update, branch, app.name)
            elif update.deletes:
                die(
                    f"{branch} deploys {app.name} and is not deleted",
                    f"`mooring apps:destroy {app.name}` removes the app",
                )
            else:
                deploying = commit
        status = deploy(app, deploying, branch) if deploying else 0
    except Refusal as refusal:
        say(f" !     {refusal}")
        status = 1
    sys.exit(status)


if __name__ == "__main__":
    main()
