"""The build stage: a source tree becomes an image named by its release.

python -m builders.build my-app.42
"""

from builders import dockerfile, plan, workspace
from builders.plan import Results
from builders.workspace import Workspace
from mooring import engine, files, order, release, source, spool, stage
from mooring.app import App, Choices
from mooring.journal import Log
from mooring.names import RELEASE_PHASE, ReleaseName
from mooring.order import Order
from mooring.refusal import die
from mooring.release import Release


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
    said = plan.read(place.folder)
    builder = choose(place, choices)
    if builder == "dockerfile":
        dockerfile.build(name, place.folder, place.repository, log, fresh=wanted.fresh)
        found = Results()
    else:
        # Imported where it is used: a Dockerfile's push does not wait for it.
        from builders import buildpack

        found = buildpack.build(place, log, choices=choices, commit=wanted.commit, fresh=wanted.fresh)
    image = engine.ask("GET", f"/images/{name.image}/json")
    release.save(planned(record, builder, image, said, found).at("built"))


def processes(name: ReleaseName) -> list[str]:
    """The units of the processes of the release that was built."""
    from mooring import preparing

    return preparing.units(release.load(name))


def tidy(name: ReleaseName) -> None:
    """Remove what it was built from, once nothing waits for that."""
    workspace.close(name)
    source.remove(name)


def choose(place: Workspace, choices: Choices) -> str:
    """How the app is built: as was chosen, else by its Dockerfile where it has one, else by buildpacks."""
    has_dockerfile = dockerfile.detect(place.folder)
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
    return record.changed(
        builder=builder,
        buildpacks=found.buildpacks,
        image=image["Id"],
        defaults=found.config,
        processes=plan.watched(
            plan.processes(
                {**commands, **release_phase},
                list(config.get("ExposedPorts") or {}) if builder == "dockerfile" else [],
                said.startup,
                said.formation,
                plan.image_check(config.get("Healthcheck") or {}) if builder == "dockerfile" else plan.NO_CHECK,
            ),
            said.liveness,
        ),
    )


def recorded(name: ReleaseName, wanted: Order) -> Release:
    """The record of the release: made here, from the order, unless an interrupted run made it."""
    if release.exists(name):
        return release.load(name)
    return release.save(
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
