"""The build stage: a source tree becomes an image named by its release.

python -m builders.build my-app.42
"""

from collections.abc import Mapping
from typing import Any

from builders import dockerfile, workspace
from builders.workspace import Workspace
from mooring.app import app_json, mount, variables
from mooring.app.apps import App
from mooring.app.choices import Choices
from mooring.app.routing import WEB
from mooring.host import files
from mooring.host.names import RELEASE_PHASE, ReleaseName
from mooring.host.refusal import die
from mooring.pipeline import lfs, order, source, spool, stage
from mooring.pipeline.journal import Log
from mooring.pipeline.order import Order
from mooring.release import formation, plan, releases
from mooring.release.plan import Results
from mooring.release.process import Process
from mooring.release.releases import Release
from mooring.runtime import engine, shell


def work(name: ReleaseName, log: Log) -> None:
    wanted = order.parse(files.read_untrusted(spool.at_work("build") / str(name)))
    if not App(name.app).exists():
        die(f"there is no app {name.app}")
    record = recorded(name, wanted)
    if "built" in record.times:
        return
    choices = App(name.app).choices()
    log.step(f"Building {name.app} v{name.number} from {wanted.branch or 'commit'} {wanted.commit[:7]}")
    place = workspace.open_(name, choices)
    if pointers := lfs.told(source.tree(name)):
        log.warn(pointers)
    said = plan.read(place.folder, place.repository, choices.app_json_path)
    settle(App(name.app), said, log)
    builder = choose(place, choices)
    tell(place, builder, log)
    if builder == "dockerfile":
        dockerfile.build(place, log, choices=choices, commit=wanted.commit, fresh=wanted.fresh)
        found = Results()
    else:
        # Imported where it is used: a Dockerfile's push does not wait for it.
        from builders import buildpack

        found = buildpack.build(place, log, choices=choices, commit=wanted.commit, fresh=wanted.fresh)
    image = engine.ask("GET", f"/images/{name.image}/json")
    record = planned(record, builder, image, said, found)
    tell_port(record, image, log)
    for note in mount.unkept(image["Config"].get("Volumes") or {}, mount.of(choices), name.app):
        log.warn(note)
    for note in plan.strangers(said, record.processes):
        log.warn(note)
    releases.save(record.at("built"))


def processes(name: ReleaseName) -> list[str]:
    """The units of the processes of the release that was built."""
    from mooring.runtime import preparation

    return preparation.units(releases.load(name))


def tidy(name: ReleaseName) -> None:
    """Remove what it was built from, once nothing waits for that."""
    workspace.close(name)
    source.remove(name)


def settle(app: App, said: plan.Said, log: Log) -> None:
    """Set the config vars that app.json sets; raise Refusal where one is missing that it requires."""
    settled = variables.settle(app, said.variables)
    if settled.set:
        log.line(f"config vars set as app.json has them: {', '.join(settled.set)}")
    if settled.made:
        log.line(f"config vars made for app.json: {', '.join(settled.made)} (`mooring config {app.name}`)")


def tell(place: Workspace, builder: str, log: Log) -> None:
    """Say what of app.json does nothing, and which files are not read for their names."""
    for note in workspace.misnamed(place.folder):
        log.warn(note)
    app = App(place.release.app)
    table = app_json.read(place.folder, place.repository, app.choices().app_json_path)
    for note in app_json.notes(table, app.name, app.config()):
        log.warn(note)
    if builder == "dockerfile" and table.get("buildpacks"):
        log.warn(
            f"app.json: its Dockerfile builds {app.name}, no buildpack (`mooring builder:set {app.name} buildpack`)"
        )


def choose(place: Workspace, choices: Choices) -> str:
    """How the app is built: as was chosen, else by its Dockerfile where it has one, else by buildpacks."""
    has_dockerfile = dockerfile.detect(place, choices)
    if choices.builder == "dockerfile" and not has_dockerfile:
        where = f" in {choices.build_dir}" if choices.build_dir else ""
        die(
            f"there is no Dockerfile{where}, and the app's builder is dockerfile",
            f"add one, or `mooring builder:set {place.release.app} auto`",
        )
    if choices.builder == "auto":
        return "dockerfile" if has_dockerfile else "buildpack"
    return choices.builder


def planned(record: Release, builder: str, image: dict[str, object], said: plan.Said, found: Results) -> Release:
    """The record with its image and its processes; raise Refusal where nothing says how to start the app."""
    config = image["Config"]
    assert isinstance(config, dict)
    of_image = builder == "dockerfile"
    commands = {name: command for name, command in said.commands.items() if name != RELEASE_PHASE}
    release_phase = {name: command for name, command in said.commands.items() if name == RELEASE_PHASE}
    if builder == "buildpack" and not commands:
        commands = {name: command for name, command in found.processes.items() if name != RELEASE_PHASE}
        if not commands:
            die(
                f"nothing says how to start the app: it has no Procfile, and the buildpack {found.buildpacks[-1]} "
                "names no process",
                "write a Procfile, e.g. `web: ./server --port $PORT`",
            )
    runs = runs_by_itself(config) or not of_image
    if not commands and not runs:
        die(
            "nothing says how to start the app: the image has no CMD, and there is no Procfile",
            'write `CMD ["…"]` in the Dockerfile, or a Procfile',
        )
    app = App(record.name.app)
    revision = app.choices().rev_env_var
    unexposed, heard = plan.unexposed(app, said) if of_image else (None, False)
    processes = plan.processes(
        {**commands, **release_phase},
        list(config.get("ExposedPorts") or {}) if of_image else [],
        said.startup,
        said.formation,
        plan.image_check(config.get("Healthcheck") or {}) if of_image else plan.NO_CHECK,
        runs=runs,
        unexposed=unexposed,
        heard=heard,
    )
    return record.changed(
        builder=builder,
        entrypoint=tuple(config.get("Entrypoint") or ()) if of_image else (),
        buildpacks=found.buildpacks,
        image=image["Id"],
        defaults={**found.config, **({revision: record.commit} if revision and record.commit else {})},
        cron=plan.jobs(app, said),
        scripts=tuple(Process(phase, 0, line) for phase, line in said.scripts.items()),
        processes=plan.overlapping(plan.watched(processes, said.liveness), said.overlap),
    )


def runs_by_itself(config: Mapping[str, Any]) -> bool:
    """Whether an image starts something without being told what: not the shell of its base image."""
    command = config.get("Cmd") or []
    return bool(config.get("Entrypoint") or command) and not shell.is_bare(command)


def tell_port(record: Release, image: Mapping[str, Any], log: Log) -> None:
    """Say on which port the app is reached, and why, unless it is a buildpack's: that is told $PORT."""
    web = next((each for each in record.processes if each.name == WEB), None)
    if web is None:
        return
    chosen = formation.chosen_port(App(record.name.app).config())
    ports = plan.ports_of(list(image["Config"].get("ExposedPorts") or {})) if record.builder == "dockerfile" else []
    if chosen:
        log.line(f"web is reached on port {chosen}, as was chosen (`mooring ports {record.name.app}`)")
    elif web.ports:
        log.line(f"the image exposes {', '.join(map(str, sorted(ports)))}: which of them answers HTTP is asked")
    elif len(ports) > 1:
        more = f"`mooring ports:set {record.name.app} PORT` chooses another"
        log.line(f"web is reached on port {web.port} of {', '.join(map(str, sorted(ports)))} ({more})")
    elif ports:
        log.line(f"web is reached on port {web.port}, which the image exposes")
    elif record.builder == "dockerfile":
        log.line(f"web is reached on port {web.port}: no port is exposed, and it finds this one as $PORT")
    if any(each.command for each in record.processes) and shell.ignores_words(record.entrypoint):
        log.warn('ENTRYPOINT in its shell form ignores the lines of the Procfile: write it as ["program"]')


def recorded(name: ReleaseName, wanted: Order) -> Release:
    """The record of the release: made here, from the order, unless an interrupted run made it."""
    if releases.exists(name):
        return releases.load(name)
    return releases.save(
        Release(
            name,
            kind=wanted.kind,
            actor=wanted.actor,
            created=wanted.created,
            commit=wanted.commit,
            branch=wanted.branch,
        ).at("building")
    )


if __name__ == "__main__":
    stage.main("build", "launch", work, along=processes, tidy=tidy)
