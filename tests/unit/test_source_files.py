"""What is read of a source tree: as a person means it, or refused with the place."""

import json
import subprocess
from pathlib import Path

import pytest

from mooring.app import app_json
from mooring.app.checks import Check
from mooring.host import files, jsonc
from mooring.host.refusal import Refusal
from mooring.release import plan
from mooring.release.process import Process


@pytest.mark.parametrize(
    ("text", "said"),
    [("{\n\n}}", "line 3"), ("[]", "not an object"), ('{"formation": {"web": {"quantity": -1}}}', "formation.web"),
     ('{"formation": {"web": true}}', "formation.web"), ('{"formation": {"web": 51}}', "formation.web"),
     ('{"formation": {"a\\nb": []}}', r"^app.json: formation.ab is \[\] .*$"),
     ('{"formation": []}', "formation is"), ('{"formation": {"web": {"overlap": 0}}}', r"formation\.web\.overlap is 0"),
     ('{"formation": {"web": {"max_parallel": "2"}}}', "formation.web.max_parallel"), ('{"stack": 5}', "stack is 5"),
     ('{"healthchecks": {"web": [{"port": 0}]}}', r"healthchecks\.web\[0\]\.port"), ("[" * 200_000, "deep")],
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
        "name": "x", "scripts": {"dokku": {"predeploy": "exit 1", "x": "y"}, "postdeploy": "x", "test": "z"},
        "cron": [{"a": 1}, {}], "stack": "x", "expo": {}, "odd\n": 1,
        "env": {"KEY": {}, "SET": "x", "OFF": {"required": False}, "FIVE": "5", "G": {"generator": "secret"}},
        "addons": ["heroku-postgresql", {"plan": "x:y"}, {"plan": "heroku-redis", "as": "cache"}],
        "formation": {"web": {"quantity": 1, "size": "s", "max_parallel": 2, "overlap": False}, "bot": 2},
        "healthchecks": {"web": [{"type": "readiness", "path": "/"}, {"scheme": "https", "path": "/"}]},
    }  # fmt: skip
    notes = app_json.notes(table, "my-app", {"SET": "x", "KEY": "x"})
    assert [note.split(" do")[0].split(" is ")[0].split(" would")[0] for note in notes] == [
        "app.json: of scripts, test, x", "app.json: of cron, a", "app.json: env", "app.json: addons: heroku-postgresql",
        "app.json: addons: x:y", "app.json: addons: heroku-redis", "app.json: of formation, max_parallel",
        "app.json: of formation, size", "app.json: of healthchecks, scheme, the type readiness", "app.json: stack",
        "app.json: expo, odd",
    ]  # fmt: skip
    assert "my-app has no FIVE, G: `mooring config:set my-app FIVE=…`" in notes[2]
    assert "`mooring postgres:link NAME my-app` make it, or `mooring config:set my-app DATABASE_URL=…`" in notes[3]
    assert "x:y is made by nobody here" in notes[4]
    assert "`mooring redis:link NAME my-app --as CACHE` make it, or `mooring config:set my-app CACHE_URL=…`" in notes[5]
    assert app_json.notes({"addons": ["heroku-postgresql"]}, "my-app", {"DATABASE_URL": "x"}) == []
    assert app_json.notes({"stack": "container"}, "my-app", {}) == []
    said = plan.Said({}, {"web": Check(), "wbe": Check()}, {"web": 1, "bot": 1, "a": 1}, {"x": Check()})
    assert plan.strangers(said, (Process("web"), Process("worker"))) == [
        "app.json: formation names a, bot, and the app has web, worker only",
        "app.json: healthchecks names wbe, x, and the app has web, worker only",
    ]
    for odd in ({}, {"formation": {"web": 1}}, {"env": {}, "scripts": {}, "cron": [], "addons": []}):
        assert app_json.notes(odd, "my-app", {}) == []
    for key in ("scripts", "cron", "env", "addons", "formation", "healthchecks", "stack", "other"):
        for value in (None, 1, "x", ["x"], [None], {"a": None}, {"a": {"b": {"c": 1}}}, {"web": [1]}):
            try:
                app_json.notes({key: value}, "my-app", {})
            except Refusal as refusal:
                assert f"app.json: {key}" in refusal.message
