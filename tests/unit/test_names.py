"""Names become paths, units and host names: nothing else gets through."""

import re

import pytest

from mooring.app import procfile
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


@pytest.mark.parametrize(
    "text",
    [
        "my-app.42",
        "my-app.42.web",
        "my-app.42.web.0",
        "my-app.42.-web.1",
        "my-app.x.web.1",
        "my-app.42.we b.1",
        "my-app.42.web_.1",
        f"my-app.42.{'x' * 61}.1",
    ],
)
def test_nothing_else_names_a_container(text: str) -> None:
    with pytest.raises(Refusal):
        ContainerName.parse(text)


@pytest.mark.parametrize("process", ["notifyVaccines", "a_b-C9", "2nd", "X", "x" * 60])
def test_a_process_is_called_as_its_procfile_line_is(process: str) -> None:
    assert procfile.parse(f"{process}: sleep 1") == {process: "sleep 1"}
    name = ContainerName(ReleaseName("my-app", 42), process, 1)
    assert ContainerName.parse(str(name)) == name
    assert name.unit == f"mooring-app@my-app.42.{process}.1.service"
    assert re.fullmatch(r"[A-Za-z0-9:_.\\@-]{1,255}", name.unit), "systemd.unit(5)"
    assert len(f"{name.label}9".replace("_", "-")) <= 64, "gethostname(2)"


@pytest.mark.parametrize(
    ("text", "said"),
    [("web: x\na b: y", "line 2: 'a b' cannot name a process .*60 letters, digits"), ("_x: y", "'_x' cannot name"),
     ("-x: y", "cannot name"), ("é: y", "cannot name"), (f"{'x' * 61}: y", "cannot name"), ("run: y", "one-off"),
     ("Web: y", "Web differs from web in capitals alone"), ("RELEASE: y", "differs from release"),
     ("a: x\nA: y", "line 2: A differs from a in capitals"), ("a: x\na: y", "line 2 names a again"),
     ("nonsense", "line 1 is not `name: command`"), ("web:", "line 1 is not `name: command`")],
)  # fmt: skip
def test_a_line_of_a_procfile_that_is_none_is_named_with_the_rule(text: str, said: str) -> None:
    with pytest.raises(Refusal) as refusal:
        procfile.parse(text)
    assert re.search(said, str(refusal.value))


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
