"""Names become paths, units and host names: nothing else gets through."""

import pytest

from mooring.host import env_file, names
from mooring.host.names import ContainerName, ReleaseName
from mooring.host.refusal import Refusal

NASTY = [
    "",
    "-x",
    "x-",
    "A",
    "a b",
    "../x",
    "a/b",
    "a.b",
    "a_b",
    "é",
    "a\n",
    "a;id",
    "$(id)",
    "x" * 41,
    "'",
    '"',
    "a\0b",
]


@pytest.mark.parametrize("name", ["a", "a1", "1a", "my-app", "a--b", "x" * 40])
def test_an_ordinary_name_names_an_app(name: str) -> None:
    assert names.check_app(name) == name


@pytest.mark.parametrize("name", [*NASTY, "mooring", "default", "all", "localhost"])
def test_no_other_name_does(name: str) -> None:
    with pytest.raises(Refusal):
        names.check_app(name)


def test_a_release_name_reads_as_it_is_written() -> None:
    assert str(ReleaseName.parse("my-app.42")) == "my-app.42"
    assert ReleaseName.parse("my-app.42").image == "mooring/my-app:42"


@pytest.mark.parametrize(
    "text", ["my-app", "my-app.", ".1", "a.0", "a.01", "a.1.2", "a.-1", "A.1", "a.1\n", "a.9999999999"]
)
def test_nothing_else_names_a_release(text: str) -> None:
    with pytest.raises(Refusal):
        ReleaseName.parse(text)


def test_releases_are_in_the_order_of_their_numbers() -> None:
    assert sorted([ReleaseName("a", 10), ReleaseName("a", 9)])[0].number == 9


def test_a_container_name_reads_as_it_is_written() -> None:
    container = ContainerName.parse("my-app.42.web.1")
    assert (container.release.number, container.process, container.ordinal) == (42, "web", 1)
    assert container.unit == "mooring-app@my-app.42.web.1.service"


@pytest.mark.parametrize("text", ["my-app.42", "my-app.42.web", "my-app.42.web.0", "my-app.42.WEB.1", "my-app.x.web.1"])
def test_nothing_else_names_a_container(text: str) -> None:
    with pytest.raises(Refusal):
        ContainerName.parse(text)


def test_an_apps_slice_is_not_nested_in_another_apps() -> None:
    assert names.slice_of("my-app") == "mooring-my_app.slice"


@pytest.mark.parametrize(
    "value",
    ["", "plain", "two words", "a\nb\n", 'say "hi"', "it's", "back\\slash", "\\n", "tab\t", "é€", "#x", "$HOME `id`"],
)
def test_an_env_file_is_read_as_it_was_written(value: str) -> None:
    assert env_file.parse(env_file.render({"A": value, "B": "b"})) == {"A": value, "B": "b"}


def test_an_env_file_of_a_persons_is_read() -> None:
    text = "# comment\n\nexport A=1\nB = 'two words'\nC=\"three\nlines\\n\"\nD=\n"
    assert env_file.parse(text) == {"A": "1", "B": "two words", "C": "three\nlines\n", "D": ""}


@pytest.mark.parametrize("text", ["nonsense", "1A=x", "A-B=x", "A='open", 'A="open\nB=1'])
def test_a_broken_env_file_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        env_file.parse(text)


@pytest.mark.parametrize("word", ["A", "=x", "1A=x", "A B=x", "A=\0"])
def test_a_word_that_is_no_pair_is_refused(word: str) -> None:
    with pytest.raises(Refusal):
        env_file.parse_pairs([word])
