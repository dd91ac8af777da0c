"""A service in a newer version, and back; a copy of one; a dump that takes the place of what is there, or does not.

One server; the tests take what the ones before have left.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.server.cache import Failure
from tests.server.guestbook import House
from tests.server.throwaway import Server
from tests.server.user import admin as administrator

pytestmark = pytest.mark.long

APP = "ledger"
FILES: dict[str, str | bytes | None] = {
    "Dockerfile": "FROM mooring-service/postgres:15\nUSER 0\n",
    "Procfile": "worker: exec sleep infinity\n",
    "app.json": '{"healthchecks": {"worker": [{"type": "startup", "uptime": 0}]}}',
}
UNIT = "mooring-service@postgres.orders.service"
REFUSED: list[tuple[list[str], str]] = [
    (["postgres:upgrade", "orders"], "orders is PostgreSQL 15: to what? (--version 17; or one of --confirm, --revert)"),
    (["postgres:upgrade", "orders", "--version", "17", "--revert"], "to what?"),
    (["postgres:upgrade", "orders", "--version", "99"], "there is no PostgreSQL 99 (there are 17, 16, 15, 14)"),
    (["postgres:upgrade", "orders", "--version", "14"], "orders is PostgreSQL 15, which is newer"),
    (["postgres:upgrade", "orders", "--version", "16"], "the distribution's packages have 17 and 15"),
    (["postgres:upgrade", "orders", "--confirm"], "orders keeps nothing of another version"),
    (["postgres:upgrade", "orders", "--revert"], "orders keeps nothing of another version"),
    (["postgres:upgrade", "nothing", "--version", "17"], "there is no postgres nothing"),
    (["postgres:clone", "nothing", "x"], "there is no postgres nothing"),
    (["postgres:clone", "orders", "orders"], "there is a postgres orders already"),
    (["postgres:clone", "orders", "No"], "cannot name a service"),
    (
        ["nats:import", "orders"],
        "a nats has no import (what has: clickhouse, mariadb, mongodb, postgres, redis, valkey)",
    ),
    (["memcached:export", "orders"], "a memcached has no export"),
]
"""Commands that cannot be, and what is said of each."""


BUS = """
mkdir -p /etc/mooring/services
cp -rL /opt/mooring/current/services/nats /etc/mooring/services/bus
sed -i 's/^\\(versions\\|packaged\\) = .*/\\1 = ["2.10", "2.11", "3"]/' /etc/mooring/services/bus/service.toml
"""
VERSIONS = """
make() {
    docker build --quiet --label "mooring.recipe=$(sha256sum /etc/mooring/services/bus/Dockerfile | cut -c 1-16)" \\
        --tag "mooring-service/bus:$1" - >&2
}
printf 'FROM mooring-service/bus:2.10\\nENV NEWER=yes\\n' | make 2.11
{
    printf 'FROM mooring-service/bus:2.10\\nUSER 0\\n'
    printf 'RUN cp /bin/false "$(command -v nats-server)"\\nUSER 1000:1000\\n'
} | make 3
"""
"""A kind of the server's own that has a newer version, and one that does not come up."""


@pytest.fixture(scope="module")
def house(module_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    user = administrator(module_server, tmp_path_factory.mktemp("upgrade"))
    house = House(module_server, user)
    # The last tests switch the server off, and its connections.
    with suppress(Failure), user.connected():
        assert "is made: PostgreSQL 15" in house.does("postgres:create", "orders", "--version", "15")
        assert user.repo(APP, FILES).push(APP).ok
        house.does("postgres:link", "orders", APP)
        asked(house, "create table t (n int primary key); insert into t select generate_series(1, 1000)")
        yield house


def asked(house: House, sql: str) -> list[str]:
    """What the app's own connection answers."""
    done = house.server.run(["mooring", "exec", APP, "sh", "-c", f'psql "$DATABASE_URL" -qXAtc "{sql}"'])
    return done.stdout.split()


def version(house: House) -> str:
    return asked(house, "show server_version")[0].partition(".")[0]


def releases(house: House) -> int:
    return len(json.loads(house.does("releases", APP, "--json")))


def upgrading(house: House) -> "subprocess.Popen[bytes]":
    """An upgrade that has come to make the data of the newer server."""
    follow = house.server.popen(["journalctl", "-fn0", "-o", "cat", "-u", UNIT], stdout=subprocess.PIPE)
    process = house.server.popen(
        ["mooring", "postgres:upgrade", "orders", "--version", "17"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert follow.stdout
    for line in follow.stdout:
        # The newer server's first words.
        if b"starting PostgreSQL 17" in line:
            break
    follow.kill()
    follow.wait()
    return process


@pytest.mark.parametrize(("words", "said"), REFUSED)
def test_what_cannot_be_is_refused_in_a_line(house: House, words: list[str], said: str) -> None:
    done = house.server.run(["mooring", *words], check=False)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_upgrade_that_is_killed_leaves_the_old_one_serving(house: House) -> None:
    process = upgrading(house)
    house.server.run(["sh", "-c", f"kill -9 $(systemctl show --property=MainPID --value {UNIT})"])
    said, _ = process.communicate(timeout=60)
    assert b"orders is as it was, PostgreSQL 15: it was cut off" in said
    assert (version(house), asked(house, "select count(*) from t")) == ("15", ["1000"])
    left = "docker ps -aqf label=mooring.service=postgres.orders | wc -l; ls /var/lib/mooring/services/postgres/orders"
    assert house.server.run(["sh", "-c", left]).stdout.split() == ["1", "data", "files", "links", "service.json"]


def test_an_upgrade_that_cannot_be_read_leaves_the_old_one_serving(house: House) -> None:
    house.server.run(
        [
            "sh",
            "-c",
            "mkdir -p /etc/mooring/services && cp -r /opt/mooring/current/services/postgres /etc/mooring/services/",
        ]
    )
    house.server.run(
        ["sh", "-c", "echo 'echo ERROR: no such thing >&2; exit 1' > /etc/mooring/services/postgres/import-all.sh"]
    )
    assert "as it was, PostgreSQL 15: what was exported was refused: ERROR: no such thing" in house.refuses(
        "postgres:upgrade", "orders", "--version", "17"
    )
    house.server.run(["rm", "-r", "/etc/mooring/services/postgres"])
    assert (version(house), asked(house, "select count(*) from t")) == ("15", ["1000"])


def test_an_upgrade_keeps_data_users_and_passwords_and_makes_no_release(house: House) -> None:
    before = releases(house)
    assert "What 15 had is kept" in house.does("postgres:upgrade", "orders", "--version", "17")
    assert (version(house), asked(house, "select count(*) from t")) == ("17", ["1000"])
    assert releases(house) == before
    info = json.loads(house.does("postgres:info", "orders", "--json"))
    assert (info["version"], info["kept"]) == ("17", "15")
    assert "orders keeps what 15 had" in house.refuses("postgres:upgrade", "orders", "--version", "17")


def test_it_is_gone_back_and_forth_and_nothing_is_lost_by_either(house: House) -> None:
    asked(house, "insert into t values (2000)")
    house.does("apps:create", "late")
    house.does("postgres:link", "orders", "late")
    assert "has what it had then" in house.does("postgres:upgrade", "orders", "--revert")
    assert (version(house), asked(house, "select count(*) from t")) == ("15", ["1000"])
    users = "select rolname from pg_roles where rolname like 'app_%' order by 1"
    assert house.sql(users) == ["app_late", f"app_{APP}"]
    house.does("postgres:unlink", "orders", "late")
    house.does("postgres:upgrade", "orders", "--revert")
    assert (version(house), asked(house, "select count(*) from t")) == ("17", ["1001"])
    assert house.sql(users) == [f"app_{APP}"]
    house.does("postgres:upgrade", "orders", "--confirm")
    kept = house.server.run(["ls", "/var/lib/mooring/services/postgres/orders"]).stdout
    assert kept.split() == ["data", "files", "links", "service.json"]
    assert "nothing changed" in house.does("postgres:upgrade", "orders", "--version", "17")


def test_a_clone_has_the_data_and_no_links(house: House) -> None:
    assert "twin has what orders has: PostgreSQL 17" in house.does("postgres:clone", "orders", "twin")
    assert house.does("postgres:connect", "twin", input="select 'rows', count(*) from t").split().count("1001") == 1
    roles = house.does("postgres:connect", "twin", input="select rolname from pg_roles where rolname like 'app_%'")
    assert "(0 rows)" in roles
    assert house.does("postgres:links", "twin").startswith("no app uses twin")
    asked(house, "insert into t values (3000)")
    assert "1001" in house.does("postgres:connect", "twin", input="select count(*) from t")
    house.does("postgres:link", "twin", APP, "--as", "TWIN")
    count = house.server.run(["mooring", "exec", APP, "sh", "-c", 'psql "$TWIN_URL" -qXAtc "select count(*) from t"'])
    assert count.stdout == "1001\n"


def test_a_kind_without_a_dump_goes_by_a_copy_of_its_data(house: House) -> None:
    house.server.run(["bash", "-euc", BUS])
    house.does("bus:create", "events")
    house.server.run(["bash", "-euc", VERSIONS])
    house.does("bus:link", "events", APP)
    house.does("bus:enter", "events", "sh", "-c", "'echo first >/data/kept'")
    refused = house.refuses("bus:upgrade", "events", "--version", "3")
    assert "events is as it was, NATS 2.10: it ended before it was ready" in refused
    kept = "/var/lib/mooring/services/bus/events"
    assert house.server.run(["ls", kept]).stdout.split() == ["data", "files", "links", "service.json"]
    assert "events is NATS 2.11" in house.does("bus:upgrade", "events", "--version", "2.11")
    house.does("bus:enter", "events", "sh", "-c", "'echo second >>/data/kept'")
    house.does("bus:upgrade", "events", "--revert")
    assert house.does("bus:enter", "events", "cat", "/data/kept") == "first\n"
    house.does("bus:upgrade", "events", "--revert")
    assert house.does("bus:enter", "events", "sh", "-c", "'cat /data/kept; echo $NEWER'") == "first\nsecond\nyes\n"
    house.does("bus:upgrade", "events", "--confirm")
    house.does("bus:clone", "events", "more")
    assert house.does("bus:enter", "more", "sh", "-c", "'cat /data/kept; ls /data/users'") == "first\nsecond\n"
    assert house.does("bus:enter", "events", "ls", "/data/users") == f"app_{APP}\n"
    assert [each["version"] for each in json.loads(house.does("bus:list", "--json"))] == ["2.11", "2.11"]


def test_a_power_cut_in_an_upgrade_leaves_the_old_one_serving(house: House) -> None:
    house.does("postgres:unlink", "orders", APP)
    house.does("postgres:destroy", "orders", "--force")
    house.does("postgres:create", "orders", "--version", "15")
    house.does("postgres:link", "orders", APP)
    asked(house, "create table t (n int); insert into t values (1)")
    process = upgrading(house)
    house.server.power_cut()
    process.wait()
    house.server.boot()
    house.server.wait_for(["sh", "-c", f"systemctl is-active {UNIT} 'mooring-app@{APP}.*'"])
    assert (version(house), asked(house, "select n from t")) == ("15", ["1"])
    done = house.server.run(["mooring", "postgres:upgrade", "orders", "--version", "17"])
    assert "orders is PostgreSQL 17" in done.stdout
    assert (version(house), asked(house, "select n from t")) == ("17", ["1"])
