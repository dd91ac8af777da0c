"""Every kind of service, by what its definition says: made, used by an app through its link, restarted, removed."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.server.throwaway import Server
from tests.server.user import User
from tests.server.user import admin as administrator

pytestmark = pytest.mark.long

APP = "client"
SPEAK = "exec 3<>/dev/tcp/{host}/{port}; printf '{said}' >&3; head -n {lines} <&3"
"""What the app says to a service, and the lines that it hears (bash(1), REDIRECTION)."""
OWN = "/etc/mooring/services"


FILES: dict[str, str | bytes | None] = {
    "Dockerfile": "FROM mooring-stack:build\n",
    "Procfile": "worker: exec sleep infinity\n",
    "app.json": '{"healthchecks": {"worker": [{"type": "startup", "uptime": 0}]}}',
}
"""An app that has bash, and waits to be told what to do."""


@pytest.fixture(scope="module")
def app(server: Server, connection: Path | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    user = administrator(server, tmp_path_factory.mktemp("kinds"))
    pushed = user.repo(APP, FILES).push(APP)
    assert pushed.ok, pushed.output
    yield APP
    server.run(["mooring", "apps:destroy", APP, "--force"])


def use(server: Server, kind: str, name: str) -> str:
    """Make a service and link it; its URL in the app's config."""
    assert "is made" in server.run(["mooring", f"{kind}:create", name]).stdout
    assert "is live" in server.run(["mooring", f"{kind}:link", name, APP, "--as", kind.upper()]).stdout
    return server.run(["mooring", "config:get", APP, f"{kind.upper()}_URL"]).stdout.strip()


def does(server: Server, *words: str) -> str:
    return server.run(["mooring", *words]).stdout


def speak(server: Server, url: str, said: str, lines: int) -> str:
    parts = urlsplit(url)
    script = SPEAK.format(host=parts.hostname, port=parts.port, said=said, lines=lines)
    return server.run(["mooring", "exec", APP, "timeout", "9", "bash", "-c", script]).stdout


def leave(server: Server, kind: str, name: str) -> None:
    """What every kind can be told, to its end; nothing of it is left."""
    shown = json.loads(server.run(["mooring", f"{kind}:info", name, "--json"]).stdout)
    assert (shown["state"], shown["apps"]) == ("active", [APP])
    server.run(["mooring", f"{kind}:logs", name])
    server.run(["mooring", f"{kind}:restart", name])
    assert "has no access" in server.run(["mooring", f"{kind}:unlink", name, APP]).stdout
    server.run(["mooring", f"{kind}:destroy", name, "--force"])
    left = [
        "sh",
        "-c",
        f"ls /var/lib/mooring/services/{kind}; docker network ls -qf label=mooring.service={kind}.{name}",
    ]
    assert server.run(left).stdout == ""


def test_a_kind_is_added_by_a_folder_and_has_every_command(admin: User, server: Server, app: str) -> None:
    server.run(["sh", "-c", f"mkdir -p {OWN} && cp -r /opt/mooring/current/services/nats {OWN}/bus"])
    assert "bus" in admin.ssh("help").stdout.rpartition("KIND is one of ")[2]
    url = use(server, "bus", "events")
    assert url.endswith("@events.bus:4222")
    parts = urlsplit(url)
    for password, answer in ((parts.password, "PONG"), ("wrong", "Authorization Violation")):
        hello = f'CONNECT {{"verbose": false, "user": "{parts.username}", "pass": "{password}"}}\\r\\nPING\\r\\n'
        assert answer in speak(server, url, hello, 2)
    assert "there is no command 'bus:connect'" in admin.ssh("bus:connect", "events").stderr
    leave(server, "bus", "events")
    server.run(["rm", "-r", f"{OWN}/bus"])
    assert "there is no command" in admin.ssh("bus:list").stderr


def test_a_kind_that_no_registry_and_no_package_has_is_refused_in_a_line_and_leaves_nothing(server: Server) -> None:
    done = server.run(["mooring", "mongodb:create", "books"], check=False)
    assert done.returncode == 1
    assert "never run by Mooring's tests" in done.stdout
    assert re.fullmatch(
        r"mooring: no registry gives mongo:8.0: .+ \(is Docker Hub reachable from here\?\)\n", done.stderr
    )
    left = "ls /var/lib/mooring/services/mongodb; docker ps -aqf label=mooring.service=mongodb.books"
    assert server.run(["sh", "-c", left], check=False).stdout == ""
    assert "mongodb" not in server.run(["mooring", "services"]).stdout


def test_mariadb_has_databases_and_users(server: Server, app: str) -> None:
    url = use(server, "mariadb", "shop")
    parts = urlsplit(url)
    assert (parts.scheme, parts.hostname, parts.path) == ("mysql", "shop.mariadb", "/shop")
    client = ["docker", "run", "--rm", f"--network=mooring.{APP}", f"--env=MYSQL_PWD={parts.password}"]
    client += ["mooring-service/mariadb:11.8", "mariadb", "--host=shop.mariadb", f"--user={parts.username}", "shop"]
    server.run([*client, "--execute=create table t (n int); insert into t values (41), (1)"])
    assert server.run([*client, "-N", "--execute=select sum(n) from t; show databases"]).stdout.split() == [
        "42",
        "information_schema",
        "shop",
    ]
    assert server.run(["mooring", "mariadb:connect", "shop"], input="select count(*) from t").stdout == "count(*)\n2\n"
    assert "Dump completed" in server.run(["mooring", "mariadb:export", "shop"]).stdout
    does(server, "backup:to", "/srv/shop", "--service", "mariadb.shop")
    assert "is backed up" in does(server, "mariadb:backup", "shop")
    server.run(["mooring", "mariadb:connect", "shop"], input="insert into t select * from t")
    assert "has what" in does(server, "mariadb:backup:restore", "shop", "latest")
    assert server.run(["mooring", "mariadb:connect", "shop"], input="select count(*) from t").stdout == "count(*)\n2\n"
    assert "holds: it was restored" in does(server, "mariadb:backup:verify", "shop")
    does(server, "mariadb:backup:schedule", "shop", "30 3 * * *")
    assert "is store now" in does(server, "mariadb:rename", "shop", "store")
    assert len(json.loads(does(server, "mariadb:backup:list", "store", "--json"))) == 1
    assert server.run(["systemctl", "is-active", "mooring-backup@mariadb.store.timer"]).stdout == "active\n"
    leave(server, "mariadb", "store")
    server.run(["rm", "-r", "/srv/shop"])


def test_valkey_speaks_as_redis_does(server: Server, app: str) -> None:
    url = use(server, "valkey", "queue")
    parts = urlsplit(url)
    hello = f"AUTH {parts.username} {parts.password}\\r\\nSET a 1\\r\\nGET a\\r\\nCONFIG SET dir /\\r\\n"
    assert speak(server, url, hello, 5).split("\r\n")[:4] == ["+OK", "+OK", "$1", "1"]
    assert "NOPERM" in speak(server, url, hello, 5)
    assert "NOAUTH" in speak(server, url, "GET a\\r\\n", 1)
    assert server.run(["mooring", "valkey:connect", "queue"], input="GET a\n").stdout == "1\n"
    leave(server, "valkey", "queue")


def test_memcached_has_no_users(server: Server, app: str) -> None:
    url = use(server, "memcached", "pages")
    assert url == "memcached://pages.memcached:11211"
    assert speak(server, url, "set a 0 0 1\\r\\n1\\r\\nget a\\r\\n", 3).split() == [
        "STORED",
        "VALUE",
        "a",
        "0",
        "1",
        "1",
    ]
    leave(server, "memcached", "pages")


def test_rabbitmq_has_a_virtual_host_and_a_user(server: Server, app: str) -> None:
    url = use(server, "rabbitmq", "jobs")
    parts = urlsplit(url)
    assert (parts.scheme, parts.hostname, parts.port, parts.path) == ("amqp", "jobs.rabbitmq", 5672, "/jobs")
    inside = ["mooring", "rabbitmq:enter", "jobs", "rabbitmqctl", "--quiet"]
    server.run([*inside, "authenticate_user", parts.username or "", parts.password or ""])
    server.run([*inside, "add_vhost", "other"])
    assert f"{parts.username}\t.*" in server.run([*inside, "list_permissions", "--vhost=jobs"]).stdout
    assert server.run(["mooring", "config:get", APP, "CLOUDAMQP_URL"]).stdout.strip() == url
    leave(server, "rabbitmq", "jobs")
