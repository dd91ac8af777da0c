"""What the server of a service is told and may use, what is made of one that hangs, and services that are elsewhere.

One server, on which the tests share a postgres, a redis and an app.
"""

import json
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.server.cache import Failure
from tests.server.guestbook import House
from tests.server.throwaway import Server
from tests.server.user import admin as administrator

pytestmark = pytest.mark.long

APP = "guestbook"
FILES: dict[str, str | bytes | None] = {
    "Dockerfile": 'FROM mooring-service/postgres:17\nCMD ["sleep", "infinity"]\n',
    "Procfile": "worker: exec sleep infinity\n",
    "app.json": '{"healthchecks": {"worker": [{"type": "startup", "uptime": 0}]}}',
}
"""An app that has psql, and waits to be told what to do."""
UNIT = "mooring-service@postgres.orders.service"


@pytest.fixture(scope="module")
def house(module_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    user = administrator(module_server, tmp_path_factory.mktemp("settings"))
    house = House(module_server, user)
    with suppress(Failure), user.connected():
        house.does("postgres:create", "orders", "--set", "max_connections=50", "--memory", "512m")
        house.does("redis:create", "cache")
        assert user.repo(APP, FILES).push(APP).ok
        house.does("postgres:link", "orders", APP)
        yield house


def asked(house: House, sql: str) -> str:
    """What the app is answered through its link."""
    return house.does("exec", APP, "psql", "-XAtc", f"'{sql}'").strip()


def test_settings_are_what_the_server_runs_with(house: House) -> None:
    assert asked(house, "show max_connections") == "50"
    asked(house, "create table kept (n int); insert into kept values (1)")
    said = house.does("postgres:set", "orders", "work_mem=8MB", "max_connections=", 'application_name="it\'s"')
    assert said == "orders runs with work_mem=8MB application_name=it's\n"
    assert [asked(house, f"show {each}") for each in ("work_mem", "max_connections")] == ["8MB", "100"]
    assert asked(house, "select n from kept") == "1"
    assert json.loads(house.does("postgres:info", "orders", "--json"))["settings"]["work_mem"] == "8MB"
    assert "work_mem" in house.does("postgres:set", "orders")
    assert house.does("postgres:set", "orders", "work_mem=8MB").startswith("nothing changed")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["postgres:set", "orders", "nonsense=1"], 'take that: LOG: unrecognized configuration parameter "nonsense"'),
        (["postgres:set", "orders", "max_connections=lots"], "invalid value for parameter"),
        (["postgres:set", "orders", "port=1"], "is what Mooring itself needs"),
        (["postgres:set", "orders", "a b"], "is no setting (KEY=VALUE"),
        (["postgres:set", "nothing", "a=1"], "there is no postgres nothing"),
        (["postgres:create", "x", "--set", "nonsense=1"], "unrecognized configuration parameter"),
        (["redis:set", "cache", "maxmemory-policy=never"], "argument(s) must be one of the following"),
        (["redis:set", "cache", "nonsense=1"], "Redis does not take that: unknown setting"),
        (["postgres:limit", "orders", "--memory", "1k"], "a size of 6m or more"),
        (["postgres:limit", "orders", "--cpu", "999"], "this server has"),
        (["postgres:limit", "orders", "--cpu", "much"], "--cpu is -1"),
    ],
)
def test_what_cannot_be_set_changes_nothing(house: House, words: list[str], said: str) -> None:
    since = ["systemctl", "show", "--value", "--property=ActiveEnterTimestampMonotonic", UNIT]
    before = house.server.run(since).stdout
    done = house.server.run(["mooring", *words], check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert said in done.stderr
    assert house.server.run(since).stdout == before
    assert house.server.run(["ls", "/var/lib/mooring/services/postgres"]).stdout == "orders\n"


def test_what_the_server_does_not_come_up_with_is_taken_back(house: House) -> None:
    said = house.refuses("postgres:set", "orders", "shared_buffers=900GB")
    assert "runs as before: FATAL: could not map anonymous shared memory" in said
    assert "runs as before: it was killed at its 6 MiB" in house.refuses("postgres:limit", "orders", "--memory", "6m")
    house.does("postgres:stop", "orders")
    assert "will run, once it is started" in house.does("postgres:set", "orders", "shared_buffers=900GB")
    assert "(its settings are as before; systemd goes on trying)" in house.refuses("postgres:start", "orders")
    house.server.wait_for(["systemctl", "is-active", UNIT])
    assert asked(house, "show work_mem") == "8MB"
    assert json.loads(house.does("postgres:limit", "orders", "--json")) == {"memory": 512 << 20, "cpu": 0}


def test_a_redis_keeps_what_is_in_it_whatever_it_is_written_to(house: House) -> None:
    for number, word in enumerate(("appendonly=no", "save=", "appendonly=yes", "appendonly=")):
        house.does("redis:connect", "cache", input=f"SET before{number} {number}\n")
        house.does("redis:set", "cache", word) if word != "save=" else house.does("redis:restart", "cache")
    assert house.does("redis:connect", "cache", input="MGET before0 before1 before2 before3\n").split() == [*"0123"]
    assert "appendonly\nyes" in house.does("redis:connect", "cache", input="CONFIG GET appendonly\n")


def test_a_limit_is_that_of_its_container_and_being_killed_at_it_is_told(house: House) -> None:
    server = house.server
    assert house.does("postgres:limit", "orders", "--memory", "128m", "--cpu", "0.5").startswith("orders runs with")
    shown = ["docker", "inspect", "postgres_orders", "--format", "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}"]
    assert server.run(shown).stdout == f"{128 << 20} 500000000\n"
    greedy = (
        "select sum(length(x)) from (select repeat(md5(n::text), 300000) x from generate_series(1, 90) n) y group by x"
    )
    house.admin.ssh("exec", APP, "psql", "-c", f"\"set work_mem = '2GB'; {greedy}\"")
    server.wait_for(["sh", "-c", "mooring postgres:logs orders | grep 'killed at its 128 MiB'"])
    server.wait_for(["sh", "-c", f"mooring exec {APP} psql -XAtc 'select n from kept'"])
    house.does("postgres:limit", "orders", "--memory", "0", "--cpu", "0")
    status = server.run(["systemctl", "status", "mooring_services-postgres_orders.slice"]).stdout
    assert "postgres -D" in status


def test_a_server_that_hangs_is_started_anew(house: House) -> None:
    """The kind is Redis, asked every second."""
    server = house.server
    server.run(["mkdir", "-p", "/etc/mooring/services"])
    server.run(["cp", "-rT", "/opt/mooring/current/services/redis", "/etc/mooring/services/hasty"])
    server.run(["sed", "-i", "s/^stop-timeout = 60/&\\nwatch = 1/", "/etc/mooring/services/hasty/service.toml"])
    house.does("hasty:create", "one")
    house.does("hasty:connect", "one", input="SET kept 1\n")
    server.run(["sh", "-c", "kill -STOP $(docker top hasty_one -o pid,comm | awk '/redis-server/ {print $1}')"])
    server.wait_for(["sh", "-c", "mooring hasty:logs one | grep 'did not answer, and is started anew'"])
    server.wait_for(["sh", "-c", "echo GET kept | timeout 5 mooring hasty:connect one | grep 1"])
    house.does("hasty:destroy", "one", "--force")
    server.run(["rm", "-r", "/etc/mooring/services/hasty"])


def test_a_user_that_only_reads_reads_what_comes_after_it_too(house: House) -> None:
    house.does("apps:create", "reader")
    house.does("postgres:link", "orders", "reader", "--read-only")
    house.does("redis:link", "cache", "reader", "--read-only")
    house.does("git:from-image", "reader", f"mooring/{APP}:1")
    asked(house, "create table later (n int)")
    house.server.run(
        ["sh", "-c", "mooring postgres:export orders > /root/dump; mooring postgres:import orders < /root/dump"]
    )
    asked(house, "create table last (n int)")
    for table in ("kept", "later", "last"):
        assert house.does("exec", "reader", "psql", "-XAtc", f"'select count(*) from {table}'") in ("0\n", "1\n")
    for sql in ("insert into kept values (2)", "drop table kept", "create table own (n int)"):
        tried = house.admin.ssh("exec", "reader", "psql", "-XAtc", f"'begin read write; {sql}'")
        assert "permission denied" in tried.stderr + tried.stdout or "must be owner" in tried.stderr + tried.stdout
    url = json.loads(house.does("config", "reader", "--json"))["REDIS_URL"].replace("cache.redis", "127.0.0.1")
    inside = ["docker", "exec", "redis_cache", "redis-cli", "-u", url]
    assert house.server.run([*inside, "GET", "before0"]).stdout == "0\n"
    assert "NOPERM" in house.server.run([*inside, "SET", "before0", "1"], check=False).stdout
    rows = json.loads(house.does("postgres:links", "orders", "--json"))
    assert {each["app"]: each["read-only"] for each in rows} == {APP: False, "reader": True}
    house.does("apps:destroy", "reader", "--force")
    assert house.sql("select count(*) from pg_roles where rolname like 'app_%'") == ["1"]


def test_a_service_elsewhere_is_linked_by_its_url(house: House) -> None:
    said = house.refuses("redis:link", "up", APP, "--url", "'redis://u:p@ss/w#rd@host:1'")
    assert "has @ / #, which is not encoded (write %40 for @, %2F for /, %23 for #)" in said
    assert "that is no URL of a redis (redis://" in house.refuses("redis:link", "up", APP, "--url", "http://host/")
    assert "is a redis of this server" in house.refuses("redis:link", "cache", APP, "--url", "redis://host")
    house.does("redis:link", "up", APP, "--url", "-", input="rediss://u:s3cr%40t@host.example:6380\n")
    assert house.config("REDIS_URL") == "rediss://u:s3cr%40t@host.example:6380"
    assert house.does("exec", APP, "sh", "-c", "'echo $REDIS_URL'") == "rediss://u:s3cr%40t@host.example:6380\n"
    listed = json.loads(house.does("services", "--json"))
    assert ["up", "elsewhere", [APP]] in [[each["name"], each["state"], each["apps"]] for each in listed]
    assert "redis.up=REDIS_URL" in json.loads(house.does("apps:info", APP, "--json"))["services"]
    held = house.server.run(["grep", "-rl", "s3cr%40t", "/var/lib/mooring", "/run/mooring", "/etc"], check=False).stdout
    modes = house.server.run(["stat", "-c", "%a %U", *held.split()]).stdout
    assert set(modes.splitlines()) == {"600 root"}
    assert "s3cr" not in house.server.run(["journalctl", "--no-pager", "-o", "verbose"]).stdout
    for words in (["redis:info", "up"], ["redis:set", "up", "a=1"], ["redis:destroy", "up", "--force"]):
        assert "up is elsewhere" in house.refuses(*words)
    assert "there is a redis up already" in house.refuses("redis:create", "up")
    house.does("redis:unlink", "up", APP)
    assert "REDIS_URL" not in json.loads(house.does("config", APP, "--json"))
    assert house.server.run(["ls", "/var/lib/mooring/services/redis"]).stdout == "cache\n"


def test_a_renamed_service_is_found_by_the_name_that_an_app_was_given(house: House) -> None:
    assert "there is a redis cache already" in house.refuses("redis:rename", "cache", "cache")
    assert "cannot name a service" in house.refuses("redis:rename", "cache", "a.b")
    assert house.does("postgres:rename", "orders", "sales") == "orders is sales now\n"
    assert asked(house, "select n from kept") == "1"
    house.does("ps:restart", APP)
    assert asked(house, "select n from kept") == "1"
    assert "orders.postgres" in house.config("DATABASE_URL")
    house.does("postgres:create", "orders")
    assert "finds sales by the name orders.postgres" in house.refuses("postgres:link", "orders", APP, "--as", "NEW")
    house.does("postgres:destroy", "orders", "--force")
    networks = house.server.run(["docker", "network", "ls", "--format", "{{.Name}}"]).stdout
    assert [each for each in networks.splitlines() if "service.postgres" in each] == ["mooring.service.postgres.sales"]


def test_a_power_cut_leaves_a_service_its_one_name_or_the_other(house: House) -> None:
    server = house.server
    server.popen(["mooring", "postgres:rename", "sales", "orders"])
    server.wait_for(["test", "-e", "/var/lib/mooring/services/postgres/orders/service.json"])
    server.power_cut()
    server.boot()
    server.wait_for(["sh", "-c", f"systemctl is-active 'mooring-app@{APP}.*'"])
    assert server.run(["mooring", "exec", APP, "psql", "-XAtc", "select n from kept"]).stdout == "1\n"
    assert server.run(["ls", "/var/lib/mooring/services/postgres"]).stdout == "orders\n"
    assert [each["name"] for each in json.loads(server.run(["mooring", "postgres:list", "--json"]).stdout)] == [
        "orders"
    ]
