"""Config vars that others wrote down are read as they meant them, or not at all."""

import base64
import contextlib
import json
import random
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping

import pytest

from mooring.commands import config
from mooring.host import dialects, env_file
from mooring.host.refusal import Refusal

ALPHABET = [
    *"aZ09 _-=:#'\"\\$`!@&;|<>(){}[]*?~^%+,./\n\n\t\r",
    *"é€ß\u00a0\u2028\u3000\x85\x1c\x0b\ufeff😀",
    "\\n",
    "\\\\",
    "${A}",
    "$(id)",
    " # x",
    " B=c",
    "\r\n",
    "'\\''",
    "export ",
    "\x01\x7f",
]


def sample(seed: int, without: str = "") -> dict[str, str]:
    """Config vars with all that a value may have, but for some characters that a writer cannot write."""
    chance = random.Random(seed)
    letters = [each for each in ALPHABET if not set(each) & set(without)]
    values = ["".join(chance.choice(letters) for _ in range(chance.choice((0, 1, 2, 5, 40)))) for _ in range(6)]
    return {f"NAME_{number}": value for number, value in enumerate([*values, "plain", "5", ""])}


# -- what others write: models of their writers, to the letter


def godotenv(pairs: Mapping[str, str]) -> str:
    """godotenv.Marshal, of which `dokku config:export --format envfile` is made."""

    def quoted(value: str) -> str:
        for letter in '\\\n\r"!$`':
            value = value.replace(letter, {"\n": "\\n", "\r": "\\r"}.get(letter, f"\\{letter}"))
        return f'"{value}"'

    return "\n".join(f"{name}={value if value == '5' else quoted(value)}" for name, value in sorted(pairs.items()))


def dokku(prefix: str, separator: str) -> Callable[[Mapping[str, str]], str]:
    """Dokku's stringWithPrefixAndSeparator: exports, docker-args, shell."""

    def write(pairs: Mapping[str, str]) -> str:
        quoted = {name: value.replace("'", "'\\''") for name, value in pairs.items()}
        return separator.join(f"{prefix}{name}='{value}'" for name, value in sorted(quoted.items())) + separator

    return write


def heroku(pairs: Mapping[str, str]) -> str:
    """`heroku config -s`: quote.ts of its client."""

    def quoted(value: str) -> str:
        blanks = " \t\n\v\f\r\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(
            map(chr, range(0x2000, 0x200B))
        )
        if not set(value) & set("\"#!$&'()*,:;<=>?@[\\]^`{|}" + blanks):
            return value
        if "'" in value or "\n" in value:
            for letter in '\\"$`!':
                value = value.replace(letter, f"\\{letter}")
            return '"' + value.replace("\n", "\\n") + '"'
        return "'" + value.replace("\\", "\\\\") + "'"

    return "".join(f"{name}={quoted(value)}\n" for name, value in pairs.items())


def docker(pairs: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in pairs.items())


def columns(pairs: Mapping[str, str]) -> str:
    """`dokku config`: columnize, which trims what it prints."""
    width = max(map(len, pairs)) + 3
    rows = [f"{name}:".ljust(width) + value.strip() for name, value in sorted(pairs.items())]
    return "=====> my-app env vars\n" + "\n".join(row.rstrip() for row in rows) + "\n"


def bash(pairs: Mapping[str, str]) -> str:
    """`export -p` of the bash that is here."""
    done = subprocess.run(["bash", "-c", "export -p"], env=dict(pairs), capture_output=True, text=True, check=True)
    return "".join(line for line in done.stdout.splitlines(keepends=True) if not line.startswith(OF_BASHS_OWN))


OF_BASHS_OWN = ("declare -x OLDPWD", "declare -x PWD", "declare -x SHLVL", "declare -x _=")
WRITERS: dict[str, tuple[Callable[[Mapping[str, str]], str], str, str]] = {
    "env": (env_file.render, "auto", ""),
    "envfile": (godotenv, "auto", ""),
    "exports": (dokku("export ", "\n"), "auto", ""),
    "docker-args": (dokku("--env=", " "), "auto", ""),
    "shell": (dokku("", " "), "auto", ""),
    "json": (json.dumps, "auto", ""),
    "json-list": (lambda all: json.dumps([{"name": a, "value": b} for a, b in all.items()]), "auto", ""),
    "heroku": (heroku, "heroku", ""),
    "docker": (docker, "docker", "\n\r"),
    "bash": (bash, "auto", ""),
    "ours, for a shell": (lambda all: config.rendered(dict(all), "shell") + "\n", "auto", ""),
    "ours, as it was": (lambda all: " ".join(f"{a}={shlex.quote(b)}" for a, b in all.items()), "shell", ""),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_what_was_written_is_read_back_in_each_dialect(writer: str) -> None:
    write, dialect, without = WRITERS[writer]
    for seed in range(300 if writer != "bash" else 20):
        pairs = sample(seed, without)
        assert dialects.read(write(pairs), dialect) == pairs, (seed, write(pairs))


def test_what_heroku_writes_is_asked_about_rather_than_read_wrongly() -> None:
    for seed in range(200):
        with contextlib.suppress(Refusal):
            assert dialects.read(heroku(sample(seed))) == sample(seed)
    assert dialects.read(heroku(sample(1, "\\"))) == sample(1, "\\")


@pytest.mark.parametrize("writer", ["exports", "shell", "docker-args"])
def test_what_dokku_writes_for_a_shell_is_read_as_one_where_that_is_chosen(writer: str) -> None:
    for seed in range(100):
        assert dialects.read(WRITERS[writer][0](sample(seed)), writer) == sample(seed)


def test_what_is_in_single_quotes_for_a_shell_is_what_a_shell_reads() -> None:
    for seed in range(20):
        text = config.rendered(sample(seed), "shell")
        done = subprocess.run(["sh", "-c", f"export {text}; env -0"], env={}, capture_output=True, check=True)
        seen = dict(pair.partition("=")[::2] for pair in done.stdout.decode().split("\0") if pair.startswith("NAME"))
        assert seen == sample(seed)


def test_columns_are_read_but_for_the_blanks_at_their_ends() -> None:
    for seed in range(100):
        pairs = {name: value.strip() for name, value in sample(seed, "\n\r:").items()}
        assert dialects.read(columns(pairs)) == pairs, columns(pairs)
    for text in ("B: 1\nLONGER: x y\n", "=== a Config Vars\r\nB: 1\r\nLONGER: x y\r\n", "LONGER: x y\nB: 1"):
        assert dialects.read(text) == {"B": "1", "LONGER": "x y"}
    assert dialects.read("=== my-app Config Vars\n\nA:    one\n    two\nLONG: x # y\n") == {
        "A": "one\n    two",
        "LONG": "x # y",
    }


# -- what people write


@pytest.mark.parametrize(
    ("line", "value"),
    [(r'A="p\$a\!x"', "p$a!x"), (r'A="a\$b\"c\\d\ne"', 'a$b"c\\d\ne'), (r"export A='it'\''s'", "it's"),
     ("A=v # note", "v"), ("A=v#note", "v#note"), ("A=#fff", "#fff"), ("A= # note", ""), ("A='v # w' # note", "v # w"),
     ('A="v" # note', "v"), ("A = v", "v"), ("  export   A=v  ", "v"), ("A=C:\\dir", "C:\\dir"), ("A=", ""),
     (r'A="^\d+$"', r"^\d+$"), ('A="x\\ud83d\\ude00"', "x😀"), ("A=$'a\\nb\\x21'", "a\nb!"), ('A="${B}/$C"', "${B}/$C"),
     ("A=one two=three", None), ('A="two\nlines"', "two\nlines"), ("A='two\nlines'", "two\nlines")],
)  # fmt: skip
def test_a_line_is_read_as_a_person_means_it(line: str, value: str | None) -> None:
    text = f"# comment\n\n{line}\nB=1\n"
    assert dialects.read(text) == {"A": value or ("one two=three" if value is None else ""), "B": "1"}


def test_a_file_of_windows_is_one_but_for_what_is_in_a_value() -> None:
    assert dialects.read("A=1\r\nB='x'\r\nC=\"a\r\nb\"\r\n") == {"A": "1", "B": "x", "C": "a\nb"}
    assert dialects.read("export A='x\r\ny'\n") == {"A": "x\r\ny"}
    assert dialects.read("A=1\r\nB='x' \r\nC=2\n") == {"A": "1", "B": "x", "C": "2"}


@pytest.mark.parametrize(
    ("text", "said"),
    [("B=1\nA='a\\\\b'\n", "line 2 can be meant in two ways.*--format heroku"),
     ("A=1 B=2\n", "line 1 can be meant in two ways.*--format shell"),
     ("LONGER:  1\nA:  2\nB:\n", "line 2 can be meant in two ways: is A a config var of its own.*--format pretty"),
     ("B: 1\nA: 'x'\n", "line 2 can be meant in two ways.*--format pretty")],
)  # fmt: skip
def test_what_can_be_meant_in_two_ways_is_asked_about(text: str, said: str) -> None:
    with pytest.raises(Refusal) as refusal:
        dialects.read(text)
    assert re.search(said, str(refusal.value))


def test_what_was_asked_about_is_read_as_was_chosen() -> None:
    text = "A='a\\\\b'\n"
    assert dialects.read(text, "heroku") == {"A": "a\\b"}
    assert dialects.read(text, "env") == dialects.read(text, "shell") == {"A": "a\\\\b"}
    assert dialects.read(text, "docker") == {"A": "'a\\\\b'"}
    assert dialects.read("A=1 B=2\n", "shell") == {"A": "1", "B": "2"}
    assert dialects.read("A=1 B=2\n", "env") == {"A": "1 B=2"}
    assert dialects.read("A='a\\\\b' B='c'\n") == {"A": "a\\\\b", "B": "c"}


@pytest.mark.parametrize(
    ("dialect", "text", "said"),
    [("auto", "B=2\nnonsense\n", "line 2 is not NAME=VALUE"), ("auto", "B=1\n1A=x", "line 2"),
     ("auto", 'B=1\nA="2\n', "A in line 2 does not end"), ("auto", "A='b\n", "line 1 does not end"),
     ("auto", 'B=1\nA="say "hi" there"\n', "line 2 goes on after"), ("auto", "A='Let\\'s go'\n", "line 1 goes on"),
     ("auto", '{"A": 1,\n"B": }', "line 2 is not JSON"), ("auto", '{"A": null}', "A is no text"),
     ("auto", '{"A B": "x"}', "'A B' cannot name"), ("auto", "[1]", "no config var"), ("json", "[" * 99_999, "deep"),
     ("json", '"x"', "no config vars"), ("auto", '{"A": "\\ud800"}', "A is no text"),
     ("auto", "A=$'\\ud800'", "A is no text"), ("auto", "--env=A --env=B", "line 1 gives A no value"),
     ("shell", "A=1\nB='x", "line 2 does not end"),
     ("shell", "A=1\nB", "line 2"), ("docker", "A=1\nB\n", "line 2 gives 'B' no value"),
     ("docker", "A=1\n2=x\n", "line 2"), ("pretty", "nonsense\n", "line 1"), ("heroku", "A=1\nx\n", "line 2")],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_named(dialect: str, text: str, said: str) -> None:
    with pytest.raises(Refusal, match=said) as refusal:
        dialects.read(text, dialect)
    assert "\n" not in str(refusal.value)


def test_every_name_of_a_dialect_is_one_that_can_be_chosen() -> None:
    assert set(config.DIALECTS) == {*dialects.READERS, *dialects.OTHER_NAMES}


# -- config:set --encoded


def test_values_in_base64_are_what_they_were_also_with_the_lines_that_base64_breaks() -> None:
    for length in (0, 1, 56, 57, 58, 114, 400):
        value = "é\n'" * length
        text = base64.encodebytes(value.encode()).decode().rstrip("\n")
        assert config.decoded([f"A={text}", "B=eA=="]) == {"A": value, "B": "x"}
        assert config.decoded([*f"A={text}".split("\n"), "B=eA=="]) == {"A": value, "B": "x"}


@pytest.mark.parametrize("word", ["A=x", "A=plain text", "A=/w==", "A", "1A=eA=="])
def test_what_is_no_text_in_base64_is_refused(word: str) -> None:
    with pytest.raises(Refusal):
        config.decoded([word])
