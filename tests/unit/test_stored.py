"""What lies on the disk: repositories as git leaves them, files that are written whole, choices people made."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from mooring.app.branches import stored as stored_branches
from mooring.app.choices import Choices
from mooring.app.choices import parse as parse_choices
from mooring.host import files
from mooring.host.refusal import Refusal

WHERE = Path("app.toml")
GIT = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": "me@example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, env=GIT, check=True, capture_output=True)


def listing(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


# -- branches


def test_branches_are_found_loose_and_packed_and_with_slashes(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    assert stored_branches(tmp_path / ".git") == []
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message=one")
    git(tmp_path, "tag", "--annotate", "--message=x", "v1")
    git(tmp_path, "branch", "feature/a")
    assert sorted(stored_branches(tmp_path / ".git")) == ["feature/a", "main"]
    git(tmp_path, "pack-refs", "--all")
    git(tmp_path, "branch", "master")
    assert sorted(stored_branches(tmp_path / ".git")) == ["feature/a", "main", "master"]


# -- files


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "env"
    files.write(path, "A=1\n")
    files.write(path, "B=€\n", mode=0o600)
    assert path.read_text() == "B=€\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert listing(tmp_path) == ["env"]


def test_a_file_that_cannot_be_written_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "env"
    files.write(path, "A=1\n")
    with pytest.raises(UnicodeEncodeError):
        files.write(path, "A=\ud800\n")
    assert path.read_text() == "A=1\n"
    assert listing(tmp_path) == ["env"]


def test_a_secret_is_never_readable_by_others_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        files.write(tmp_path / "env", "A=1\n", mode=0o600)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "env").stat().st_mode) == 0o600


def test_a_link_is_turned_in_one_step(tmp_path: Path) -> None:
    link = tmp_path / "live"
    files.point(link, "releases/1")
    files.point(link, "releases/2")
    assert str(link.readlink()) == "releases/2"
    assert listing(tmp_path) == ["live"]


def test_removing_a_folder_leaves_what_a_link_in_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").write_text("x")
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone/link").symlink_to(tmp_path / "kept")
    files.remove_tree(tmp_path / "gone")
    files.remove_tree(tmp_path / "never was")
    assert listing(tmp_path) == ["kept"]
    assert (tmp_path / "kept/file").exists()


# -- app.toml


def test_choices_are_read_and_what_was_not_chosen_is_the_default() -> None:
    text = 'deploy-branch = "live"\ndomains = ["a.example"]\nlocked = true\nof-a-later-version = 1\n'
    assert parse_choices(text, WHERE) == Choices(deploy_branch="live", domains=("a.example",), locked=True)
    assert parse_choices("# nothing\n", WHERE) == Choices()
    assert parse_choices("domains = []", WHERE).domains == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [('domains = "a.example"', "domains is 'a.example'"), ("domains = [1]", "domains"),
     ("redirects = true", "redirects"), ('locked = "false"', "locked"), ("stopped = 1", "stopped"),
     ('deploy-branch = ["main"]', "deploy-branch"), ("domains = [", "not TOML")],
)  # fmt: skip
def test_a_choice_of_the_wrong_kind_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        parse_choices(text, WHERE)
