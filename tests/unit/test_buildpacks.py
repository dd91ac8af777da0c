"""What is decided about buildpacks before anything is built: which, from where, and what they said."""

import subprocess
from base64 import b64encode
from pathlib import Path

import pytest

from builders import build
from builders.buildpack import candidates, results
from builders.workspace import Workspace
from mooring.app import buildpack as noun
from mooring.app.choices import Choices
from mooring.host.names import ReleaseName
from mooring.host.refusal import Refusal
from mooring.release.plan import Results, Said
from mooring.release.releases import Release

NAME = ReleaseName("my-app", 1)
PACKS = Path(noun.OURS)


@pytest.mark.parametrize(
    ("text", "url", "ref"),
    [("https://github.com/me/pack", "https://github.com/me/pack", ""),
     ("https://github.com/me/pack.git#v1.2/x", "https://github.com/me/pack.git", "v1.2/x"),
     ("git@example.com:me/pack#main", "git@example.com:me/pack", "main"),
     ("ssh://git@example.com/me/pack", "ssh://git@example.com/me/pack", ""),
     ("heroku/nodejs#v250", "https://github.com/heroku/heroku-buildpack-nodejs", "v250"),
     ("heroku/scala", "https://github.com/heroku/heroku-buildpack-scala", ""),
     ("heroku-community/nginx#main", "https://github.com/heroku/heroku-buildpack-nginx", "main"),
     ("mars/create-react-app", "https://github.com/mars/create-react-app-buildpack", ""),
     ("https://buildpack-registry.s3.amazonaws.com/buildpacks/mars/create-react-app.tgz",
      "https://github.com/mars/create-react-app-buildpack", ""),
     ("https://codon-buildpacks.s3.amazonaws.com/buildpacks/heroku/scala.tgz",
      "https://github.com/heroku/heroku-buildpack-scala", "")],
)  # fmt: skip
def test_a_buildpack_is_a_git_address_with_a_ref(text: str, url: str, ref: str) -> None:
    pack = noun.parse(text, operator=False)
    assert (pack.url, pack.ref) == (url, ref)


@pytest.mark.parametrize(
    "text", ["", "--upload-pack=touch /x", "https://x/y#--upload-pack=z", "ext::sh -c x", "file:///etc", "a b",
             "https://x/y\nz", "nosuch", "../x", "https://x/y#a b", "heroku/No",
             "someone/unheard-of", "heroku/scala#--x", "heroku/nodejs#a b", "https://x/y.tgz", "https://x/y.tar.gz#1"],
)  # fmt: skip
def test_what_is_no_buildpack_is_refused_with_what_one_looks_like(text: str) -> None:
    with pytest.raises(Refusal) as refusal:
        noun.parse(text, operator=True)
    assert refusal.value.hint


def test_what_heroku_calls_a_buildpack_is_one_of_ours_where_there_is_one() -> None:
    archive = "https://buildpack-registry.s3.amazonaws.com/buildpacks/heroku/python.tgz"
    known = {"heroku/nodejs": "node", "heroku-community/apt": "apt", "heroku/gradle": "java", archive: "python"}
    for text, name in known.items():
        pack = noun.parse(text, operator=False)
        assert (pack.name, pack.label, pack.text) == (name, name, text)
    for place in noun.elsewhere().values():
        assert noun.parse(place, operator=False)


def test_app_json_names_buildpacks_as_heroku_has_it() -> None:
    said = [{"url": "heroku-community/apt"}, {"url": "https://x/y.git#z"}, "heroku/python"]
    assert [(each.name, each.url, each.ref) for each in noun.parse_app_json(said)] == [
        ("apt", "", ""), ("", "https://x/y.git", "z"), ("python", "", ""),
    ]  # fmt: skip
    for wrong in ("/etc", [{}], [None], [["x"]], [{"url": "someone/unheard-of"}], {"url": 1}):
        with pytest.raises(Refusal, match=r"^app\.json: buildpacks"):
            noun.parse_app_json(wrong)


def test_only_the_operator_names_a_folder_and_only_a_real_one(tmp_path: Path) -> None:
    assert noun.parse(str(tmp_path), operator=True).folder == str(tmp_path)
    (tmp_path / "link").symlink_to("/etc")
    for text, operator in (
        (str(tmp_path), False),
        (f"{tmp_path}/link", True),
        (f"{tmp_path}/../x", True),
        ("/nope", True),
    ):
        with pytest.raises(Refusal):
            noun.parse(text, operator=operator)


@pytest.mark.parametrize(
    "text", ["https://me:secret@example.com/pack#v1", "https://token@example.com/pack", "ssh://git:x@example.com/pack",
             "https://example.com/pack?token=x"],
)  # fmt: skip
def test_a_buildpack_with_a_password_in_its_address_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="no password"):
        noun.parse(text, operator=True)


def test_a_buildpacks_file_has_one_a_line_and_names_the_line_that_is_wrong() -> None:
    assert [each.text for each in noun.parse_file("# those\r\nnode # the first\n\nhttps://x/y#z\n")] == [
        "node",
        "https://x/y#z",
    ]
    with pytest.raises(Refusal, match=r"^\.buildpacks line 2: "):
        noun.parse_file("node\n/etc\n")


def test_every_buildpack_of_ours_is_whole_and_in_the_order() -> None:
    assert sorted(noun.ours()) == sorted(path.name for path in PACKS.iterdir() if path.is_dir())
    for name in noun.ours():
        scripts = {path.name for path in (PACKS / name / "bin").iterdir()}
        assert {"detect", "compile", "release"} <= scripts, name
        for script in (PACKS / name / "bin").iterdir():
            assert script.stat().st_mode & 0o111, script
            assert subprocess.run(["bash", "-n", script], check=False).returncode == 0, script
    assert [each.name for each in noun.catalogue() if each.adds] == ["apt"]


def test_the_operators_choice_comes_before_the_config_var_and_that_before_the_file(tmp_path: Path) -> None:
    (tmp_path / ".buildpacks").write_text("node\n")
    config = {"BUILDPACK_URL": "python"}

    def chosen(choices: Choices, config: dict[str, str]) -> list[str]:
        return [each.text for each in candidates.chosen(tmp_path, tmp_path, choices, config)]

    assert chosen(Choices(buildpacks=("go", "php")), config) == ["go", "php"]
    assert chosen(Choices(), config) == ["python"]
    assert chosen(Choices(), {}) == ["node"]
    (tmp_path / "app.json").write_text('{"buildpacks": [{"url": "heroku/php"}]}')
    assert chosen(Choices(), {}) == ["node"]
    (tmp_path / ".buildpacks").unlink()
    assert chosen(Choices(), {}) == ["heroku/php"]
    (tmp_path / "app.json").unlink()
    assert chosen(Choices(), {}) == []


def test_what_bin_release_prints_is_read() -> None:
    text = "---\ndefault_process_types:\n  web: ./run $PORT\nconfig_vars:\n  WORKERS: 2\naddons:\n- db\n"
    assert results.parse(text, "x") == Results((), {"web": "./run $PORT"}, {"WORKERS": "2"})
    assert results.parse("--- {}", "x") == results.parse("", "x") == Results()


def test_what_a_build_says_of_its_buildpacks_is_read_and_rubbish_is_left_to_the_image() -> None:
    def said(*files: str) -> Results | None:
        return results.told(*(b64encode(file.encode()).decode() for file in files))

    assert said("a tool\nnode\n", "default_process_types: {web: x}") == Results(("a tool", "node"), {"web": "x"})
    assert said("node\n", "") == Results(("node",))
    assert said("", "") is None
    assert said("no end", "") is None
    assert results.told("not base64", "") is None
    assert results.told("/////w==", "") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [("a:\n  b: [", "not YAML: line 2"), ("- a", "no mapping"), ("default_process_types: [a]", "default_process_types"),
     ("config_vars:\n  A: [b]", "config_vars"), ("default_process_types:\n  '../x': y", "process '../x'"),
     ("config_vars:\n  'A B': c", "cannot name a config var"), ("&a [*a", "not YAML")],
)  # fmt: skip
def test_what_bin_release_should_not_print_is_refused_by_the_buildpacks_name(text: str, said: str) -> None:
    with pytest.raises(Refusal, match=said) as refusal:
        results.parse(text, "the-pack")
    assert "the-pack" in refusal.value.message


IMAGE: dict[str, object] = {"Id": "sha256:x", "Config": {"ExposedPorts": {"8080/tcp": {}}, "Cmd": ["serve"]}}


def processes(builder: str, commands: dict[str, str], defaults: dict[str, str]) -> dict[str, str | None]:
    record = Release(NAME, kind="push", actor="me", created=0)
    found = build.planned(record, builder, IMAGE, Said(commands, {}, {}), Results(("python",), defaults, {}))
    return {each.name: each.command for each in found.processes}


def test_a_procfile_says_what_runs_and_without_one_the_buildpack_does() -> None:
    defaults = {"web": "gunicorn"}
    assert processes("buildpack", {"web": "mine"}, defaults) == {"web": "mine"}
    assert processes("buildpack", {}, defaults) == defaults
    assert processes("buildpack", {"release": "migrate"}, defaults) == {**defaults, "release": "migrate"}
    assert processes("dockerfile", {}, defaults) == {"web": None}
    with pytest.raises(Refusal, match="nothing says how to start the app"):
        processes("buildpack", {}, {})


def test_the_builder_is_the_one_that_was_chosen_else_the_dockerfile_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mooring.host.paths.BUILDS", tmp_path)
    place = Workspace(NAME)
    place.folder.mkdir(parents=True)
    assert build.choose(place, Choices()) == "buildpack"
    with pytest.raises(Refusal, match="no Dockerfile"):
        build.choose(place, Choices(builder="dockerfile"))
    (place.folder / "Dockerfile").touch()
    assert build.choose(place, Choices()) == "dockerfile"
    assert build.choose(place, Choices(builder="buildpack")) == "buildpack"
