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
from mooring.app import app_json
from mooring.app.checks import Check
from mooring.host import files, jsonc, settings
from mooring.host.refusal import Refusal
from mooring.pipeline import order
from mooring.release import plan
from mooring.release.process import Process
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


@pytest.mark.parametrize(
    ("text", "said"),
    [("{\n\n}}", "line 3"), ("[]", "not an object"), ('{"formation": {"web": {"quantity": -1}}}', "formation.web"),
     ('{"formation": {"web": true}}', "formation.web"), ('{"formation": {"web": 51}}', "formation.web"),
     ('{"healthchecks": {"web": [{"port": 0}]}}', "healthchecks.web.port"), ("[" * 200_000, "deep")],
)  # fmt: skip
def test_a_wrong_app_json_is_refused_with_the_place(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "app.json").write_text(text)
    with pytest.raises(Refusal, match=said):
        plan.read(tmp_path)


def test_a_source_tree_may_say_nothing(tmp_path: Path) -> None:
    assert plan.read(tmp_path) == plan.Said({}, {}, {})


def test_a_formation_is_a_number_or_a_quantity(tmp_path: Path) -> None:
    (tmp_path / "app.json").write_text('{"formation": {"web": 2, "worker": {"quantity": 0}, "bot": {}}}')
    assert plan.read(tmp_path).formation == {"web": 2, "worker": 0, "bot": 1}


def test_a_file_of_the_source_that_is_a_link_a_pipe_too_large_or_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    subprocess.run(["mkfifo", str(tmp_path / "pipe")], check=True)
    (tmp_path / "large").write_text("x" * 11)
    (tmp_path / "binary").write_bytes(b"\xff\xff")
    for name in ("link", "pipe", "large", "binary"):
        with pytest.raises(Refusal, match=name):
            files.read_untrusted(tmp_path / name, limit=10)
    with pytest.raises(FileNotFoundError):
        files.read_untrusted(tmp_path / "nothing")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_files_of_a_source_tree_are_read_however_an_editor_wrote_them(tmp_path: Path, encoding: str) -> None:
    said = '{\r\n // two of them\r\n "formation": {"web": 2, /* "bot": 3, */ },\r\n}\r\n'
    (tmp_path / "app.json").write_bytes(said.encode(encoding))
    (tmp_path / "Procfile").write_bytes("// comment\r\n# comment\r\nweb: run é # it\r\n".encode(encoding))
    found = plan.read(tmp_path)
    assert (found.commands, found.formation) == ({"web": "run é # it"}, {"web": 2})


def test_json_keeps_what_looks_like_a_comment_in_a_text_and_its_line_numbers() -> None:
    assert jsonc.loads('{"a": "http://x/*y*/ ,}", "b": [1, 2, // c\n ], /* , */ }') == {
        "a": "http://x/*y*/ ,}",
        "b": [1, 2],
    }
    for flood in ("/* " * 300_000, '"' + '\\"' * 400_000):
        with pytest.raises(json.JSONDecodeError):
            jsonc.loads(flood)
    for text, line in (("{\n/* \n */ \n x}", 4), ('{"a": 1,, }', 1), ("{\n\n/*", 3), ('{"a": "x\n//y"}', 1)):
        with pytest.raises(json.JSONDecodeError) as error:
            jsonc.loads(text)
        assert error.value.lineno == line


def test_a_link_to_a_file_of_the_repository_is_followed_and_no_other(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "config").mkdir(parents=True)
    (tree / "app").mkdir()
    (tree / "config/Procfile").write_text("web: run\n")
    (tree / "app/Procfile").symlink_to("../config/Procfile")
    assert plan.read(tree / "app", tree).commands == {"web": "run"}
    for target, said in (
        ("/etc/hostname", "out of what is built"),
        ("../../x", "not there"),
        ("Procfile", "not there"),
    ):
        (tree / "app/Procfile").unlink()
        (tree / "app/Procfile").symlink_to(target)
        (tmp_path / "x").unlink(missing_ok=True)
        with pytest.raises(Refusal, match=f"Procfile is a link to '{target}', .*{said}"):
            plan.read(tree / "app", tree)


def test_what_app_json_asks_for_in_vain_is_said_once_for_each_key() -> None:
    table = {
        "name": "x", "scripts": {"dokku": {"predeploy": "exit 1"}, "postdeploy": "x"}, "cron": [{}, {}], "stack": "x",
        "env": {"KEY": {"required": True}, "SET": {}, "OFF": {"required": False}, "FIVE": "5"}, "expo": {}, "odd\n": 1,
        "addons": ["heroku-postgresql", {"plan": "x:y"}], "formation": {"web": {"quantity": 1, "size": "s"}, "bot": 2},
        "healthchecks": {"web": [{"type": "readiness", "path": "/"}, {"scheme": "https", "path": "/"}]},
    }  # fmt: skip
    notes = app_json.notes(table, "my-app", {"SET": "x"})
    assert [note.split(" do")[0].split(" sets")[0].split(" bring")[0] for note in notes] == [
        "app.json: scripts", "app.json: cron", "app.json: env", "app.json: addons", "app.json: of formation, size",
        "app.json: of healthchecks, scheme, the type readiness", "app.json: stack", "app.json: expo, odd",
    ]  # fmt: skip
    assert "(postdeploy, predeploy)" in notes[0]
    assert "has no KEY (required), FIVE: `mooring config:set my-app KEY=…`" in notes[2]
    assert "(heroku-postgresql, x:y)" in notes[3]
    assert app_json.notes(table, "my-app", {"SET": "", "KEY": "", "FIVE": ""})[2].startswith("app.json: addons")
    said = plan.Said({}, {"web": Check(), "wbe": Check()}, {"web": 1, "bot": 1, "a": 1}, {"x": Check()})
    assert plan.strangers(said, (Process("web"), Process("worker"))) == [
        "app.json: formation names a, bot, and the app has web, worker only",
        "app.json: healthchecks names wbe, x, and the app has web, worker only",
    ]
    for odd in ({}, {"formation": {"web": 1}}, {"env": [], "scripts": {}, "cron": [], "addons": []}):
        assert app_json.notes(odd, "my-app", {}) == []
    for key in ("scripts", "cron", "env", "addons", "formation", "healthchecks", "stack", "other"):
        for value in (None, 1, "x", ["x"], [None], {"a": None}, {"a": {"b": {"c": 1}}}, {"web": [1]}):
            app_json.notes({key: value}, "my-app", {})


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
    for alias, name in commands.ALIASES.items():
        found = commands.find(alias)
        assert found is not None
        assert found.name == name


def test_every_example_is_taken_by_its_own_command() -> None:
    for command in commands.every():
        words = command.example.partition("<")[0].partition(">")[0].partition("|")[0].split()
        command.parser().parse_args(words[2:])
