"""Backups of services: made, listed, restored, proven, on time, and what is said when they fail.

One server with a postgres and a redis, and an app that links both; the tests take what the ones before have left.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.server.cache import Failure
from tests.server.guestbook import House
from tests.server.receivers import HookReceiver
from tests.server.throwaway import Server
from tests.server.user import admin as administrator

pytestmark = pytest.mark.long

APP = "shop"
FOLDER = "/srv/backups"
OURS, OWN = "/opt/mooring/current/services/redis", "/etc/mooring/services/redis"
PASSWORD = "/var/lib/mooring/backups/password"
UNIT = "mooring-backup@redis.cache.service"
REFUSED: list[tuple[list[str], str]] = [
    (["backup:to", "backups"], "is nowhere to back up to"),
    (["backup:to", "/srv/file/backups"], "ot a directory"),
    (["backup:to", "sftp://nobody@127.0.0.1:1/x"], "Connection refused"),
    (["backup:to", "sftp:nobody@127.0.0.1:/x"], "Permission denied"),
    (["backup:to", "/srv/backups", "--service", "redis.nothing"], "there is no redis nothing"),
    (["backup:unset", "--service", "redis.cache"], "has no destination of its own"),
    (["redis:backup", "nothing"], "there is no redis nothing"),
    (["redis:backup", "idle"], "idle does not run"),
    (["redis:backup:restore", "cache", "00000000"], "there is no backup '00000000' of cache"),
    (["redis:backup:restore", "cache", "x"], "there is no backup 'x' of cache"),
    (["redis:backup:restore", "cache", "latest", "--into", "idle"], "there is a redis idle already"),
    (["redis:backup:restore", "nothing", "latest"], "there is no redis nothing"),
    (["redis:backup:restore", "idle", "latest"], "there is no backup of idle"),
    (["redis:backup:verify", "idle"], "there is no backup of idle"),
    (["redis:backup:schedule", "cache", "@reboot"], "a backup has a time of the day"),
    (["redis:backup:schedule", "cache", "61 * * * *"], "the minute is '61'"),
    (["redis:backup:schedule", "cache", "@daily", "--keep", "7x"], "--keep has '7x'"),
    (["memcached:backup", "x"], "there is no command 'memcached:backup'"),
]


@pytest.fixture(scope="module")
def house(module_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    user = administrator(module_server, tmp_path_factory.mktemp("backups"))
    house = House(module_server, user)
    # The last tests switch the server off, and its connections.
    with suppress(Failure), user.connected():
        house.does("redis:create", "cache", "--memory", "64m")
        house.does("redis:create", "idle")
        house.does("redis:stop", "idle")
        house.does("postgres:create", "orders")
        house.does("apps:create", APP)
        house.does("postgres:link", "orders", APP)
        house.does("redis:link", "cache", APP)
        yield house


def redis(house: House, line: str, name: str = "cache") -> str:
    return house.does("redis:connect", name, input=f"{line}\n").strip()


def made(house: House, kind: str, name: str) -> str:
    """Back a service up; the id of that."""
    return house.does(f"{kind}:backup", name).rpartition("is backed up: ")[2].partition(",")[0]


def listed(house: House, kind: str, name: str) -> list[str]:
    return [each["id"] for each in json.loads(house.does(f"{kind}:backup:list", name, "--json"))]


def nothing_is_left(house: House) -> None:
    """Of what was made for a proof."""
    assert "verify" not in house.does("services")
    for argv in (["docker", "ps", "-a"], ["docker", "network", "ls"], ["ls", "/var/lib/mooring/services/redis"]):
        assert "verify" not in house.server.run(argv).stdout


def test_a_service_is_backed_up_and_restored(house: House) -> None:
    assert "there is nowhere to back up to" in house.refuses("redis:backup", "cache")
    said = house.does("backup:to", FOLDER)
    assert f"every service is backed up to {FOLDER}" in said
    redis(house, "SET fish 1")
    first = made(house, "redis", "cache")
    assert listed(house, "redis", "cache") == [first]
    redis(house, "SET fish 2")
    assert f"cache has what {first} has" in house.does("redis:backup:restore", "cache", first)
    assert redis(house, "GET fish") == "1"
    assert house.server.run(["stat", "-c", "%a %U", PASSWORD]).stdout == "600 root\n"
    assert " ok" in json.loads(house.does("redis:info", "cache", "--json"))["backup"]


def test_a_backup_has_every_database_and_is_all_that_another_server_takes(house: House) -> None:
    house.sql("create table fish (name text); insert into fish values ('cod'), ('eel'); create database yearly;")
    in_yearly = ["postgres:connect", "--database", "yearly"]
    house.does(*in_yearly, "orders", input="create table sums (n int); insert into sums values (41), (1);")
    copy = made(house, "postgres", "orders")
    (row,) = json.loads(house.does("postgres:backup:list", "orders", "--json"))
    assert (row["id"], row["version"], row["databases"]) == (copy, "17", ["orders", "yearly"])
    house.sql("drop table fish")
    said = house.does("postgres:backup:restore", "orders", "latest", "--into", "before")
    assert f"before has what {copy} has" in said
    counts = "select count(*) from fish;"
    assert "2" in house.does("postgres:connect", "before", input=counts)
    assert "42" in house.does(*in_yearly, "before", input="select sum(n) from sums;")
    house.does("postgres:backup:restore", "orders", copy)
    assert house.sql(counts) == ["2"]
    # What an app makes is the app's to change, as after every import.
    assert house.sql("select tableowner from pg_tables where tablename = 'fish'") == ["db_orders"]
    house.does("postgres:destroy", "before", "--force")


def test_a_backup_is_proven_and_nothing_of_that_is_left(house: House) -> None:
    said = house.does("postgres:backup:verify", "orders")
    assert "orders: public.fish 2\nyearly: public.sums 2\n" in said
    assert "holds" in said
    assert "db0 1\n" in house.does("redis:backup:verify", "cache")
    nothing_is_left(house)
    (row,) = [each for each in json.loads(house.does("backup", "--json")) if each["service"] == "redis.cache"]
    assert row["proven"]
    proving = house.server.popen(["mooring", "redis:backup:verify", "cache"])
    house.server.wait_for(["sh", "-c", "docker ps | grep redis_verify"])
    house.server.run(["systemctl", "kill", "--signal=KILL", "mooring-verify@redis.cache.service"])
    assert proving.wait(timeout=60) == 1
    nothing_is_left(house)
    assert "was not proven: it failed: it was cut off" in house.server.run(["mooring", "doctor"], check=False).stdout


@pytest.mark.parametrize(("words", "said"), REFUSED)
def test_what_cannot_be_is_refused_in_a_line(house: House, words: list[str], said: str) -> None:
    house.server.run(["touch", "/srv/file"])
    done = house.server.run(["mooring", *words], check=False)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_destination_with_another_password_is_not_taken(house: House) -> None:
    server = house.server
    server.run(["restic", "init", "--repo", "/srv/others"], env={"RESTIC_PASSWORD": "theirs"})
    assert "has another password" in house.refuses("backup:to", "/srv/others")
    assert json.loads(house.does("backup", "--json"))[0]["to"] == FOLDER
    credentials = ["--credentials", "--service", "redis.cache"]
    assert "backups are already" in house.does(
        "backup:to", "/srv/others", *credentials, input="RESTIC_PASSWORD=theirs\n"
    )
    copy = made(house, "redis", "cache")
    assert "theirs" not in server.run(["journalctl", "--no-pager", "-o", "verbose"]).stdout
    assert listed(house, "redis", "cache") == [copy]
    house.does("backup:unset", "--service", "redis.cache")
    assert copy not in listed(house, "redis", "cache")


def test_backups_go_to_another_server_by_sftp(house: House) -> None:
    server, key = house.server, house.does("backup:public")
    server.run(["useradd", "--create-home", "keeper"])
    server.run(["install", "-d", "-o", "keeper", "/home/keeper/.ssh"])
    server.put("/home/keeper/.ssh/authorized_keys", f"restrict {key}")
    house.does("backup:to", f"sftp:keeper@{server.address}:backups", "--service", "redis.cache")
    copy = made(house, "redis", "cache")
    assert listed(house, "redis", "cache") == [copy]
    assert "db0 1" in house.does("redis:backup:verify", "cache")
    house.does("backup:unset", "--service", "redis.cache")


def test_what_a_full_disk_has_no_room_for_is_said_and_nothing_is_lost(house: House) -> None:
    server = house.server
    server.run(["sh", "-c", "mkdir -p /srv/small && mount -t tmpfs -o size=1m tmpfs /srv/small"])
    house.does("backup:to", "/srv/small", "--service", "redis.cache")
    copy = made(house, "redis", "cache")
    server.run(["sh", "-c", "head -c 4M /dev/zero > /srv/small/filler"], check=False)
    assert "no space left" in house.refuses("redis:backup", "cache")
    assert listed(house, "redis", "cache") == [copy]
    server.run(["rm", "/srv/small/filler"])
    assert made(house, "redis", "cache") in listed(house, "redis", "cache")
    house.does("backup:unset", "--service", "redis.cache")


@contextmanager
def backed_up_by(house: House, script: str) -> Iterator[None]:
    """A backup of a redis is what this script writes, for as long."""
    house.server.run(["sh", "-c", f"mkdir -p {OWN} && cp -r {OURS}/. {OWN}"])
    line = f'[backup]\\nexport = ["sh", "-c", "{script}"]'.replace("&", "\\&")
    try:
        house.server.run(["sed", "-i", rf"s#^\[backup\]#{line}#", f"{OWN}/service.toml"])
        yield
    finally:
        house.server.run(["rm", "-r", OWN])


def test_a_dump_that_fails_is_no_backup_and_everyone_is_told(house: House) -> None:
    before = listed(house, "redis", "cache")
    with HookReceiver(house.server.network.gateway) as receiver:
        house.does("hooks:add", APP, receiver.url, "--events", "backup")
        with backed_up_by(house, "head -c 300000 /dev/urandom; echo it broke >&2; exit 3"):
            assert "the dump failed: it broke" in house.refuses("redis:backup", "cache")
        told = json.loads(receiver.heard.until(len)[0].body)
        assert (told["event"], told["status"], told["app"]) == ("backup:failed", "failed", APP)
        assert told["details"]["reason"] == "the dump failed: it broke"
    assert listed(house, "redis", "cache") == before
    assert "the last backup failed: the dump failed" in house.server.run(["mooring", "doctor"], check=False).stdout
    assert "failed: the dump failed" in house.does("redis:info", "cache")


def test_one_that_is_killed_half_way_leaves_nothing_that_stops_the_next(house: House) -> None:
    server, before = house.server, listed(house, "redis", "cache")
    with backed_up_by(house, "head -c 300000 /dev/urandom; sleep 300"):
        going, joined = (server.popen(["mooring", "redis:backup", "cache"]) for _ in range(2))
        server.wait_for(["sh", "-c", f"ls {FOLDER}/locks | grep -q ."])
        password = server.read(PASSWORD).strip()
        assert password not in server.run(["ps", "-eww", "-o", "args"]).stdout
        server.run(["systemctl", "kill", "--signal=KILL", UNIT])
        assert (going.wait(timeout=60), joined.wait(timeout=60)) == (1, 1)
    assert "it was cut off" in server.run(["mooring", "doctor"], check=False).stdout
    after = made(house, "redis", "cache")
    assert listed(house, "redis", "cache") == [after, *before]
    assert server.run(["ls", f"{FOLDER}/locks"]).stdout == ""
    assert password not in server.run(["journalctl", "--no-pager", "-o", "verbose"]).stdout
    assert "redis.cache: the last backup" not in server.run(["mooring", "doctor"], check=False).stdout


def test_backups_are_made_on_time_and_only_so_many_are_kept(house: House) -> None:
    said = house.does("redis:backup:schedule", "cache", "'30 3 * * *'", "--keep", "2")
    assert f"cache is backed up to {FOLDER}, next at" in said
    assert "of them 2 are kept" in said
    show = ["systemctl", "show", "--property=TimersCalendar", "mooring-backup@redis.cache.timer"]
    assert "*-*-* 03:30:00" in house.server.run(show).stdout
    (row,) = [each for each in json.loads(house.does("backup", "--json")) if each["service"] == "redis.cache"]
    assert (row["schedule"], row["keep"]) == ("30 3 * * *", "2")
    assert row["next"]
    assert "is backed up there on time" in house.refuses("backup:unset")
    newest = [made(house, "redis", "cache") for _ in range(2)]
    assert listed(house, "redis", "cache") == newest[::-1]


def test_what_a_backup_needs_to_be_restored_without_mooring_is_restic_and_the_password(house: House) -> None:
    restic = f"restic --repo {FOLDER} --password-file {PASSWORD}"
    said = house.server.run(["sh", "-c", f"{restic} snapshots --tag subject=postgres.orders,whole"]).stdout
    assert "/postgres.orders.json" in said
    tags = "subject=postgres.orders,database=orders"
    dump = f"{restic} dump --tag {tags} latest postgres.orders.orders.dump"
    listing = f"{dump} | docker exec -i postgres_orders pg_restore --list"
    assert "TABLE DATA public fish" in house.server.run(["sh", "-c", listing]).stdout


def test_after_a_power_cut_what_was_slept_through_is_made_up_for(house: House) -> None:
    server, before = house.server, listed(house, "redis", "cache")
    with backed_up_by(house, "head -c 300000 /dev/urandom; sleep 300"):
        house.server.run(["systemctl", "start", "--no-block", UNIT])
        server.wait_for(["sh", "-c", f"ls {FOLDER}/locks | grep -q ."])
    server.run(["touch", "-d", "2 days ago", "/var/lib/systemd/timers/stamp-mooring-backup@redis.cache.timer"])
    server.power_cut()
    server.boot()
    server.wait_for(["sh", "-c", "mooring redis:info cache | grep -q '^backup:.* ok'"])
    assert len(set(listed_at(server)) - set(before)) == 1
    server.run(["mooring", "redis:unlink", "cache", APP])
    server.run(["mooring", "redis:destroy", "cache", "--force"])
    assert "0 timers" in server.run(["systemctl", "list-timers", "mooring-backup@*"]).stdout
    assert (
        "restored" not in server.run(["mooring", "redis:backup:restore", "cache", "latest", "--into", "cache"]).stdout
    )
    assert server.run(["mooring", "redis:connect", "cache"], input="GET fish\n").stdout == "1\n"


def listed_at(server: Server) -> list[str]:
    said = server.run(["mooring", "redis:backup:list", "cache", "--json"]).stdout
    return [each["id"] for each in json.loads(said)]
