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


@pytest.mark.parametrize(
    ("word", "name"),
    [("builder:report", "builder"), ("domains:report", "domains"), ("events:list", "events"), ("ports:list", "ports"),
     ("config:show", "config"), ("ports:report", "ports"), ("tag:list", "tag:list"), ("run:list", "run:list"),
     ("ssh-keys:add", "access:add"), ("apps:report", "apps:info"), ("nginx:report", "nginx"), ("apps:nosuch", ""),
     ("nosuch:list", "")],
)  # fmt: skip
def test_dokkus_words_for_showing_something_are_those_of_the_group(word: str, name: str) -> None:
    found = commands.find(word)
    assert (found.name if found else "") == name


@pytest.mark.parametrize("word", ["docker-options:add", "git:allow-host", "git:load-image", "postgres:backup-auth"])
def test_a_word_of_dokkus_that_has_no_use_here_is_told_what_to_do(word: str) -> None:
    assert commands.find(word) is None
    assert "did you mean" not in commands.unknown(word)
    assert "(`mooring help` lists them)" not in commands.unknown(word)
