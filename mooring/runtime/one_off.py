"""One-off containers: a command of a person's, in the image, with the config and in the network of the live release."""

import json
from pathlib import Path

from mooring.app.apps import App
from mooring.host import files, paths
from mooring.host.names import JOB, ONE_OFF, ContainerName
from mooring.host.refusal import die
from mooring.release import releases
from mooring.release.process import Process
from mooring.release.releases import Release
from mooring.runtime import engine, shell

FOLDER = paths.RUN / "runs"
"""The commands of detached ones, by the name of their container: root's alone, as an argument may be a secret."""


def name_one(app: App) -> ContainerName:
    """A name for a one-off container of the live release that no other has; raise Refusal where there is no release."""
    if app.live is None:
        die(f"{app.name} has no live release", f"`git push mooring@HOST:{app.name} main` first")
    if app.choices().disabled:
        die(f"{app.name} is disabled", f"`mooring apps:enable {app.name}` lets it run")
    # Imported where it is used, here and below: every start of a process imports this module.
    import secrets

    while True:
        container = ContainerName(app.live, ONE_OFF, 1000 + secrets.randbelow(9000))
        if engine.request("GET", f"/containers/{container}/json")[0] == engine.NOT_FOUND:
            return container


def process_of(container: ContainerName) -> Process:
    """What a one-off container counts as: a process with the limits that were chosen for `run`, or for `cron`."""
    from mooring.release import formation

    kind = JOB if container.job else ONE_OFF
    limits = App(container.release.app).choices().limits.get(kind, {})
    return Process(container.process, limits=formation.limits(f"app.toml: limits.{kind}", limits))


def free_address(record: Release) -> str:
    """An address for a one-off container that nothing in the app's network has; raise Refusal where none is left.

    The last one is kept for the release phase.
    """
    import secrets

    network = engine.ask("GET", f"/networks/mooring.{record.name.app}")
    taken = {each["IPv4Address"].partition("/")[0] for each in (network["Containers"] or {}).values()}
    free = [address for address in releases.one_off_addresses(record.subnet)[:-1] if address not in taken]
    if not free:
        die(f"{record.name.app} has too many one-off containers", "wait until one has ended")
    return secrets.choice(free)


def command_file(container: ContainerName) -> Path:
    return FOLDER / str(container)


def leave_command(container: ContainerName, words: list[str]) -> None:
    """Leave the command of a detached one where its unit finds it."""
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.write(command_file(container), json.dumps(words), mode=0o600)


def command_of(container: ContainerName) -> list[str]:
    return [str(word) for word in json.loads(command_file(container).read_text())]


def argv(record: Release, words: list[str]) -> list[str]:
    """The words that run a person's command: it may be the name of a process where buildpacks made the image."""
    if record.builder == "buildpack" and len(words) == 1:
        line = next((each.command for each in record.processes if each.name == words[0]), None)
        if line:
            return shell.argv(record.shell, line)
    return shell.of_person(words)
