"""What `tests/run --since` chooses, and that its table knows the whole house."""

import pytest

from tests import since
from tests.server.cache import CHECKOUT
from tests.server.installed import checkout

OF_ALL = ("pyproject.toml",)
"""What every test may notice."""


def test_the_table_knows_every_file_of_acceptance_tests() -> None:
    there = {str(file.relative_to(CHECKOUT)) for file in CHECKOUT.glob(f"{since.SERVER}/test_*.py")}
    assert since.rooms().keys() == there


def test_what_the_table_names_is_there() -> None:
    named = {room for claimed in since.rooms().values() for room in claimed}
    assert [room for room in sorted(named) if not (CHECKOUT / room).exists()] == []


def test_every_file_of_the_house_is_some_tests_business() -> None:
    importers = since.imported_by()
    claimed = {room for rooms in since.rooms().values() for room in rooms}
    house = [name for name in checkout() if not since.below(name, ("tests", *since.UNNOTICED, *OF_ALL))]
    orphans = [name for name in house if not any(since.below(each, claimed) for each in since.closure(name, importers))]
    assert orphans == []


@pytest.mark.parametrize(
    ("path", "some", "others"),
    [
        ("buildpacks/ruby/bin/compile", {"buildpack_php"}, {"buildpack_go", "deploy"}),
        ("docs/logs.md", {"docs"}, {"logs"}),
        ("mooring/telling/syslog.py", {"logs", "events"}, {"buildpack_go", "docs"}),
        ("nginx/templates/site.conf.j2", {"nginx", "routing"}, {"config"}),
        ("tests/server/test_gate.py", {"gate"}, {"roles"}),
        ("tests/server/talker.py", {"logs", "events"}, {"deploy"}),
        ("tests/unit/test_names.py", set(), {"deploy"}),
    ],
)
def test_a_change_chooses_the_tests_that_are_about_it(path: str, some: set[str], others: set[str]) -> None:
    found = {name.removeprefix("tests/server/test_").removesuffix(".py") for name in since.chosen([path])}
    assert some <= found
    assert not others & found


@pytest.mark.parametrize("path", ["pyproject.toml", "a-room/that/is_new.py", "tests/server/throwaway.py"])
def test_what_no_test_is_about_is_everybodys(path: str) -> None:
    assert len(since.chosen([path])) == len(since.rooms())
