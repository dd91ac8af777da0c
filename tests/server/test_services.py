"""Databases and caches beside the apps: made, linked, exported, and there after whatever happens to the server.

One server, one app that uses a postgres and a redis; the tests take what the ones before have left.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from tests.server.cache import Failure
from tests.server.guestbook import APP, FILES, REFUSED, House
from tests.server.throwaway import Server
from tests.server.user import User
from tests.server.user import admin as administrator

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def house(module_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    user = administrator(module_server, tmp_path_factory.mktemp("services"))
    house = House(module_server, user)
    # The last tests switch the server off, and its connections.
    with suppress(Failure), user.connected():
        assert "is made: PostgreSQL 17" in house.does("postgres:create", "orders")
        assert "is made: Redis 8" in house.does("redis:create", "cache", "--memory", "64m")
        assert user.repo(APP, FILES).push(APP).ok
        said = house.does("postgres:link", "orders", APP)
        assert "gets DATABASE_URL, PGHOST" in said
        assert "is live" in said
        house.does("redis:link", "cache", APP)
        yield house


def test_a_linked_app_finds_its_services_by_their_urls(house: House) -> None:
    assert house.visit() == (1, 1)
    assert house.visit() == (2, 2)
    assert house.config("DATABASE_URL").startswith(f"postgres://app_{APP}:")
    assert house.config("DATABASE_URL").endswith("@orders.postgres:5432/orders")
    assert house.config("REDIS_URL").endswith("@cache.redis:6379")
    listed = json.loads(house.does("services", "--json"))
    assert [(each["kind"], each["name"], each["state"], each["apps"]) for each in listed] == [
        ("postgres", "orders", "active", [APP]),
        ("redis", "cache", "active", [APP]),
    ]
    info = json.loads(house.does("postgres:info", "orders", "--json"))
    assert info["version"] == "17"
    assert info["size"] > 10_000_000
    assert [each["variable"] for each in json.loads(house.does("postgres:links", "orders", "--json"))] == [
        "DATABASE_URL"
    ]
    releases = json.loads(house.does("releases", APP, "--json"))
    assert [each["kind"] for each in releases] == ["link", "link", "push"]


def test_a_service_is_a_unit_with_its_lines_in_the_journal_and_its_limits(house: House) -> None:
    unit = "mooring-service@postgres.orders.service"
    assert house.server.run(["systemctl", "is-active", unit]).stdout == "active\n"
    for match in (["MOORING_SERVICE=postgres.orders"], ["-u", unit]):
        said = house.server.run(["journalctl", "-o", "cat", *match]).stdout
        assert "ready to accept connections" in said
    assert "ready to accept connections" in house.does("postgres:logs", "orders")
    limit = house.server.run(["docker", "inspect", "redis_cache", "--format", "{{.HostConfig.Memory}}"]).stdout
    assert limit == f"{64 << 20}\n"


def test_a_password_is_in_the_config_of_its_app_and_nowhere_else(house: House) -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        password = house.config(name).split(":")[2].partition("@")[0]
        assert len(password) >= 40
        for argv in (
            ["journalctl", "--no-pager", "-o", "verbose"],
            ["docker", "inspect", "postgres_orders", "redis_cache"],
            ["sh", "-c", "docker inspect $(docker images -q)"],
            ["ps", "-eww", "-o", "args"],
        ):
            assert password not in house.server.run(argv).stdout
        held = ["grep", "-rl", password, "/var/lib/mooring", "/etc/mooring", "/run/mooring"]
        files = house.server.run(held, check=False).stdout.split()
        assert files
        modes = house.server.run(["stat", "-c", "%a %U", *files]).stdout.splitlines()
        assert set(modes) == {"600 root"}


def test_the_console_takes_a_pipe_and_a_terminal(house: House) -> None:
    assert house.sql("select count(*) from visits") == ["2"]
    assert house.does("redis:connect", "cache", input="GET visits\n").strip() == "2"
    typed = house.admin.ssh("postgres:connect", "orders", tty=True, input="select 40 + 2;\n\\q\n")
    assert typed.returncode == 0
    assert "42" in typed.stdout
    assert house.does("postgres:enter", "orders", "id", "-un") == "postgres\n"


def test_apps_that_share_a_service_do_not_reach_each_other(house: House) -> None:
    house.does("apps:create", "other")
    house.does("git:from-image", "other", f"mooring/{APP}:1")
    assert "is live" in house.does("postgres:link", "orders", "other")
    assert house.does("exec", "other", "psql", "-Atc", "'select count(*) from visits'") in ("2\n", "3\n")
    shown = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
    address = house.server.run(
        ["sh", "-c", f"docker inspect $(docker ps -qf label=mooring.app={APP}) --format '{shown}'"]
    ).stdout.split()[0]
    reach = f"timeout 3 bash -c ': </dev/tcp/{address}/5000'"
    assert house.admin.ssh("exec", "other", "sh", "-c", f'"{reach}"').returncode != 0
    assert house.admin.ssh("exec", APP, "sh", "-c", f'"{reach}"').returncode == 0
    forwards = ["docker", "exec", "postgres_orders", "cat", "/proc/sys/net/ipv4/ip_forward"]
    assert house.server.run(forwards).stdout == "0\n"


def test_an_unlinked_app_is_out_at_once_and_what_it_made_stays(house: House) -> None:
    url = json.loads(house.does("config", "other", "--json"))["DATABASE_URL"]
    house.does("exec", "other", "psql", "-c", "'create table made (n int)'")
    sleeper = house.admin.server.popen(["mooring", "exec", APP, "psql", url, "-c", "select pg_sleep(300)"])
    while house.sql(
        "select count(*) from pg_stat_activity where query like 'select pg_sleep%' and usename = 'app_other'"
    ) != ["1"]:
        time.sleep(0.1)
    assert "has no access" in house.does("postgres:unlink", "orders", "other")
    assert sleeper.wait(timeout=10) != 0
    tried = house.admin.ssh("exec", APP, "psql", url, "-c", "'select 1'")
    assert "password authentication failed" in tried.stderr + tried.stdout
    assert "DATABASE_URL" not in json.loads(house.does("config", "other", "--json"))
    assert house.sql("select tableowner from pg_tables where tablename = 'made'") == ["db_orders"]
    house.visit()
    house.does("apps:destroy", "other", "--force")


def test_what_a_rollback_or_a_copy_runs_with_are_the_links_of_now(house: House) -> None:
    with house.counting_on():
        house.does("rollback", APP, "1")
    house.does("apps:clone", APP, "twin")
    assert "app_twin:" in json.loads(house.does("config", "twin", "--json"))["DATABASE_URL"]
    postgres, redis = house.visit()
    assert house.visit("twin") == (postgres + 1, redis + 1)
    house.does("apps:destroy", "twin", "--force")
    assert house.sql("select rolname from pg_roles where rolname like 'app_%' order by 1") == [f"app_{APP}"]


def test_a_developer_uses_what_the_own_app_links_and_nothing_more(house: House, newcomer: Callable[..., User]) -> None:
    developer = newcomer("dora", house.server)
    house.does("developer:allow", APP, input=developer.public_key)
    with developer.connected():
        assert "orders" in developer.ssh("services").stdout
        assert json.loads(developer.ssh("postgres:info", "orders", "--json").stdout)["apps"] == [APP]
        asked = "select session_user;\n\\! psql -U postgres -h /var/run/postgresql postgres -c 'select 1' 2>&1\n"
        console = developer.ssh("postgres:connect", "orders", input=asked).stdout
        assert f"app_{APP}" in console
        assert "authentication failed" in console
        for words in (["postgres:export", "orders"], ["redis:link", "cache", APP], ["redis:enter", "cache", "id"]):
            assert "is for admins" in developer.ssh(*words).stderr
    stranger = newcomer("eve", house.server)
    house.does("developer:allow", "strange", input=stranger.public_key)
    assert "no app of yours uses orders" in stranger.ssh("postgres:info", "orders").stderr
    assert "orders" not in stranger.ssh("services").stdout


def test_a_second_service_has_another_name_and_is_promoted(house: House) -> None:
    house.does("postgres:create", "reports")
    assert "is orders's" in house.refuses("postgres:link", "reports", APP)
    house.does("postgres:link", "reports", APP, "--as", "REPORTS", "--database", "yearly")
    assert house.config("REPORTS_URL").endswith("@reports.postgres:5432/yearly")
    house.does("postgres:promote", "reports", APP)
    assert house.config("PGHOST") == "reports.postgres"
    assert "orders.postgres" in house.config("REPORTS_URL")
    house.does("postgres:promote", "orders", APP)
    assert "is used by" in house.refuses("postgres:destroy", "reports", "--force")
    house.does("postgres:unlink", "reports", APP)
    assert "was not removed" in house.admin.ssh("postgres:destroy", "reports", input="report\n").stderr
    house.does("postgres:destroy", "reports", input="reports\n")
    assert house.server.run(["ls", "/var/lib/mooring/services/postgres"]).stdout == "orders\n"
    assert "reports" not in house.server.run(["docker", "network", "ls"]).stdout


def test_a_dump_replaces_what_is_there_when_it_has_come_whole(house: House) -> None:
    server = house.server
    for kind, name in (("postgres", "orders"), ("redis", "cache")):
        server.run(["sh", "-c", f"mooring {kind}:export {name} > /root/{kind}.dump"])
        server.run(
            ["sh", "-c", f"head -c $(($(stat -c %s /root/{kind}.dump) - 20)) /root/{kind}.dump > /root/{kind}.cut"]
        )
    postgres, redis = house.visit()
    for kind, name, other in (("postgres", "orders", "redis"), ("redis", "cache", "postgres")):
        for wrong in (f"{kind}.cut", f"{other}.dump"):
            tried = server.run(["sh", "-c", f"mooring {kind}:import {name} < /root/{wrong}"], check=False)
            assert tried.returncode == 1
            assert f"{name} is as it was" in tried.stderr
    assert house.visit() == (postgres + 1, redis + 1)
    for kind, name in (("postgres", "orders"), ("redis", "cache")):
        server.run(["sh", "-c", f"mooring {kind}:import {name} < /root/{kind}.dump"])
    assert house.visit() == (postgres, redis)


def test_a_service_is_there_again_after_a_crash_a_restart_and_a_power_cut(house: House) -> None:
    server = house.server
    with house.counting_on():
        server.run(["systemctl", "restart", "docker"])
    with house.counting_on():
        server.run(["docker", "kill", "postgres_orders"])
        running = "systemctl is-active mooring-service@postgres.orders && docker inspect postgres_orders"
        server.wait_for(["sh", "-c", running])
    assert "was killed" in house.does("postgres:logs", "orders")
    with house.counting_on():
        house.does("redis:restart", "cache")


def test_what_is_stopped_stays_so_until_it_is_started(house: House) -> None:
    """`idle` is stopped for the tests that follow."""
    house.does("redis:create", "idle")
    house.does("redis:stop", "idle")
    assert "idle does not run" in house.refuses("redis:link", "idle", APP)
    house.does("redis:start", "idle")
    house.does("redis:stop", "idle")


@pytest.mark.parametrize(("words", "said"), REFUSED)
def test_what_cannot_be_is_refused_in_a_line(house: House, words: list[str], said: str) -> None:
    done = house.server.run(["mooring", *words], check=False)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_after_a_power_cut_an_app_comes_after_its_services_and_waits_for_no_other(house: House) -> None:
    with house.counting_on():
        house.server.power_cut()
        house.server.boot()
        house.server.wait_for(["sh", "-c", f"systemctl is-active 'mooring-app@{APP}.*'"])
    units = ["mooring-service@postgres.orders.service", f"mooring-app@{APP}.*"]
    show = ["systemctl", "show", "--value", "--property=ActiveEnterTimestampMonotonic", *units]
    service, app = (int(each) for each in house.server.run(show).stdout.split())
    assert service < app
    assert (
        house.server.run(["systemctl", "is-active", "mooring-service@redis.idle"], check=False).stdout == "inactive\n"
    )


def test_a_service_ends_after_the_apps_at_shutdown(house: House) -> None:
    with house.counting_on():
        house.server.reboot()
        house.server.wait_for(["sh", "-c", f"systemctl is-active 'mooring-app@{APP}.*'"])
    said = house.server.run(["journalctl", "-b", "-1", "-o", "short-monotonic", "--no-pager"]).stdout
    app = max(said.find(line) for line in said.splitlines() if "Stopped mooring-app@" in line)
    assert 0 < app < said.index("Stopping mooring-service@postgres.orders")
