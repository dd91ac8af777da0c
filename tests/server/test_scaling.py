"""More than one of a process: scaled, restarted, stopped, switched off.

One server of this module's own, and one app that the tests hand on.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server import apps
from tests.server.load import Load
from tests.server.many import APP, DOMAIN, at_the_server, did, process, push_many, refused, releases, served_by, shown
from tests.server.pipeline import settled
from tests.server.throwaway import Server
from tests.server.user import User
from tests.server.user import admin as administrator


@pytest.fixture(scope="module")
def owner(module_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    """The administrator, whose app has two web processes and a worker since its first push."""
    user = administrator(module_server, tmp_path_factory.mktemp("owner"))
    push_many(user)
    yield user


def test_a_first_deploy_runs_what_app_json_says_and_a_scale_under_load_loses_no_request(
    owner: User, module_server: Server, tmp_path: Any
) -> None:
    assert [row["process"] for row in shown(owner, "ps", APP)] == ["web.1", "web.2", "worker.1"]
    assert served_by(owner) == {"web.1", "web.2"}
    loads = [Load(module_server, f"{APP}.{DOMAIN}", tmp_path, keep_alive=keep) for keep in (True, False)]
    assert "v2 is live" in owner.ssh("ps:scale", APP, "web=4").stdout
    assert served_by(owner, requests=40) == {"web.1", "web.2", "web.3", "web.4"}
    site = module_server.read(f"/var/lib/mooring/apps/{APP}/live/nginx.conf")
    assert "least_conn;" in site
    assert len(re.findall(r"server \d+\.\d+\.\d+\.\d+:", site)) == 4
    assert "v3 is live" in did(owner, "ps:scale", APP, "web=1", "worker=0")
    settled(module_server)
    for good, others in [load.stop() for load in loads]:
        assert others == ""
        assert good > 100
    assert [row["process"] for row in shown(owner, "ps", APP)] == ["web.1"]
    assert shown(owner, "ps:scale", APP)[0] == {"process": "web", "count": 1, "chosen-by": "ps:scale"}
    assert "nothing changed" in did(owner, "ps:scale", APP, "web=1")


def test_what_cannot_be_is_refused_in_one_line_and_changes_nothing(owner: User, module_server: Server) -> None:
    before, file = releases(owner), f"/var/lib/mooring/apps/{APP}/app.toml"
    choices = module_server.read(file)
    assert "it has web, worker" in refused(owner, "ps:scale", APP, "wbe=2")
    for words in (["web"], ["web=-1"], ["web=x"], ["web=51"], ["web=1", "web=2"], ["=1"], ["release=1"]):
        refused(owner, "ps:scale", APP, *words)
    for words in (["--memory", "1g"], ["web", "--memory", "5m"], ["web", "--memory", "lots"], ["web", "--cpu", "nan"],
                  ["web", "--cpu", "999"], ["web", "--pids", "1"], ["api", "--pids", "9"]):  # fmt: skip
        refused(owner, "ps:limit", APP, *words)
    for words in (["web", "path=up"], ["web", "attempts=many"], ["web", "pth=/"], ["api", "path=/"],
                  ["worker", "listening=true", "--liveness"], ["web", "uptime=1", "--liveness"]):  # fmt: skip
        refused(owner, "checks:set", APP, *words)
    assert "no app nowhere" in refused(owner, "top", "nowhere")
    assert releases(owner) == before
    assert module_server.read(file) == choices


def test_more_containers_than_an_app_has_addresses_for_are_refused(owner: User) -> None:
    before = releases(owner)
    for words in (["web=48"], ["web=30", "worker=18"]):
        assert "47" in refused(owner, "ps:scale", APP, *words)
    assert releases(owner) == before


def test_a_restart_in_place_goes_one_by_one_and_the_others_serve(
    owner: User, module_server: Server, tmp_path: Path
) -> None:
    did(owner, "ps:scale", APP, "web=2", "worker=1")
    before = releases(owner)
    load = Load(module_server, f"{APP}.{DOMAIN}", tmp_path, keep_alive=False)
    assert did(owner, "ps:restart", APP, "web").split("\n")[:2] == ["web.1 restarted", "web.2 restarted"]
    good, wrong = load.stop()
    assert wrong == ""
    assert good > 20
    assert releases(owner) == before
    assert served_by(owner) == {"web.1", "web.2"}
    did(owner, "ps:stop", APP, "web.2")
    assert f"web.2 of {APP} does not run" in refused(owner, "enter", APP, "web.2", "ls")
    assert process(owner, "web.2")["state"].startswith("inactive")
    assert served_by(owner, requests=4) == {"web.1"}
    assert f"{APP} web.2: it does not run" in at_the_server(owner, "doctor").stdout
    did(owner, "ps:start", APP, "web.2")
    assert served_by(owner) == {"web.1", "web.2"}


def test_what_is_chosen_for_a_stopped_app_is_in_force_when_it_is_started(owner: User) -> None:
    did(owner, "ps:stop", APP)
    assert owner.curl(f"{APP}.{DOMAIN}").status in (502, 504)
    assert {row["note"] for row in shown(owner, "ps", APP)} == {"stopped"}
    before = releases(owner)
    assert f"ps:start {APP}" in did(owner, "ps:scale", APP, "web=1", "worker=0")
    assert f"ps:start {APP}" in did(owner, "config:set", APP, "STOPPED=yes")
    assert releases(owner) == before
    assert {row["note"] for row in shown(owner, "ps", APP)} == {"stopped"}
    did(owner, "ps:start", APP)
    assert did(owner, "exec", APP, "printenv", "STOPPED") == "yes\n"
    assert [row["process"] for row in shown(owner, "ps", APP)] == ["web.1"]
    assert served_by(owner) == {"web.1"}


def test_a_disabled_app_serves_nothing_takes_nothing_and_is_not_started(owner: User, module_server: Server) -> None:
    did(owner, "run:detached", APP, "sleep", "1d")
    did(owner, "apps:disable", APP)
    assert owner.curl(f"{APP}.{DOMAIN}").status == 404
    assert next(row for row in shown(owner, "apps") if row["name"] == APP)["state"] == "disabled"
    repo = owner.repo("again", apps.site("again"))
    pushed = repo.push(APP, "main:main", "--force")
    assert not pushed.ok
    assert f"{APP} is disabled: it takes no pushes (`mooring apps:enable {APP}`)" in pushed.output
    for words in (["ps:start", APP], ["ps:restart", APP], ["ps:restart", APP, "web"], ["rebuild", APP],
                  ["rollback", APP], ["run", APP, "ls"],
                  ["run:detached", APP, "ls"], ["git:from-image", APP, "busybox"], ["git:from-archive", APP],
                  ["git:sync", APP, "https://git.example/a.git"]):  # fmt: skip
        assert f"{APP} is disabled" in refused(owner, *words)
    assert "Kept for when it is enabled" in did(owner, "config:set", APP, "KEPT=1")
    module_server.run(["systemctl", "restart", "mooring.target"])
    settled(module_server)
    assert module_server.run(["docker", "ps", "-q", "--filter", f"label=mooring.app={APP}"]).stdout == ""
    assert APP not in at_the_server(owner, "doctor").stdout
    assert f"{APP} is enabled" in did(owner, "apps:enable", APP)
    assert served_by(owner) == {"web.1"}
