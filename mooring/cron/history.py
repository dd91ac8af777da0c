"""The runs of jobs: the one that goes on, and how the last one ended."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from mooring.app.apps import App
from mooring.host import files, paths
from mooring.host.names import ContainerName

RUNNING = paths.RUN / "cron"


class Run(NamedTuple):
    """A run of a job, which began at a time (seconds since the epoch).

    `job` is its ID, `command` and `container` are what it ran and in what. `result` is "ok", "failed", or "stopped"
    where somebody ended it; empty while it runs. `status` is its exit status, `why` says how it ended, for people.
    """

    job: str
    command: str
    container: str
    began: float
    ended: float = 0
    result: str = ""
    status: int = 0
    why: str = ""

    @property
    def seconds(self) -> float:
        return round((self.ended or time.time()) - self.began, 1)


def running_file(container: ContainerName) -> Path:
    """It is called as the instance of the run's unit."""
    return RUNNING / container.unit.partition("@")[2].removesuffix(".service")


def begin(run: Run, container: ContainerName) -> None:
    RUNNING.mkdir(parents=True, exist_ok=True)
    files.write(running_file(container), json.dumps(run._asdict()))


def of_instance(instance: str) -> Run | None:
    """The run of a unit's instance, e.g. my-app.report or, of several at a time, my-app.report.2; None for none."""
    return _read(RUNNING / instance)


def running(app: App, job: str) -> list[Run]:
    """The runs of a job that go on."""
    names = [RUNNING / f"{app.name}.{job}", *sorted(RUNNING.glob(f"{app.name}.{job}.*"))]
    return [run for name in names if (run := _read(name))]


def end(app: App, instance: str, run: Run) -> None:
    """Write down how a run ended, unless its app is gone."""
    if app.exists():
        place(app).mkdir(mode=0o755, exist_ok=True)
        files.write(place(app) / run.job, json.dumps(run._asdict()) + "\n")
    (RUNNING / instance).unlink(missing_ok=True)


def last(app: App, job: str) -> Run | None:
    """The last run of a job that has ended."""
    return _read(place(app) / job)


def place(app: App) -> Path:
    return app.folder / "cron"


def forget(app: App, job: str) -> None:
    """Forget how a job ran that is none any more."""
    (place(app) / job).unlink(missing_ok=True)


def every(app: App) -> Iterator[Run]:
    """The last runs of an app's jobs."""
    for path in sorted(place(app).iterdir()) if place(app).is_dir() else ():
        if run := _read(path):
            yield run


def _read(path: Path) -> Run | None:
    try:
        table: dict[str, Any] = json.loads(path.read_text())
        return Run(**table)
    except (FileNotFoundError, ValueError, TypeError):
        return None
