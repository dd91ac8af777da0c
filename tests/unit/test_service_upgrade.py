"""How far an upgrade of a service has come is known whatever ends it, and each way leads to one of two versions."""

from pathlib import Path

import pytest

from mooring.host import paths, text
from mooring.host.names import ServiceName
from mooring.host.refusal import die
from mooring.service import services, upgrade
from mooring.service.services import Service
from mooring.service.upgrade import Side

NAME = ServiceName("postgres", "orders")
OLD, NEW = Side("15", "sha256:old", 999, 999), Side("17", "sha256:new", 70, 70)


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setattr(paths, "SERVICES", tmp_path)
    (services.folder(NAME) / "data").mkdir(parents=True)
    (services.folder(NAME) / "data/is").write_text("old")
    return services.save(Service(NAME, *OLD, subnet="", address=""))


def make(service: Service, wanted: Side, place: Path) -> None:
    (place / "data").mkdir(parents=True)
    (place / "data/is").write_text("new")


def fail(service: Service, wanted: Side, place: Path) -> None:
    make(service, wanted, place)
    die("it is broken", "mend it")


def in_use() -> tuple[str, str]:
    return services.load(NAME).version, (services.folder(NAME) / "data/is").read_text()


def kept() -> str:
    return (upgrade.other(NAME) / "data/is").read_text()


def go_on() -> None:
    upgrade.go_on(services.load(NAME), make)


def test_it_starts_on_what_was_made_and_keeps_what_was_there(service: Service) -> None:
    upgrade.ask(service, NEW)
    go_on()
    assert in_use() == ("17", "new")
    assert (services.load(NAME).uid, kept(), upgrade.is_unproven(NAME)) == (70, "old", True)
    upgrade.proven(NAME)
    assert not upgrade.is_unproven(NAME)
    go_on()
    assert in_use() == ("17", "new")
    upgrade.forget(NAME)
    assert not upgrade.other(NAME).exists()


def test_what_cannot_be_made_is_given_up(service: Service) -> None:
    upgrade.ask(service, NEW)
    upgrade.go_on(service, fail)
    assert (in_use(), upgrade.read(NAME), upgrade.other(NAME).exists()) == (("15", "old"), None, False)
    assert upgrade.failure_of(NAME).read_text().startswith("it is broken (mend it)")


def test_what_was_cut_off_while_it_was_made_is_given_up(service: Service) -> None:
    def cut(service: Service, wanted: Side, place: Path) -> None:
        make(service, wanted, place)
        raise KeyboardInterrupt

    upgrade.ask(service, NEW)
    with pytest.raises(KeyboardInterrupt):
        upgrade.go_on(service, cut)
    go_on()
    assert (in_use(), upgrade.read(NAME), upgrade.other(NAME).exists()) == (("15", "old"), None, False)


def test_what_was_cut_off_while_it_moved_goes_on(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in ("files.exchange", "files.sync_directory", "services.change", "users_of"):
        upgrade.ask(services.load(NAME), NEW)
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            where, _, name = step.rpartition(".")
            target = getattr(upgrade, where) if where else upgrade
            calls = iter([False] * (name == "users_of"))
            real = getattr(target, name)

            def cut(*words: object, real: object = real, calls: object = calls, **more: object) -> object:
                if next(calls, True):  # type: ignore[call-overload]
                    raise KeyboardInterrupt
                return real(*words, **more)  # type: ignore[operator]

            patched.setattr(target, name, cut)
            go_on()
        go_on()
        assert (in_use(), kept()) == (("17", "new"), "old"), step
        upgrade.take_back(NAME, "enough")
        upgrade.proven(NAME)
        assert in_use() == ("15", "old"), step


def test_what_does_not_come_up_is_taken_back_once(service: Service) -> None:
    upgrade.ask(service, NEW)
    go_on()
    upgrade.take_back(NAME, "it does not answer")
    assert (in_use(), upgrade.is_unproven(NAME)) == (("15", "old"), False)
    upgrade.proven(NAME)
    assert (upgrade.read(NAME), upgrade.other(NAME).exists()) == (None, False)
    assert upgrade.failure_of(NAME).read_text() == "it does not answer"


def test_a_way_back_loses_nothing_either(service: Service) -> None:
    upgrade.ask(service, NEW)
    go_on()
    upgrade.proven(NAME)
    for version, data, other in (("15", "old", "new"), ("17", "new", "old")):
        found = upgrade.read(NAME)
        assert found
        upgrade.ask_back(found)
        go_on()
        upgrade.proven(NAME)
        assert (in_use(), kept()) == ((version, data), other)
    found = upgrade.read(NAME)
    assert found
    upgrade.ask_back(found)
    go_on()
    upgrade.take_back(NAME, "the old one is broken")
    upgrade.proven(NAME)
    assert (in_use(), kept()) == (("17", "new"), "old")


@pytest.mark.parametrize(
    ("version", "than", "is_older"),
    [("15", "17", True), ("17", "15", False), ("17", "17.2", False), ("17.2", "17", False), ("10.11", "11.8", True),
     ("11.8", "11.4", False), ("9", "10", True), ("16-alpine", "17", True)],
)  # fmt: skip
def test_which_version_comes_before_another(version: str, than: str, is_older: bool) -> None:
    assert upgrade.is_older(version, than) is is_older


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("", ""),
        ("one\n\n", "one"),
        ("initdb: error: could not write: No space left on device\ninitdb: removing", "initdb: error: could not write: "
         "No space left on device"),
        ("ERROR: no such role\nLINE 1: x", "ERROR: no such role"),
    ],
)  # fmt: skip
def test_the_line_that_says_why(said: str, cause: str) -> None:
    assert text.cause(said) == cause
