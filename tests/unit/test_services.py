"""Services: their definitions, their names, and what is made of both."""

import re
import shutil
from pathlib import Path

import pytest

from mooring.app import addons
from mooring.host.names import ServiceName, check_service
from mooring.host.refusal import Refusal
from mooring.pipeline import link_change
from mooring.runtime import server
from mooring.service import exposure, grant, image, kind
from mooring.service.kind import Kind
from tests.server.cache import CHECKOUT

KINDS = kind.names()
IN_FILES = {"user", "password", "database", "host", "port", "data", "most_data", "settings"}
IN_WORDS = IN_FILES | {"version", "memory"}


@pytest.mark.parametrize("name", KINDS)
def test_a_definition_asks_for_nothing_that_is_not_known(name: str) -> None:
    read = kind.of(name)
    words = [*read.server.init, *read.server.command, *read.server.ready, *read.link.run, *read.console.command]
    words += [*read.whole.export, *read.whole.import_, *read.upgrade.before, *read.upgrade.after, *read.dump.settle]
    words += [*read.dump.export, *read.dump.import_, read.link.url, *read.link.config.values(), read.image]
    assert {each for word in words for each in kind.PLACE.findall(word)} <= IN_WORDS
    for file in [
        *read.files,
        *filter(None, (read.link.grant, read.link.read_only, read.link.revoke, read.link.database)),
    ]:
        assert set(kind.PLACE.findall(re.sub(r"\$\{\w+\}", "", (read.folder / file).read_text()))) <= IN_FILES


def test_what_is_told_of_add_ons_can_be_made() -> None:
    assert {kind for kind, _ in addons.KINDS.values() if kind} <= set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_a_definition_can_be_had(name: str) -> None:
    read = kind.of(name)
    assert image.check_version(read, "") == read.versions[0]
    assert (read.folder / "Dockerfile").is_file() == bool(read.packaged)
    if read.packaged:
        assert "mooring-stack:run" in (read.folder / "Dockerfile").read_text()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("port = 5432", 'port = "5432"', "port is '5432' (write it like 1)"),
        ("port = 5432", "", "port is missing"),
        ("port = 5432", "port = 5432\nsort = 1", "sort is no key of a service"),
        ('as = "DATABASE"', 'prefix = "DATABASE"', "link.prefix is no key"),
        ('grant = "grant.sql"', 'grant = "../grant.sql"', "which is not beside it"),
        ('grant = "grant.sql"', 'grant = "other.sql"', "which is not beside it"),
        ('grant = "grant.sql"', "", "go together"),
        ('packaged = ["17", "15"]', 'packaged = ["12"]', "packaged has versions that `versions` has not"),
        ("[server]", "[server", "is not TOML"),
    ],
)
def test_a_definition_that_is_wrong_is_told_by_its_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    shutil.copytree(CHECKOUT / "services/postgres", tmp_path / "postgres")
    path = tmp_path / "postgres/service.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(Refusal, match=re.escape(said)):
        kind.read(tmp_path / "postgres")


def test_what_is_no_name_of_ours_stays_in_a_script() -> None:
    assert kind.filled("${HOME} {user} {other}", {"user": "u"}) == "${HOME} u {other}"


@pytest.mark.parametrize("name", KINDS)
def test_a_url_holds_whatever_is_in_a_password(name: str) -> None:
    from urllib.parse import unquote, urlsplit

    read = kind.of(name)
    password = "p@ss:w/o?r#d%& é"
    values = {"user": "app_a", "password": password, "database": "d", "host": f"s.{name}", "port": str(read.port)}
    url = grant.url(read, values)
    parts = urlsplit(url)
    assert (parts.hostname, parts.port) == (f"s.{name}", read.port)
    if "{password}" in read.link.url:
        assert unquote(parts.password or "") == password
    assert " " not in url


def test_names_of_services_are_no_apps_and_nobody_elses() -> None:
    name = ServiceName("postgres", "my-orders")
    assert (str(name), name.host, name.key) == ("postgres.my-orders", "my-orders.postgres", "postgres_my-orders")
    assert name.unit == "mooring-service@postgres.my-orders.service"
    assert name.slice == "mooring_services-postgres_my_orders.slice"
    assert ServiceName.parse(str(name)) == name
    for wrong in ("postgres", "Postgres.a", "a-b.c", "postgres.", "postgres.a.b", "postgres.-a", "../x.y"):
        with pytest.raises(Refusal):
            ServiceName.parse(wrong)
    for wrong in ("", "A", "a_b", "-a", "a.b", "../a", "a" * 41):
        with pytest.raises(Refusal, match="cannot name a service"):
            check_service("postgres", wrong)


def test_the_user_of_an_app_is_none_of_the_servers_own() -> None:
    assert grant.user_of("my-app") == "app_my_app"
    assert grant.user_of("postgres") == "app_postgres"


@pytest.mark.parametrize("version", ["17", "17.2", "16-alpine"])
def test_a_version_is_one_of_the_known_or_a_closer_word_for_one(version: str) -> None:
    assert image.check_version(kind.of("postgres"), version) == version


@pytest.mark.parametrize("version", ["9", "170", "17/x", "17.$(id)", "latest"])
def test_a_version_that_there_is_not_is_refused_with_those_that_there_are(version: str) -> None:
    with pytest.raises(Refusal, match="there are 17, 16"):
        image.check_version(kind.of("postgres"), version)


def test_services_take_small_networks_from_the_end_of_the_pool() -> None:
    assert server.free_subnet("10.90.0.0/16", []) == "10.90.255.248/29"
    assert server.free_subnet("10.90.0.0/16", ["10.90.255.248/29", "10.90.0.0/25", "fd00::/64"]) == "10.90.255.240/29"
    with pytest.raises(Refusal, match="is taken"):
        server.free_subnet("10.90.0.0/25", ["10.90.0.0/16"])


@pytest.mark.parametrize(
    ("word", "place"),
    [
        ("5432", "127.0.0.1:5432"),
        ("192.0.2.1:80", "192.0.2.1:80"),
        ("[::1]:80", "[::1]:80"),
        ("0.0.0.0:1", "0.0.0.0:1"),
    ],
)
def test_a_place_is_a_port_of_loopback_or_an_address_and_a_port(word: str, place: str) -> None:
    assert str(exposure.parse(word)) == place


@pytest.mark.parametrize("word", ["", "0", "70000", "here:80", "::1:80", "1.2.3:80", "80:80:80", "-1"])
def test_what_is_no_place_is_refused(word: str) -> None:
    with pytest.raises(Refusal, match="no place to listen at"):
        exposure.parse(word)


def test_a_link_is_called_in_capital_letters() -> None:
    assert link_change.check_prefix("REPORTS_URL") == link_change.check_prefix("REPORTS") == "REPORTS"
    for wrong in ("", "reports", "1A", "A-B", "A=B"):
        with pytest.raises(Refusal, match="cannot begin a config var"):
            link_change.check_prefix(wrong)


def test_a_database_is_none_of_the_servers_own() -> None:
    postgres = kind.of("postgres")
    assert link_change.check_database(postgres, "yearly") == "yearly"
    for wrong in ("template1", "A", "a b", 'a"b', "1a", "a-b"):
        with pytest.raises(Refusal, match="cannot name a database"):
            link_change.check_database(postgres, wrong)


def test_every_kind_has_the_same_commands_and_is_told_of_once() -> None:
    from mooring import commands

    every = [each for each in commands.every() if each.kind]
    assert {each.kind for each in every} == set(KINDS)
    listed = [each.name for each in commands.listed()]
    assert "KIND:create" in listed
    assert not [name for name in listed if name.partition(":")[0] in KINDS]
    created = commands.find("redis:create")
    assert created
    assert created.summary == "Make a redis, and start it."
    assert commands.find("nothing:create") is None
    assert commands.find("service:create") is None


def test_linking_is_for_admins_and_unlinking_for_who_has_the_app() -> None:
    from mooring import commands

    for verb, allowed in (
        ("link", False),
        ("unlink", True),
        ("promote", True),
        ("enter", False),
        ("export", False),
        ("info", True),
    ):
        found = commands.find(f"postgres:{verb}")
        assert found
        assert found.is_for_developers == allowed, verb


def test_a_kind_of_this_servers_own_comes_before_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kind, "OWN", tmp_path)
    shutil.copytree(CHECKOUT / "services/redis", tmp_path / "dragonfly")
    assert "dragonfly" in kind.names()
    found: Kind | None = kind.find("dragonfly")
    assert found
    assert found.folder == tmp_path / "dragonfly"
