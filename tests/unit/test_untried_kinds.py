"""Kinds whose servers the tests do not run: what comes of their definitions, as server and app are given it."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest

from mooring.host.names import ServiceName
from mooring.service import grant, image, instance, kind, page
from mooring.service.kind import Kind
from mooring.service.services import Service
from tests.server.cache import CHECKOUT

PASSWORD = "0123456789abcdef" * 3
VALUES = {"user": "app_my_app", "password": PASSWORD, "database": "orders"}
OURS = [each.name for each in page.ours()]
LOGIN = f"app_my_app:{PASSWORD}"
SHELL = re.compile(r"\$\{\w+\}|\\gexec")


class Rendered(NamedTuple):
    """What is asked of Docker, and what an app is given."""

    image: str
    command: str
    mount: str
    user: str
    url: str
    config: set[str]


MADE = {
    "mongodb": Rendered(
        "mongo:8.0", "mongod --auth --bind_ip_all --port=27017 --dbpath=/data/db/db", "/data/db", "999:999",
        f"mongodb://{LOGIN}@orders.mongodb:27017/orders", {"MONGODB_URI"},
    ),
    "mysql": Rendered(
        "mysql:8.4", "mysqld --defaults-file=/mooring/my.cnf", "/var/lib/mysql", "999:999",
        f"mysql://{LOGIN}@orders.mysql:3306/orders", set(),
    ),
    "elasticsearch": Rendered(
        "elasticsearch:9.1.4", "sh -eu /mooring/serve.sh", "/data", "1000:0",
        f"http://{LOGIN}@orders.elasticsearch:9200", set(),
    ),
    "opensearch": Rendered(
        "opensearchproject/opensearch:3", "sh -eu /mooring/serve.sh", "/data", "1000:1000",
        f"http://{LOGIN}@orders.opensearch:9200", set(),
    ),
    "clickhouse": Rendered(
        "clickhouse/clickhouse-server:25.8", "clickhouse-server --config-file=/mooring/config.xml",
        "/var/lib/clickhouse", "101:101",
        f"clickhouse://{LOGIN}@orders.clickhouse:9000/orders", {"CLICKHOUSE_HTTP_URL"},
    ),
    "meilisearch": Rendered(
        "getmeili/meilisearch:v1.24", "sh -eu /mooring/serve.sh", "/meili_data", "1000:1000",
        "http://orders.meilisearch:7700", {"MEILISEARCH_HOST"},
    ),
    "minio": Rendered(
        "minio/minio:RELEASE.2025-09-07T16-13-09Z", "sh -eu /mooring/serve.sh", "/data", "1000:1000",
        f"http://{LOGIN}@orders.minio:9000",
        {"AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"},
    ),
}  # fmt: skip


def service(name: str, user: str, memory: int = 0) -> Service:
    uid, gid = map(int, user.split(":"))
    return Service(ServiceName(name, "orders"), "1", "sha256:0", uid, gid, "10.0.0.0/29", "10.0.0.2", memory)


def values(of: Kind) -> dict[str, str]:
    return {**VALUES, "host": f"orders.{of.name}", "port": str(of.port)}


def test_these_are_all_that_are_not_run() -> None:
    assert set(MADE) == set(kind.untried())


@pytest.mark.parametrize("name", MADE)
def test_what_docker_and_the_app_are_given(name: str) -> None:
    of, wanted = kind.of(name), MADE[name]
    assert of.image.replace("{version}", image.check_version(of, "")) == wanted.image
    spec = instance.spec(service(name, wanted.user), of, of.server.command)
    assert " ".join(spec.command) == wanted.command
    assert spec.user == wanted.user
    assert list(spec.mounts) == ["/mooring", wanted.mount]
    if ":" in of.user:
        assert of.user == wanted.user
    assert grant.url(of, values(of)) == wanted.url
    assert set(of.link.config) == wanted.config
    assert not any("{" in value for value in of.server.environment.values())


@pytest.mark.parametrize("name", MADE)
def test_what_a_link_asks_of_the_server_is_filled_in_and_keeps_the_password_out_of_arguments(name: str) -> None:
    of = kind.of(name)
    for file in filter(None, (of.link.database, of.link.grant, of.link.revoke)):
        text = of.text(file, VALUES)
        assert not kind.PLACE.findall(SHELL.sub("", text)), file
        if of.link.run == ("sh", "-eu"):
            outside = re.sub(r"<<'(\w+)'\n.*?\n\1\n", "\n", text + "\n", flags=re.DOTALL)
            assert PASSWORD not in outside, file
    if of.link.grant:
        assert PASSWORD in of.text(of.link.grant, VALUES)
        assert "app_my_app" in of.text(of.link.revoke, VALUES)
    for words in (of.link.run, of.console.command, of.console.user_command, of.dump.export, of.dump.import_):
        assert "{password}" not in " ".join(words)


@pytest.mark.parametrize("name", OURS)
def test_every_script_is_one_a_shell_can_read(name: str) -> None:
    for script in sorted((CHECKOUT / "services" / name).glob("*.sh")):
        text = kind.of(name).text(script.name, {**VALUES, "most_data": 0})
        done = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{script}: {done.stderr}"


def bodies(text: str) -> list[Any]:
    return [json.loads(body) for body in re.findall(r"<<'JSON'\n(.*?)\nJSON\n", text, re.DOTALL)]


def test_elasticsearch_and_opensearch_are_asked_in_json() -> None:
    for name, roles in (("elasticsearch", "roles"), ("opensearch", "opendistro_security_roles")):
        role, user = bodies(kind.of(name).text("grant.sh", VALUES))
        assert user == {"password": PASSWORD, roles: ["app"]}
        assert len(role) == 2
    indices = bodies(kind.of("elasticsearch").text("grant.sh", VALUES))[0]["indices"]
    assert indices == [{"names": ["*"], "privileges": ["all"]}]


def test_clickhouse_listens_for_apps_and_lets_nobody_in_without_a_password() -> None:
    of = kind.of("clickhouse")
    config = ElementTree.fromstring(of.text("config.xml", {}))
    assert config.findtext("listen_host") == "0.0.0.0"
    assert config.findtext("tcp_port") == "9000"
    assert config.findtext("user_directories/users_xml/path") == "/var/lib/clickhouse/users.xml"
    users = re.search(r"users.xml <<XML\n(.*?)\nXML", of.text("init.sh", {}), re.DOTALL)
    assert users
    (admin,) = ElementTree.fromstring(users[1]).iterfind("users/*")
    assert (admin.tag, admin.findtext("networks/ip"), admin.findtext("password_sha256_hex")) == (
        "admin", "127.0.0.1", "$hash",
    )  # fmt: skip


def test_mysql_grants_one_database_whose_underscores_are_no_wildcards() -> None:
    said = kind.of("mysql").text("grant.sh", {**VALUES, "database": "my_orders"})
    assert r"REPLACE('my_orders', '_', '\\_')" in said
    assert "''app_my_app''@''%''" in said


@pytest.mark.parametrize(("memory", "heap"), [(0, 0), (1 << 30, 511)])
def test_opensearch_has_half_of_its_limit_as_heap(tmp_path: Path, memory: int, heap: int) -> None:
    script = kind.of("opensearch").text("serve.sh", {"most_data": int(memory * instance.MOST_DATA)})
    script = script.partition("OPENSEARCH_INITIAL")[0] + 'echo "${OPENSEARCH_JAVA_OPTS:-}"'
    said = subprocess.run(["sh", "-eu"], input=script, capture_output=True, text=True, check=True).stdout
    assert said.strip() == (f"-Xms{heap}m -Xmx{heap}m" if heap else "")


@pytest.mark.parametrize("name", OURS)
def test_the_page_of_a_kind_is_that_of_its_definition(name: str) -> None:
    """`python -m mooring.service.page` writes all of them."""
    written = (CHECKOUT / f"docs/services/{name}.md").read_text()
    assert written == page.page(kind.read(CHECKOUT / "services" / name))
    assert ("**It was not run.**" in written) == (name in MADE)
    assert f"(services/{name}.md)" in (CHECKOUT / "docs/services.md").read_text()


def test_every_page_is_that_of_a_kind() -> None:
    assert sorted(each.stem for each in (CHECKOUT / "docs/services").iterdir()) == sorted(OURS)


def test_a_table_that_the_page_knows_nothing_of_is_on_it() -> None:
    definition = {"server": {}, "settings": {"work_mem": "4MB", "more": {"is": "3", "of": ["a", "b"]}}}
    said = "\n".join(page.others(definition))
    assert "## Settings" in said
    assert "| `work_mem` | `4MB` |" in said
    assert "| `more` | is: `3`; of: `a`, `b` |" in said
    assert "Server" not in said
