"""What git says, read: why a submodule cannot be had, which files are pointers."""

from pathlib import Path

import pytest

from mooring.app import netrc
from mooring.host.refusal import Refusal
from mooring.pipeline import lfs, submodules

AGAIN = """fatal: clone of '{url}' into submodule path 'vendor/lib' failed
Failed to clone 'vendor/lib'. Retry scheduled
{said}
fatal: clone of '{url}' into submodule path 'vendor/lib' failed
Failed to clone 'vendor/lib' a second time, aborting
"""
SSH = """Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists."""


@pytest.mark.parametrize(
    ("url", "said", "told", "remedy"),
    [
        ("https://a.example/x.git", "fatal: repository 'https://a.example/x.git/' not found", "not found", "private?"),
        (
            "https://a.example/x.git",
            "fatal: could not read Username for 'https://a.example': terminal prompts disabled",
            "could not read Username",
            "git:auth my-app a.example USER < token",
        ),
        (
            "git@a.example:x.git",
            f"git@a.example: Permission denied (publickey).\nfatal: {SSH}",
            "git@a.example: Permission denied (publickey).",
            "ssh:install my-app",
        ),
        (
            "ssh://git@a.example/x.git",
            f"Warning: Permanently added 'a.example' to the list.\nHost key verification failed.\nfatal: {SSH}",
            "Host key verification failed.",
            "reachable?",
        ),
        (
            "https://a.example/x.git",
            "fatal: unable to access 'https://a.example/x.git/': Could not resolve host: a.example",
            "Could not resolve host: a.example",
            "address right",
        ),
        ("/srv/x.git", "fatal: transport 'file' not allowed", "transport 'file' not allowed", "https://"),
        ("git://a.example/x", "fatal: remote error: not exported: /x", "not exported: /x", "address right"),
        ("https://a.example/x", "fatal: unable to access: error: 500", "error: 500", "reachable?"),
        ("https://a.example/x", "", "it did not answer", "reachable?"),
    ],
)
def test_a_submodule_that_cannot_be_had_is_named_with_its_address_the_reason_and_the_remedy(
    url: str, said: str, told: str, remedy: str
) -> None:
    with pytest.raises(Refusal) as refusal:
        submodules.refuse(f"{said}\n{AGAIN.format(url=url, said=said)}", {"vendor/lib": url}, "my-app")
    assert refusal.value.message.startswith(f"the submodule vendor/lib cannot be had from {url}: ")
    assert told in refusal.value.message
    assert remedy in refusal.value.hint


@pytest.mark.parametrize(
    ("said", "written", "told"),
    [
        (
            "warning: could not look up configuration 'remote.origin.url'.\n"
            "fatal: repository '/srv/lib.git' does not exist\n"
            + AGAIN.format(url="/srv/lib.git", said="fatal: repository '/srv/lib.git' does not exist"),
            "../lib.git",
            "has the address ../lib.git, and a push does not say what that is relative to",
        ),
        ("fatal: No url found for submodule path 'vendor/lib' in .gitmodules\n", "", "has no address"),
        (
            "fatal: remote error: upload-pack: not our ref 1111111111111111\n"
            "fatal: Fetched in submodule path 'vendor/lib', but it did not contain 1111111111111111. Direct fetching "
            "of that commit failed.\n",
            "https://me:secret@a.example/x.git",
            "has no commit 1111111111 at https://a.example/x.git",
        ),
    ],
)
def test_what_is_wrong_with_a_submodule_itself_is_said(said: str, written: str, told: str) -> None:
    with pytest.raises(Refusal) as refusal:
        submodules.refuse(said, {"vendor/lib": written}, "my-app")
    assert refusal.value.message == f"the submodule vendor/lib {told}" or told in refusal.value.message
    assert "vendor/lib" in refusal.value.message
    assert refusal.value.hint


def test_the_pointers_of_a_source_are_told_in_one_line_whatever_their_names_are(tmp_path: Path) -> None:
    place = tmp_path / "tree"
    assert lfs.told(place) == ""
    (tmp_path / "pointers").write_text("a.psd")
    assert lfs.told(place).startswith(
        "1 file is a git-LFS pointer without the content, which git does not have: a.psd ("
    )
    (tmp_path / "pointers").write_text("a\x1b[2J.psd\nb\nc\nd\ne")
    assert "5 files are git-LFS pointers" in lfs.told(place)
    assert "a?[2J.psd, b, c and 2 more (`git lfs migrate export" in lfs.told(place)


@pytest.mark.parametrize("word", ["ghp_1aB", "x-access-token", "a@b:c/d=", "1"])
def test_a_user_or_a_token_is_one_word(word: str) -> None:
    assert netrc.WORD.fullmatch(word)


@pytest.mark.parametrize("word", ["", "a b", "a\nmachine x", 'a"', "#a", "a\\", "a\0", "x" * 1002])
def test_what_would_be_more_than_a_word_of_a_netrc_is_none(word: str) -> None:
    assert not netrc.WORD.fullmatch(word)
