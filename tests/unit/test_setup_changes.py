"""Setting up a server: how a file is put there and taken back, and what is said of whatever stops it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mooring.host.refusal import Refusal, die
from mooring.setup import (
    file,
    nginx,
    program,
    terminal,
)


def test_a_file_is_placed_whole_and_only_where_it_differs(tmp_path: Path) -> None:
    target = tmp_path / "sub" / "file"
    assert file.place(target, "one\n", 0o600)
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("one\n", 0o600)
    was = target.stat().st_ino
    assert not file.place(target, "one\n")
    assert target.stat().st_ino == was
    assert file.place(target, "two\n")
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("two\n", 0o644)
    # A link is not followed: what it leads to is somebody else's.
    link = tmp_path / "link"
    link.symlink_to(target)
    assert file.place(link, "two\n")
    assert not link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "sub"]


def test_a_file_that_is_refused_is_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "rules"
    with pytest.raises(Refusal, match="did not pass and was taken back"):
        file.place_checked(target, "new\n", 0o644, lambda: False)
    assert not target.exists()
    target.write_text("old\n")
    target.chmod(0o640)
    with pytest.raises(Refusal):
        file.place_checked(target, "new\n", 0o440, lambda: target.read_text() != "new\n")
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("old\n", 0o640)
    assert file.place_checked(target, "new\n", 0o440, lambda: True)
    assert not file.place_checked(target, "new\n", 0o440, lambda: True)


def test_a_drop_in_takes_its_folder_along_only_where_it_was_alone(tmp_path: Path) -> None:
    folder = tmp_path / "docker.service.d"
    file.remove_drop_in(folder / "mooring.conf")
    for name in ("mooring.conf", "theirs.conf"):
        file.place(folder / name, "")
    file.remove_drop_in(folder / "mooring.conf")
    assert [path.name for path in folder.iterdir()] == ["theirs.conf"]
    file.remove_drop_in(folder / "theirs.conf")
    assert not folder.exists()


def test_what_is_taken_away_may_be_gone_and_no_link_is_followed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    file.place(kept / "file", "")
    (tmp_path / "link").symlink_to(kept)
    (tmp_path / "broken").symlink_to("nowhere")
    file.remove(tmp_path / "link", tmp_path / "broken", tmp_path / "never")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (kept / "file").exists()


def refuse() -> None:
    die("that is wrong", "mend it")


def fail() -> None:
    program.run("false", "with a word")


def find_nothing() -> None:
    program.run("/no/such/program")


def break_down() -> None:
    Path("/no/such/file").stat()


def end() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("story", "status", "said"),
    [
        (lambda: None, 0, ""),
        (refuse, 1, " !     that is wrong (mend it)\n"),
        (fail, 1, " !     the set-up failed: false 'with a word' (every step is safe to run again)\n"),
        (find_nothing, 1, " !     the set-up failed: /no/such/program (every step is safe to run again)\n"),
        (
            break_down,
            1,
            " !     the set-up failed: [Errno 2] No such file or directory: '/no/such/file'"
            " (every step is safe to run again)\n",
        ),
        (end, 130, ""),
    ],
)
def test_whatever_stops_a_story_is_one_line(
    story: Callable[[], None], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert terminal.told(story) == status
    assert capsys.readouterr().err == said


def test_a_failure_is_told_with_its_place() -> None:
    with pytest.raises(OSError) as caught:
        nginx.is_as_shipped(Path("/no/such/file"), "")
    assert terminal.failure(caught.value).startswith("nginx.py line ")
