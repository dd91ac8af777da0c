"""Every command explains itself."""

import pytest

from mooring import commands


def test_every_command_has_a_summary_and_an_example_of_itself() -> None:
    every = commands.every()
    assert len(every) > 30
    for command in every:
        assert command.summary.endswith(".")
        assert command.example.startswith(f"mooring {command.name}")
        assert f"example: {command.example}" in command.parser().format_help()


def test_a_command_is_found_by_its_name_and_dokku_alts_words_too() -> None:
    for name in [each.name for each in commands.every()]:
        found = commands.find(name)
        assert found is not None
        assert found.name == name
    created = commands.find("create")
    assert created is not None
    assert created.name == "apps:create"


@pytest.mark.parametrize(
    "word", ["", "appz", "apps:", ":", "../x", "apps:nothing", "listing", "stdin", "__init__", "os"]
)
def test_nothing_else_is_a_command(word: str) -> None:
    assert commands.find(word) is None
