"""Get the certificates that host names are without, renew those whose time has come, and let nginx serve them.

    python -m units.certificate.issue

Safe to be killed at any point: what an app is served with is compared with what there is each time.
"""

import contextlib
import os
import sys
import time

from mooring.app import apps
from mooring.app.apps import App
from mooring.app.choices import Choices
from mooring.certificate import account, automatic, hoster, lego, pair, pem, records, store
from mooring.certificate.automatic import State
from mooring.front import tls
from mooring.host import files, program, settings
from mooring.host.refusal import Refusal
from mooring.host.settings import Settings
from mooring.pipeline import site_change, spool
from mooring.telling import announcement
from mooring.telling.event import Event

SOON = "mooring-certs-soon"
HOURLY = 3600.0
"""What mooring-certs.timer sees to by itself."""
AT_LEAST = 30.0


def main() -> None:
    os.umask(0o022)
    os.environ["MOORING_ACTOR"] = "certs"
    automatic.WANTED.unlink(missing_ok=True)
    try:
        work(settings.load())
    except Refusal as refusal:
        sys.exit(str(refusal))


def work(host: Settings) -> None:
    """Look at every app; whatever is wrong with one holds up no other."""
    needed: set[str] = set()
    for app in apps.every():
        with contextlib.suppress(FileNotFoundError):
            try:
                serve(app, host, needed)
            except Unreachable:
                break
            except Refusal as refusal:
                print(f"{app.name}: {refusal}", flush=True)
    else:
        automatic.forget(needed)
    come_back([automatic.load(each).due for each in needed])


class Unreachable(Exception):
    """The authority does not answer: it need not be asked for the others now."""


def serve(app: App, host: Settings, needed: set[str]) -> None:
    """Get what an app is without, and serve it; its host names that need certificates are added to those `needed`."""
    choices = app.choices()
    names = tls.wanted(app, choices, host)
    needed.update(names)
    bring(app, choices, host)
    try:
        for name in names:
            state = automatic.load(name)
            if state.due <= time.time():
                attempt(app, choices, state, host)
    finally:
        bring(app, choices, host)


def bring(app: App, choices: Choices, host: Settings) -> None:
    """Have nginx serve the app with the certificates that there are, where it does not.

    What is on its way brings them itself.
    """
    if app.live and not spool.deploying(app.name) and tls.is_stale(app, choices, host):
        tls.listen()
        with files.locked(app.releases):
            site_change.bring(app)


def attempt(app: App, choices: Choices, state: State, host: Settings) -> None:
    """Get the certificate of a host name, or note why not and when it is tried again."""
    try:
        after = asked(state, choices.certs_email or host.certs_email, hoster.load(app, choices.certs_dns), host)
    except lego.Failure as failure:
        until = failure.until or (time.time() + automatic.HELD if failure.limited else 0)
        after = state.failed(failure.problem, automatic.AUTHORITY, until)
        conclude(app, state, after)
        if failure.unreachable:
            raise Unreachable from None
    else:
        conclude(app, state, after)


def asked(state: State, email: str, dns: lego.Dns | None, host: Settings) -> State:
    """What is known of a host name after its authority was asked; it is not where it would not find this server."""
    if not email:
        return state.failed(
            "the authority has nobody to write to: `mooring certs:auto APP --email E`", automatic.RECORDS
        )
    known = [each for each in host.certs_addresses.split(",") if each]
    if not dns and (problem := records.problem(state.domain, known)):
        return state.failed(problem, automatic.RECORDS)
    # Where power goes now, it is not asked again at once: authorities count.
    automatic.save(state.failed(automatic.CUT_OFF, automatic.AUTHORITY))
    print(f"{state.domain}: asking {host.certs_directory}", flush=True)
    try:
        if host.certs_eab_kid:
            account.make(email, host)
        made = pair.made(pem.read(*lego.obtain(state.domain, email, host, dns)), has_to_lead_up=False)
    except Refusal as refusal:
        return state.failed(f"what the authority gave is no use: {refusal.message}", automatic.AUTHORITY)
    return state.got(store.save(made))


def conclude(app: App, before: State, after: State) -> None:
    """Keep what came of an attempt, and tell of it where that is news."""
    automatic.save(after)
    renewed = bool(before.certificate)
    if after.problem:
        again = time.strftime("%H:%M", time.localtime(after.due))
        print(f"{after.domain}: {after.problem}; tried again at {again}", flush=True)
    else:
        print(f"{after.domain}: a certificate until {pair.day(ends(after))}", flush=True)
    if not after.problem or after.problem != before.problem or renewed:
        details = {"domain": after.domain, "reason": after.problem}
        status = "failed" if after.problem else "ok"
        name = "certs:renew" if renewed else "certs:issue"
        announcement.announce(Event(name, "mooring", app.name, status=status, details=details))


def ends(state: State) -> float:
    return state.stored.ends if state.stored else 0


def come_back(due: list[float]) -> None:
    """Start this again when the first of these times has come, where the timer would be late."""
    soonest = min(due, default=0) - time.time()
    if due and soonest < HOURLY:
        wait = f"{max(soonest, AT_LEAST):.0f}s"
        with contextlib.suppress(program.ProgramError):
            program.run("systemctl", "stop", f"{SOON}.timer")
        with contextlib.suppress(program.ProgramError):
            program.run("systemd-run", "--quiet", "--collect", f"--unit={SOON}", f"--on-active={wait}",
                        "--timer-property=AccuracySec=1s", "touch", str(automatic.WANTED))  # fmt: skip


if __name__ == "__main__":
    main()
