"""Keys and the gate: what is a key, and what it may do."""

import subprocess
from pathlib import Path

import pytest

from hooks.gate import Command, Push, decide
from mooring.access import keys
from mooring.access.keys import Key
from mooring.app.branches import deploying as deploy_branch
from mooring.host.refusal import Refusal

ADMIN = Key("alice", "admin", "ssh-ed25519 AAAA", "SHA256:a")
DEPLOYER = Key("ci", "deploy", "ssh-ed25519 BBBB", "SHA256:b", ("my-app",))
DEVELOPER = Key("bo", "developer", "ssh-ed25519 CCCC", "SHA256:c", ("pushed",), ("my-app",))


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("keys") / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "me@laptop", "-f", str(path)], check=True)
    return path.with_suffix(".pub").read_text()


def test_a_public_key_is_taken_with_its_fingerprint_and_comment(public: str) -> None:
    material, fingerprint, comment = keys.parse_public(f"\n# a comment\n{public}\n")
    assert public.startswith(material)
    assert fingerprint.startswith("SHA256:")
    assert comment == "me@laptop"


def test_nothing_else_is(public: str) -> None:
    for text in ("", "hello", public * 2, f'command="id" {public}', public[:60], "-----BEGIN OPENSSH PRIVATE KEY-----"):
        with pytest.raises(Refusal):
            keys.parse_public(text)


def test_every_key_is_restricted_and_only_one_that_gives_commands_has_a_terminal() -> None:
    for key in (ADMIN, DEVELOPER):
        assert keys.authorized_line(key).startswith("restrict,pty,command=")
    assert keys.authorized_line(DEPLOYER).startswith("restrict,command=")
    assert "hooks.gate SHA256:b" in keys.authorized_line(DEPLOYER)


def test_a_developer_pushes_fetches_and_gives_commands_which_root_decides_about() -> None:
    assert decide(DEVELOPER, "git-receive-pack 'my-app'") == Push("git-receive-pack", "my-app")
    assert decide(DEVELOPER, "git-upload-pack 'my-app'") == Push("git-upload-pack", "my-app")
    assert decide(DEVELOPER, "git-receive-pack 'pushed'") == Push("git-receive-pack", "pushed")
    assert decide(DEVELOPER, "config other") == Command(("config", "other"))
    for words in ("git-upload-pack 'pushed'", "git-receive-pack 'other'", "git-upload-pack 'other'"):
        with pytest.raises(Refusal):
            decide(DEVELOPER, words)


def test_a_clients_git_lfs_is_told_that_nothing_is_kept_for_it() -> None:
    for words in ("git-lfs-authenticate my-app upload", "git-lfs-transfer my-app upload"):
        with pytest.raises(Refusal, match=r"keeps no git-LFS objects .*--no-verify"):
            decide(DEPLOYER, words)


def test_a_keys_role_follows_from_its_apps() -> None:
    assert DEPLOYER.with_apps(["a"], ["b", "a"]) == Key(
        "ci", "developer", "ssh-ed25519 BBBB", "SHA256:b", (), ("a", "b")
    )
    assert DEVELOPER.with_apps(["a"], []).role == "deploy"


@pytest.mark.parametrize(
    "words", ["git-receive-pack 'my-app'", "git-receive-pack '/my-app.git'", "git receive-pack my-app"]
)
def test_a_deploy_key_pushes_to_its_app(words: str) -> None:
    assert decide(DEPLOYER, words) == Push("git-receive-pack", "my-app")


@pytest.mark.parametrize(
    "words",
    ["", "apps", "sh", "git-receive-pack 'other'", "git-upload-pack 'my-app'", "git-upload-archive 'my-app'",
     "git-receive-pack '../my-app'", "git-receive-pack my-app other", "git-receive-pack", "config my-app",
     "git-receive-pack '$(id)'", "git-receive-pack 'my-app", "git-receive-pack my-app; id"],
)  # fmt: skip
def test_a_deploy_key_does_nothing_else(words: str) -> None:
    with pytest.raises(Refusal):
        decide(DEPLOYER, words)


@pytest.mark.parametrize("app", ["my-app2", "my", "my-ap", "app", "my-app-x"])
def test_an_app_whose_name_is_like_an_allowed_one_is_another_app(app: str) -> None:
    with pytest.raises(Refusal, match=f"may not push to {app} "):
        decide(DEPLOYER, f"git-receive-pack '{app}'")


@pytest.mark.parametrize(
    "words",
    ["-- git-receive-pack my-app", "git", "git -c x=y receive-pack my-app", "apps\nid", "git-receive-pack --help",
     "sudo git-receive-pack my-app", "GIT-RECEIVE-PACK my-app"],
)  # fmt: skip
def test_a_deploy_key_gets_no_further_by_writing_a_push_another_way(words: str) -> None:
    with pytest.raises(Refusal):
        decide(DEPLOYER, words)


def test_an_admin_key_pushes_fetches_and_runs_every_command_with_its_words_as_they_are() -> None:
    assert decide(ADMIN, "git-upload-pack 'my-app'") == Push("git-upload-pack", "my-app")
    assert decide(ADMIN, "config:set my-app 'A=b c' $(id)") == Command(("config:set", "my-app", "A=b c", "$(id)"))
    assert decide(ADMIN, "") == Command(("help",))


def test_main_deploys_else_master_else_what_was_chosen() -> None:
    assert deploy_branch("", ["main", "master"], []) == "main"
    assert deploy_branch("", ["master"], []) == "master"
    assert deploy_branch("", ["master"], ["main"]) == "main"
    assert deploy_branch("", ["feature"], []) == "main"
    assert deploy_branch("live", ["main"], ["master"]) == "live"
