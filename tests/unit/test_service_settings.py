"""Settings of services: which may be set, how a server reads them, and what is told of one that is refused."""

import re
from pathlib import Path

import pytest

from mooring.host.names import ServiceName
from mooring.host.refusal import Refusal
from mooring.service import instance, kind, services, setting, trial
from mooring.service.services import Service

WITH = [name for name in kind.names() if kind.of(name).settings.line]


def test_what_is_typed_is_set_and_an_empty_value_unsets() -> None:
    postgres = kind.of("postgres")
    assert setting.parse(postgres, ["a=1", "b=x=y", "c= "], {}) == {"a": "1", "b": "x=y", "c": " "}
    assert setting.parse(postgres, ["a="], {"a": "1", "b": "2"}) == {"b": "2"}
    assert setting.parse(kind.of("mariadb"), ["max-connections=2"], {"max_connections": "1"}) == {
        "max-connections": "2"
    }


@pytest.mark.parametrize("word", ["a", "=1", "", "1a=2", "a b=c", "a\n=1", "--a=1", "a'=1", "a" * 99 + "=1"])
def test_what_is_no_setting_is_refused(word: str) -> None:
    with pytest.raises(Refusal, match="is no setting"):
        setting.parse(kind.of("postgres"), [word], {})


@pytest.mark.parametrize(
    ("name", "word"),
    [("postgres", "a=x\ny"), ("postgres", "a=\x1b"), ("postgres", "a=" + "x" * 1001), ("redis", "save=60 1\nport 1"),
     ("nats", "max_payload=1}"), ("memcached", "threads='; id; '"), ("memcached", "threads=$(id)")],
)  # fmt: skip
def test_a_value_is_one_line_of_what_the_server_can_be_told(name: str, word: str) -> None:
    with pytest.raises(Refusal, match="cannot be"):
        setting.parse(kind.of(name), [word], {})


@pytest.mark.parametrize(
    ("name", "key"),
    [("postgres", "port"), ("postgres", "Listen_Addresses"), ("postgres", "include_dir"), ("postgres", "ssl_key_file"),
     ("mariadb", "bind-address"), ("mariadb", "bind_address"), ("redis", "DIR"), ("redis", "bind"),
     ("redis", "tls-port"), ("valkey", "aclfile"), ("nats", "http_port"), ("nats", "authorization"),
     ("memcached", "listen"), ("rabbitmq", "listeners.tcp.1")],
)  # fmt: skip
def test_what_mooring_itself_needs_is_not_set(name: str, key: str) -> None:
    with pytest.raises(Refusal, match="is what Mooring itself needs"):
        setting.parse(kind.of(name), [f"{key}=1"], {})


@pytest.mark.parametrize("name", WITH)
def test_settings_reach_the_server_by_a_file_of_its_kind(name: str) -> None:
    read = kind.of(name)
    text = setting.text(read, {"some-key": "7"}, {"most_data": 0})
    files = [read.text(file, {"settings": text, "most_data": 0}) for file in read.files]
    assert [file for file in files if "some-key" in file and "7" in file]
    assert not kind.PLACE.findall(text)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [("postgres", "it's a \\", "a = 'it''s a \\\\'"), ("mariadb", 'a"b\\', 'a = "a\\"b\\\\"'),
     ("redis", "60 1", "a 60 1"), ("nats", "2MB", "a: 2MB"), ("postgres", "{data}", "a = '{data}'")],
)  # fmt: skip
def test_a_value_is_written_as_its_server_reads_it(name: str, value: str, line: str) -> None:
    assert setting.text(kind.of(name), {"a": value}, {"most_data": 0}).splitlines()[-1] == line


def test_what_a_person_sets_comes_instead_of_what_a_definition_does() -> None:
    redis = kind.of("redis")
    assert setting.in_force(redis, {})["appendonly"] == "yes"
    assert setting.in_force(redis, {"AppendOnly": "no"}).get("appendonly") is None
    assert "maxmemory 70" in setting.text(redis, {}, {"most_data": 70})


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("2026-11-27 15:54:00.540 UTC [6] LOG:  starting\n2026-11-27 15:54:00.540 UTC [6] FATAL:  could not map "
         "memory\n2026-11-27 15:54:00.540 UTC [6] LOG:  database system is shut down",
         "FATAL: could not map memory"),
        ("2026-11-27 15:55:10 0 [Warning] could not do x\n2026-11-27 15:55:10 0 [ERROR] unknown variable 'a=1'",
         "[ERROR] unknown variable 'a=1'"),
        ("7:M 27 Nov 2026 15:55:19.753 # Fatal: no", "Fatal: no"),
        ("2026-11-27 15:55:19.753+00:00 [error] <0.153.0> You've tried it", "You've tried it"),
        ("unrecognized option '--nothing=1' 2", "unrecognized option '--nothing=1' 2"),
        ("one\ntwo", "two"),
        ("", ""),
    ],
)  # fmt: skip
def test_what_a_server_says_is_told_in_a_line(said: str, why: str) -> None:
    assert setting.why(said) == why


@pytest.fixture
def orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setattr("mooring.host.paths.SERVICES", tmp_path)
    record = Service(ServiceName("postgres", "orders"), "17", "sha256:0", 1, 1, "10.0.0.0/29", "10.0.0.2")
    record.folder.mkdir(parents=True)
    return services.save(record)


def test_what_is_on_trial_is_back_where_the_server_does_not_come_up(orders: Service) -> None:
    trial.begin(orders.name, settings={"a": "1"})
    services.change(orders.name, expose="127.0.0.1:1")
    trial.begin(orders.name, settings={"a": "2"}, memory=7)
    assert services.load(orders.name).settings == {"a": "2"}
    assert trial.take_back(orders.name)
    record = services.load(orders.name)
    assert (record.settings, record.memory, record.expose) == ({}, 0, "127.0.0.1:1")
    assert not trial.take_back(orders.name)


def test_what_the_server_has_come_up_with_holds(orders: Service) -> None:
    trial.begin(orders.name, settings={"a": "1"})
    trial.keep(orders.name)
    assert not trial.take_back(orders.name)
    assert services.load(orders.name).settings == {"a": "1"}


def test_limits_are_those_of_its_container(orders: Service) -> None:
    postgres = kind.of("postgres")
    spec = instance.spec(orders.changed(memory=7, cpu=0.5), postgres, postgres.server.command)
    assert (spec.memory, spec.cpu) == (7, 0.5)


@pytest.mark.parametrize("key", ["postgres", "my-app.1.web.1", "a_", "A_b"])
def test_a_container_that_is_no_services_is_none(key: str) -> None:
    assert ServiceName.of_key("postgres_my-orders") == ServiceName("postgres", "my-orders")
    with pytest.raises(Refusal, match=re.escape("names no service")):
        ServiceName.of_key(key)
