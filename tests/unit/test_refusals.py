"""Untrusted text never breaks what reads it: it is refused, with a reason."""

import base64
import json
import subprocess
from pathlib import Path

import pytest

from hooks.gate import Command, Push, decide
from hooks.pre_receive import Update
from mooring import commands
from mooring.access import keys
from mooring.access.keys import Key
from mooring.commands import vocabulary
from mooring.host import settings
from mooring.host.refusal import Refusal
from mooring.pipeline import order
from mooring.runtime import networks

ADMIN = Key("alice", "admin", "ssh-ed25519 AAAA", "SHA256:a")
ORDER = {"kind": "push", "commit": "a" * 40, "branch": "main", "actor": "ci", "created": 1.0, "fresh": False}


def made(folder: Path, *options: str) -> str:
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-f", str(folder / "key"), *options], check=True)
    return (folder / "key.pub").read_text()


# -- keys


def test_a_key_keeps_nothing_of_a_comment_that_is_not_printable(tmp_path: Path) -> None:
    kind, blob, _ = made(tmp_path, "-t", "ecdsa", "-C", "x").split()
    assert keys.parse_public(f"{kind} {blob} me\x1b[31m {'y' * 200}")[2] == f"me[31m {'y' * 93}"


def test_a_weak_rsa_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="1024 bits is too weak"):
        keys.parse_public(made(tmp_path, "-t", "rsa", "-b", "1024"))


def test_a_key_that_is_called_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="not a whole ssh-rsa key"):
        keys.parse_public(made(tmp_path, "-t", "ed25519").replace("ssh-ed25519", "ssh-rsa", 1))


@pytest.mark.parametrize("blob", ["", "AAAAé", "AAAA=", "=", base64.b64encode(b"x" * 60).decode()])
def test_what_is_no_base64_of_a_key_is_refused(blob: str) -> None:
    with pytest.raises(Refusal):
        keys.parse_public(f"ssh-ed25519 {blob}")


@pytest.mark.parametrize("name", ["", "a b", 'a"', "a\nssh-rsa", "é", "a,b", "x" * 61])
def test_a_name_that_would_write_more_into_authorized_keys_is_refused(name: str) -> None:
    with pytest.raises(Refusal):
        keys.check_name(name)


def test_a_key_is_one_line_of_authorized_keys() -> None:
    line = keys.authorized_line(ADMIN)
    assert line.endswith(" ssh-ed25519 AAAA alice\n")
    assert line.count("\n") == 1


# -- the gate


@pytest.mark.parametrize(
    "path", ["../my-app", "/../my-app", "my-app/../other", "my-app.git/hooks", "~/my-app", "$(id)", "`id`",
             "my-app.git.git", "", "/", ".git", "My-App", "my-app\n", "--upload-pack=id", "mooring"],
)  # fmt: skip
@pytest.mark.parametrize("service", ["git-receive-pack", "git-upload-pack", "git receive-pack"])
def test_not_even_an_admin_reaches_a_path_that_is_no_app(service: str, path: str) -> None:
    with pytest.raises(Refusal):
        decide(ADMIN, f"{service} '{path}'")


@pytest.mark.parametrize("path", ["my-app", "/my-app", "my-app.git", "/my-app.git", "/my-app.git/", "//my-app"])
def test_an_app_is_found_however_git_writes_its_path(path: str) -> None:
    assert decide(ADMIN, f"git-receive-pack '{path}'") == Push("git-receive-pack", "my-app")


def test_words_in_quotes_stay_one_word_and_blanks_are_no_command() -> None:
    assert decide(ADMIN, "config:set a 'X=1 2' \"Y='\"") == Command(("config:set", "a", "X=1 2", "Y='"))
    assert decide(ADMIN, "  ") == Command(("help",))
    with pytest.raises(Refusal, match="quote"):
        decide(ADMIN, "config:set a 'X=1")


def test_a_push_of_zeros_deletes_the_branch() -> None:
    assert Update("a" * 40, "0" * 40, "refs/heads/main").deletes
    assert Update("a" * 40, "0" * 64, "refs/heads/main").deletes
    assert not Update("0" * 40, "a" * 40, "refs/heads/main").deletes


# -- markers


@pytest.mark.parametrize(
    "change",
    [{"kind": "config"}, {"kind": []}, {"commit": 1}, {"commit": "A" * 40}, {"commit": "--help"}, {"branch": None},
     {"branch": "x" * 201}, {"actor": "a\x1b"}, {"created": float("nan")}, {"created": float("inf")}, {"created": -1},
     {"created": 10**40}, {"created": "1"}, {"fresh": 1}, {"extra": 1}],
)  # fmt: skip
def test_an_order_with_one_wrong_field_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(Refusal):
        order.parse(json.dumps({**ORDER, **change}))


def test_an_order_that_nests_deeper_than_python_reads_is_refused() -> None:
    for text in ("[" * 9000, '{"a":' * 1900):
        with pytest.raises(Refusal):
            order.parse(text)


# -- app.json and what else lies in a source tree


# -- settings


@pytest.mark.parametrize(
    ("text", "name"),
    [('__doc__ = "x"', "__doc__"), ("[builds]\nparallel = 0", "builds.parallel"),
     ('[builds]\nmemory = "much"', "builds.memory"), ("[builds]\ntimeout = 0", "builds.timeout"),
     ("[builds]\nparallel = true", "builds"), ('[network]\npool = "10.90.0.0/26"', "network.pool"),
     ('[network]\npool = "10.90.0.1/16"', "network.pool"),
     ('[network]\npool = "fd00::/16"', "network.pool"), ('[git]\nmax_pack_size = "lots"', "git.max_pack_size"),
     ("[apps]\nauto_create = 1", "apps.auto_create"), ("domain = 1", "domain"),
     ('domain = "a; b"', "domain"), ('domain = "A.example"', "domain"), ('domain = "a.example."', "domain")],
)  # fmt: skip
def test_a_setting_that_would_break_a_push_is_refused_by_name(text: str, name: str) -> None:
    with pytest.raises(Refusal, match=name):
        settings.parse(text)


def test_settings_that_are_not_there_have_their_defaults() -> None:
    assert settings.parse("# nothing\n") == settings.Settings()
    assert settings.parse('[git]\nmax_pack_size = "2G"').git_max_pack_size == "2G"
    assert networks.free_subnet(settings.Settings().network_pool, []) == "10.90.0.0/25"


# -- commands


def test_an_unknown_command_is_answered_with_the_nearest_one() -> None:
    assert "did you mean config:set?" in commands.unknown("config:sett")
    assert "`mooring help` lists them" in commands.unknown("%$&")
    assert len(commands.unknown("x" * 1000)) < 200


def test_every_alias_means_a_command() -> None:
    for alias, name in vocabulary.ALIASES.items():
        found = commands.find(alias)
        assert found is not None
        assert found.name == name


def test_every_example_is_taken_by_its_own_command() -> None:
    for command in commands.every():
        words = command.example.partition("<")[0].partition(">")[0].partition("|")[0].split()
        command.parser().parse_args(words[2:])
