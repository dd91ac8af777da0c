"""An app with jobs, and what a person sees of them."""

import json
from typing import Any

from tests.server.throwaway import Server
from tests.server.user import User

APP = "on-time"
WAITS = "echo began $MOORING_RELEASE; until [ -e /tmp/go ]; do sleep 0.1; done; echo ended $MOORING_RELEASE"


def job(command: str, schedule: str = "0 5 1 1 *", **more: Any) -> dict[str, Any]:
    return {"command": command, "schedule": schedule, **more}


def with_jobs(*jobs: dict[str, Any]) -> dict[str, str | bytes | None]:
    return {"app.json": json.dumps({"cron": jobs})}


def listed(user: User) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in json.loads(user.ssh("cron", APP, "--json").stdout)}


def well(user: User, *words: str) -> str:
    done = user.ssh(*words)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


def timers(server: Server) -> list[str]:
    listing = server.run(["systemctl", "list-timers", "--all", "--output=json", f"mooring-cron@{APP}.*"]).stdout
    return sorted(
        each["unit"].removeprefix(f"mooring-cron@{APP}.").removesuffix(".timer") for each in json.loads(listing)
    )


def running(server: Server, name: str) -> list[str]:
    """The containers of a job's runs, with when each was made."""
    said = server.run(["docker", "ps", "--format", "{{.Names}} {{.ID}}", "--filter", f"name=cron.{name}."]).stdout
    return sorted(said.splitlines())


def let_go(server: Server, name: str) -> None:
    for container in running(server, name):
        server.run(["docker", "exec", container.split()[0], "touch", "/tmp/go"])


def says(server: Server, name: str, words: str, timeout: float = 30) -> None:
    server.wait_for(["sh", "-c", f"mooring cron:logs {APP} {name} | grep -q '{words}'"], timeout=timeout)
