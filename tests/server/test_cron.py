"""Jobs run on time, in containers of their own out of what is live then, and people are told how they ended."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.server import apps
from tests.server.throwaway import Server
from tests.server.user import Repo, User
from tests.server.user import admin as administrator

APP = "on-time"
WAITING = "sh -c 'echo began $MOORING_RELEASE; until [ -e /tmp/go ]; do sleep 0.1; done; echo ended $MOORING_RELEASE'"


def with_jobs(*jobs: dict[str, Any]) -> dict[str, str]:
    return {"app.json": json.dumps({"cron": jobs})}


def job(command: str, schedule: str = "0 5 * * *", **more: Any) -> dict[str, Any]:
    return {"command": command, "schedule": schedule, **more}


MINUTE = job("echo minute of $MOORING_RELEASE", "* * * * *")
POLICIES = ("forbid", "allow", "replace")
HELD = [job(f"HELD={each}; {WAITING}", "* * * * *", concurrency_policy=each) for each in POLICIES]


@pytest.fixture(scope="module")
def owner(server: Server, tmp_path_factory: pytest.TempPathFactory) -> User:
    return administrator(server, tmp_path_factory.mktemp("owner"))


@pytest.fixture(scope="module")
def repo(owner: User) -> Iterator[Repo]:
    """An app with jobs that is live."""
    repo = owner.repo(APP, {**apps.site("one"), **with_jobs(MINUTE, *HELD)})
    assert repo.push(APP).ok
    yield repo


def listed(user: User) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in json.loads(user.ssh("cron", APP, "--json").stdout)}


def test_a_job_runs_by_its_own_timer(repo: Repo, owner: User, server: Server) -> None:
    server.wait_for(["sh", "-c", f"mooring cron:logs {APP} echo | grep 'minute of v1'"], timeout=70)
    assert listed(owner)["echo"]["ended"] == "ok"
