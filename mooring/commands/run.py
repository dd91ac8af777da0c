"""One-off commands: `run*`, and `enter` and `exec` in what runs."""

import argparse
import os
import secrets
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from mooring.app import apps
from mooring.app.apps import App
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import show
from mooring.host import interrupt, settings
from mooring.host.names import ONE_OFF, ContainerName
from mooring.host.refusal import die
from mooring.release import releases
from mooring.runtime import engine, mounts, one_off
from mooring.runtime.stop import stop as stop_container

COMMAND = argument(
    "words", metavar="COMMAND", nargs=argparse.REMAINDER, help="as a list of words: `sh -c '…'` for a shell"
)
SHELL = ["sh", "-c", "command -v bash >/dev/null && exec bash || exec sh"]
NO_DETACH_KEYS = "--detach-keys=ctrl-@,ctrl-^,ctrl-@,ctrl-^"
"""Docker's own would take Ctrl-P from whoever types in a shell."""


@command("run", "mooring run my-app ./manage.py migrate", APP, COMMAND)
def run(app: str, words: list[str]) -> int:
    """Run a command in a container of its own: image, config, network and limits of the live release."""
    target = apps.find(app)
    argv = wanted(words, f"mooring run {app} ls")
    container = one_off.name_one(target)
    terminal = os.get_terminal_size() if sys.stdin.isatty() and sys.stdout.isatty() else None
    try:
        create(container, argv, engine.Attached(terminal))
        return attend(["docker", "start", "--attach", "--interactive", NO_DETACH_KEYS, str(container)])
    finally:
        end(container)


def end(container: ContainerName) -> None:
    """Tell what a lost connection has left of a one-off container to end, and remove it."""
    try:
        stop_container(str(container))
    finally:
        engine.remove(str(container))


@command("run:detached", "mooring run:detached my-app ./manage.py reindex", APP, COMMAND)
def detached(app: str, words: list[str]) -> None:
    """Run a command in a container of its own, in the background; its lines are in the app's log."""
    from mooring.host import systemd

    target = apps.find(app)
    argv = wanted(words, f"mooring run:detached {app} ls")
    container = one_off.name_one(target)
    one_off.leave_command(container, argv)
    if not systemd.start([container.unit]):
        one_off.command_file(container).unlink(missing_ok=True)
        die(f"{container.label} did not start", f"`journalctl -u {container.unit}` says why")
    print(f"{container.label} runs: `mooring logs {app} -p {container.label} -f`,")
    print(f"`systemctl status {container.unit}`")


@command("run:list", "mooring run:list my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """List the one-off containers of an app."""
    target = apps.find(app)
    rows = [
        {"process": each.label, "release": f"v{each.release.number}"}
        for each in map(ContainerName.parse, engine.containers(target.name))
        if each.process == ONE_OFF
    ]
    show(rows, as_json=json, empty=f"{app} has no one-off container")


@command("run:stop", "mooring run:stop my-app run.1234", APP, argument("process", metavar="RUN"))
def stop(app: str, process: str) -> None:
    """Stop a one-off container."""
    from mooring.host import systemd

    target = apps.find(app)
    running = map(ContainerName.parse, engine.containers(target.name))
    found = [each for each in running if each.label == process and each.process == ONE_OFF]
    if not found:
        die(f"{app} has no one-off container {process[:40]!r}", f"`mooring run:list {app}` lists them")
    systemd.stop([found[0].unit])
    engine.remove(str(found[0]))
    print(f"{process} is stopped")


@command("enter", "mooring enter my-app web.1", APP,
         argument("words", metavar="[PROCESS] [COMMAND]", nargs=argparse.REMAINDER))  # fmt: skip
def enter(app: str, words: list[str]) -> int:
    """Open a shell, or run a command, in a process that runs."""
    target = apps.find(app)
    containers = serving(target)
    names = {each.label: each for each in containers}
    names |= {each.process: each for each in reversed(containers)}
    first, rest = (words[0], words[1:]) if words and words[0] in names else ("", words)
    if words and words[0] in absent(target, containers):
        die(f"{words[0]} of {app} does not run", f"`mooring ps {app}` shows what does")
    return inside(names[first] if first else containers[0], strip(rest) or SHELL)


def absent(app: App, running: list[ContainerName]) -> set[str]:
    """What the processes of the live release are called of which none runs, or which do not themselves."""
    assert app.live
    record = releases.load(app.live)
    return {
        *(each.name for each in record.processes if each.name not in {one.process for one in running}),
        *(each.label for each in record.containers if each not in running),
    }


@command("exec", "mooring exec my-app ls -l", APP, COMMAND)
def exec_(app: str, words: list[str]) -> int:
    """Run a command in the first process of an app."""
    containers = serving(apps.find(app))
    return inside(containers[0], wanted(words, f"mooring exec {app} ls"))


def strip(words: list[str]) -> list[str]:
    return words[1:] if words[:1] == ["--"] else words


def wanted(words: list[str], example: str) -> list[str]:
    """The command; raise Refusal where there is none."""
    if not strip(words):
        die("there is no command to run", example)
    return strip(words)


def serving(app: App) -> list[ContainerName]:
    """The containers of the live release; raise Refusal where none runs."""
    containers = releases.load(app.live).containers if app.live else []
    running = [each for each in containers if is_running(each)]
    if not running:
        die(
            f"{app.name} runs nothing",
            f"`mooring ps {app.name}`; `mooring run {app.name} COMMAND` starts something of its own",
        )
    return sorted(running, key=lambda each: (each.process != "web", each.process, each.ordinal))


def is_running(container: ContainerName) -> bool:
    status, answer = engine.request("GET", f"/containers/{container}/json")
    return status == 200 and bool(answer["State"]["Running"])


def create(container: ContainerName, argv: list[str], attached: engine.Attached) -> None:
    """Make the container of an attached one-off; raise Refusal where Docker does not."""
    from mooring.runtime.environment import of as environment_of

    record = releases.load(container.release)
    process = one_off.process_of(container)
    environment = {**environment_of(record, container, process), "TERM": os.environ.get("TERM", "xterm")}
    try:
        engine.create(
            container,
            image=record.name.image,
            command=one_off.argv(record, argv),
            environment=environment,
            address=one_off.free_address(record),
            stop_timeout=settings.load().stop_timeout,
            limits=process.limits,
            mounts=mounts.of(record, container.process),
            attached=attached,
        )
    except engine.EngineError as error:
        die(
            f"Docker made no container: {error}",
            f"is v{container.release.number} whole? `mooring rebuild {record.name.app}`",
        )


def inside(container: ContainerName, argv: list[str]) -> int:
    """Run a command in a running container of an app; it ends with the connection of whoever gave it."""
    entry = ["/start"] if releases.load(container.release).builder == "buildpack" else []
    return in_container(str(container), [*entry, *argv])


def in_container(container: str, argv: list[str], options: Sequence[str] = ()) -> int:
    """Run a command in the running container of this name, with options of `docker exec`'s; it ends with the
    connection of whoever gave it."""
    session = f"MOORING_SESSION={secrets.token_hex(8)}"
    terminal = (
        ["--tty", f"--env=TERM={os.environ.get('TERM', 'xterm')}"] if sys.stdin.isatty() and sys.stdout.isatty() else []
    )
    try:
        return attend(
            [
                "docker",
                "exec",
                "--interactive",
                NO_DETACH_KEYS,
                f"--env={session}",
                *terminal,
                *options,
                container,
                *argv,
            ]
        )
    finally:
        end_session(session)


def attend(argv: list[str]) -> int:
    """Run docker, with our standard streams, until it has ended or nobody reads any more; return its status.

    A connection without a terminal that is lost sends no signal: it shows at the socket that is standard output.
    """
    child = subprocess.Popen(argv)
    ended = os.pidfd_open(child.pid)
    watched = select.poll()
    watched.register(ended, select.POLLIN)
    watched.register(sys.stdout.fileno(), 0)
    try:
        if ended not in dict(watched.poll()):
            child.kill()
            interrupt.interrupt()
        return child.wait()
    finally:
        os.close(ended)
        if child.poll() is None:
            child.kill()
            child.wait()


def end_session(session: str) -> None:
    """End what is left of a command in a container: Docker leaves it alone when its client goes."""
    while left := [process for process in Path("/proc").glob("[0-9]*") if is_of(process, session)]:
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(int(process.name), signal.SIGKILL)


def is_of(process: Path, session: str) -> bool:
    """Whether a process below /proc lives and has this in its environment (proc_pid_environ(5))."""
    try:
        return session.encode() in (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
