"""The build stage: a source tree becomes an image named by its release.

python -m builders.build my-app.42
"""

from builders import dockerfile, plan
from mooring import engine, files, order, release, source, spool, stage
from mooring.app import App
from mooring.journal import Log
from mooring.names import ReleaseName
from mooring.order import Order
from mooring.refusal import die
from mooring.release import Release

LOOKED_FOR = "Dockerfile"


def work(name: ReleaseName, log: Log) -> None:
    wanted = order.parse(files.read_untrusted(spool.at_work("build") / str(name)))
    if not App(name.app).exists():
        die(f"there is no app {name.app}")
    record = recorded(name, wanted)
    if "built" in record.times:
        return
    try:
        log.step(f"Building {name.app} v{name.number} from {wanted.branch or 'commit'} {wanted.commit[:7]}")
        tree = source.tree(name)
        if tree.is_symlink() or not tree.is_dir():
            die("the source is gone", "push again")
        commands, startup, formation = plan.read(tree)
        if not dockerfile.detect(tree):
            die(
                f"nothing says how to build this: looked for {LOOKED_FOR}",
                "add a Dockerfile at the top of the repository",
            )
        dockerfile.build(name, tree, log, fresh=wanted.fresh)
        image = engine.ask("GET", f"/images/{name.image}/json")
        exposed = list(image["Config"].get("ExposedPorts") or {})
        default = plan.image_check(image["Config"].get("Healthcheck") or {})
        record = record.changed(
            builder="dockerfile",
            image=image["Id"],
            processes=plan.processes(commands, exposed, startup, formation, default),
        )
        release.save(record.at("built"))
    finally:
        source.remove(name)


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
        )
    )


if __name__ == "__main__":
    stage.main("build", "launch", work)
