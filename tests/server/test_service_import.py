"""A dump takes the place of what is in a service, or leaves it as it was; nothing of it is held in memory."""

import os
import subprocess
from collections.abc import Callable, Iterator

import pytest

from tests.server.ssh import ssh_command
from tests.server.throwaway import Server
from tests.server.user import User

pytestmark = pytest.mark.long

OWN, KEPT = "/etc/mooring/services", "/var/lib/mooring/services"
SHOP = """
create table parent (id int primary key);
create table child (id int primary key auto_increment, p int, note text, foreign key (p) references parent(id));
create table log (what varchar(100));
create view twice as select id * 2 as n from parent;
create view deep as select child.id, n from child join twice on n = child.p * 2;
create trigger told after insert on child for each row insert into log values (concat('new ', new.id));
delimiter //
create procedure counted() begin select count(*) from child; end//
create function doubled(x int) returns int deterministic return x * 2//
delimiter ;
create event sweep on schedule every 1 day do delete from log;
create sequence numbers start with 10;
insert into parent values (1), (2);
insert into child (p, note) values (1, 'a'), (2, 'DEFINER=`x`@`y`');
"""
OTHERS = {
    "nothing": b"",
    "garbage": b"x\0\1\2",
    "postgres": b"--\n-- PostgreSQL database dump\n--\n\\restrict abc\nselect 1;\n",
    "redis": b"REDIS0011\xfa\x09redis-ver",
    "another database": b"-- MariaDB dump\ninsert into shop.log values ('evil');\n-- Dump completed\n",
    "the server's own": b"-- MariaDB dump\ncreate table a (n int);\nuse mysql;\ndrop table user;\n-- Dump completed\n",
    "a program": b"-- MariaDB dump\n\\! touch /tmp/evil\n-- Dump completed\n",
}
"""What is no dump of a database of MariaDB's."""


def imports(server: Server, kind: str, name: str, dump: bytes) -> str:
    """What is said of a dump that is refused: one line; nothing of one that is taken."""
    done = server.run(["mooring", f"{kind}:import", name], input=dump, check=False)
    if done.returncode:
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert f"{name} is as it was: " in done.stderr
    return done.stderr


def exported(server: Server, kind: str, name: str) -> bytes:
    return server.run(["mooring", f"{kind}:export", name]).stdout.encode()


def console(server: Server, kind: str, name: str, said: str) -> list[str]:
    return server.run(["mooring", f"{kind}:connect", name], input=said).stdout.split()


@pytest.fixture(scope="module")
def shop(server: Server) -> Iterator[Server]:
    server.run(["mooring", "mariadb:create", "shop"])
    console(server, "mariadb", "shop", SHOP)
    yield server
    server.run(["mooring", "mariadb:destroy", "shop", "--force"])


def test_a_mariadb_has_what_the_dump_has_and_nothing_else(shop: Server) -> None:
    dump = exported(shop, "mariadb", "shop")
    for _ in range(2):
        console(
            shop, "mariadb", "shop",
            "drop view deep; create table more (n int); insert into child (p) values (1);"
            "create procedure other() select 1; create trigger late before insert on more for each row set new.n = 1;",
        )  # fmt: skip
        assert imports(shop, "mariadb", "shop", dump) == ""
    tables = console(shop, "mariadb", "shop", "show tables")[1:]
    assert tables == ["child", "deep", "log", "numbers", "parent", "twice"]
    asked = "select n from deep; call counted(); select doubled(4), nextval(numbers)"
    assert console(shop, "mariadb", "shop", asked) == [
        "n", "2", "4", "count(*)", "2", "doubled(4)", "nextval(numbers)", "8", "10",
    ]  # fmt: skip
    console(shop, "mariadb", "shop", "insert into child (p) values (2)")
    assert console(shop, "mariadb", "shop", "select count(*) from log") == ["count(*)", "3"]
    orphan = shop.run(["mooring", "mariadb:connect", "shop"], input="insert into child (p) values (9)", check=False)
    assert "foreign key constraint fails" in orphan.stderr
    made = "select distinct definer from information_schema.triggers where trigger_schema = 'shop'"
    assert console(shop, "mariadb", "shop", made)[1:] == ["db_shop@localhost"]
    left = "select user from mysql.user where user like '%shop'; show databases like 'shop%'"
    assert console(shop, "mariadb", "shop", left) == ["User", "db_shop", "Database", "(shop%)", "shop"]


def test_what_is_no_whole_dump_leaves_a_mariadb_as_it_was(shop: Server) -> None:
    before = "select * from child; select n from deep; select * from log"
    had = console(shop, "mariadb", "shop", before)
    dump = exported(shop, "mariadb", "shop")
    assert "not whole: its last line is missing" in imports(shop, "mariadb", "shop", dump[:-35])
    assert imports(shop, "mariadb", "shop", dump[: len(dump) // 2])
    for what, dump in OTHERS.items():
        assert imports(shop, "mariadb", "shop", dump), what
    assert console(shop, "mariadb", "shop", before) == had
    assert shop.run(["docker", "exec", "mariadb_shop", "ls", "/tmp"]).stdout.split() == ["mariadb.pid", "mariadb.sock"]


def test_an_export_is_held_in_nobodys_memory(shop: Server, admin: User) -> None:
    fill = "create table big (a longblob); insert into big select repeat('x', 8000000) from seq_1_to_12"
    console(shop, "mariadb", "shop", fill)
    ssh = [*ssh_command(admin.key), f"mooring@{shop.address}", "mariadb:export", "shop"]
    with subprocess.Popen(ssh, stdout=subprocess.PIPE) as export:
        assert export.stdout
        export.stdout.read(80_000_000)
        # From the docker command up to what sshd has started.
        peaks = """
            each=$(pgrep -f '^docker exec .*mariadb-dump')
            until grep -q '^Name:.sshd' /proc/$each/status; do
                awk '/VmHWM/ { print $2 }' /proc/$each/status; tr '\\0' ' ' </proc/$each/cmdline >&2
                each=$(awk '/^PPid/ { print $2 }' /proc/$each/status)
            done
        """
        measured = shop.run(["bash", "-c", peaks])
        export.stdout.read()
    assert export.returncode == 0
    peak = sum(map(int, measured.stdout.split())) >> 10
    print(f"{peak} MB: {measured.stderr}")
    assert 30 < peak < 64, measured.stderr
    console(shop, "mariadb", "shop", "drop table big")


@pytest.fixture
def small_disk(server: Server) -> Iterator[Callable[[str, str], Callable[[int], None]]]:
    """`small_disk(kind, version)`: the kind's own folder is a small disk; the answer gives it so many MB of room."""
    used: list[str] = []

    def make(kind: str, tag: str) -> Callable[[int], None]:
        name = f"small{kind}"
        used.append(name)
        server.run(
            ["sh", "-c", f"mkdir -p {OWN} {KEPT}/{name}; cp -rL /opt/mooring/current/services/{kind} {OWN}/{name}"]
        )
        server.run(["docker", "tag", f"mooring-service/{kind}:{tag}", f"mooring-service/{name}:{tag}"])
        server.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", f"{KEPT}/{name}"])

        def room(megabytes: int) -> None:
            size = f"$(($(df -k --output=used {KEPT}/{name} | tail -n 1) + {megabytes << 10}))k"
            server.run(["sh", "-c", f"mount -o remount,size={size} {KEPT}/{name}"])

        return room

    yield make
    for name in used:
        for each in server.run(["ls", f"{KEPT}/{name}"]).stdout.split():
            server.run(["mooring", f"{name}:destroy", each, "--force"])
        server.run(["sh", "-c", f"umount {KEPT}/{name}; rm -r {OWN}/{name} {KEPT}/{name}"])


@pytest.mark.parametrize(
    ("kind", "tag", "needs", "few", "fill", "count"),
    [
        (
            "mariadb", "11.8", 200, 5,
            "create table b (a longblob); insert into b select repeat('x', 8000000) from seq_1_to_3;",
            "select sum(length(a)) from b;",
        ),
        (
            "postgres", "17", 400, 150,
            "create table b as select repeat(md5(g::text), 30) from generate_series(1, 60000) g;",
            "select count(*) from b;",
        ),
        ("valkey", "8.1", 60, 5, "".join(f"SET k{n} {os.urandom(500).hex()}\n" for n in range(8000)), "DBSIZE\n"),
    ],
)  # fmt: skip
def test_a_full_disk_loses_nothing(
    server: Server, small_disk: Callable[[str, str], Callable[[int], None]], kind: str, tag: str, needs: int, few: int,
    fill: str, count: str,
) -> None:  # fmt: skip
    if kind != "mariadb":
        server.run(["sh", "-c", f"mooring {kind}:create first && mooring {kind}:destroy first --force"])
    room, name = small_disk(kind, tag), f"small{kind}"
    if kind != "valkey":
        refused = server.run(["mooring", f"{name}:create", "data"], check=False)
        assert refused.returncode == 1
        assert "data could not be made: " in refused.stderr
        assert " MB left: `df " in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
        assert server.run(["ls", "-A", f"{KEPT}/{name}"]).stdout == ""
        assert name not in server.run(["docker", "network", "ls", "--format={{.Labels}}"]).stdout
    room(needs)
    server.run(["mooring", f"{name}:create", "data"])
    console(server, name, "data", fill)
    had = console(server, name, "data", count)
    server.run(["sh", "-c", f"mooring {name}:export data > /root/{name}.dump"])
    room(few)
    tried = server.run(["sh", "-c", f"mooring {name}:import data < /root/{name}.dump"], check=False)
    assert tried.returncode == 1
    assert "data is as it was: " in tried.stderr
    assert "no space left" in tried.stderr or " MB left: `df " in tried.stderr
    assert len(tried.stderr.splitlines()) == 1
    assert console(server, name, "data", count) == had
    room(needs)
    server.run(["sh", "-c", f"mooring {name}:import data < /root/{name}.dump"])
    assert console(server, name, "data", count) == had
    left = server.run(["sh", "-c", f"ls -A {KEPT}/{name} {KEPT}/{name}/data/data; rm /root/{name}.dump"]).stdout
    assert "import" not in left
