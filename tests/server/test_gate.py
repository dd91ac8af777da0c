"""What each kind of key may do over ssh, and what nonsense is answered with."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mooring import commands
from tests.server import apps
from tests.server.ssh import ssh_command
from tests.server.throwaway import Server
from tests.server.user import User, new_key


@pytest.fixture
def deployer(admin: User, newcomer: Callable[..., User], app_name: str) -> User:
    """A person whose key may push to the app of this test, which exists."""
    ada = newcomer("ada")
    assert admin.ssh("deploy:allow", app_name, input=ada.public_key).returncode == 0
    assert admin.ssh("apps:create", app_name).returncode == 0
    return ada


def one_line(answer: subprocess.CompletedProcess[str]) -> str:
    """The one line that a refusal is, on stderr."""
    assert answer.returncode != 0, answer.stdout
    lines = answer.stderr.strip().splitlines()
    assert len(lines) == 1, answer.stderr
    assert "Traceback" not in answer.stderr
    return lines[0]


def test_a_deploy_key_has_no_shell_no_command_and_no_terminal(deployer: User, app_name: str) -> None:
    for words in ([], ["apps"], ["sh"], ["bash", "-c", "id"], ["config", app_name], ["apps:create", app_name]):
        assert "and nothing else" in one_line(deployer.ssh(*words))
    tty = deployer.ssh(tty=True)
    assert tty.returncode != 0
    assert "PTY allocation request failed" in tty.stdout + tty.stderr


def test_a_deploy_key_fetches_nothing(deployer: User, app_name: str) -> None:
    assert "may push, not fetch" in one_line(deployer.ssh(f"git-upload-pack '{app_name}'"))
    assert "may not push to hello" in one_line(deployer.ssh("git-upload-pack 'hello'"))
    assert "git-upload-archive" not in one_line(deployer.ssh("git-upload-archive 'hello'"))


def test_a_deploy_key_does_not_push_to_other_apps(deployer: User) -> None:
    pushed = deployer.repo("other", apps.site("x")).push("hello")
    assert not pushed.ok
    assert "may not push to hello" in pushed.output


def test_no_key_forwards_ports(admin: User, deployer: User) -> None:
    for user in (admin, deployer):
        done = subprocess.run(
            [*ssh_command(user.key), "-o", "ExitOnForwardFailure=yes", "-N", "-R", "0:localhost:22",
             f"mooring@{user.server.address}"],
            capture_output=True, text=True, timeout=30,
        )  # fmt: skip
        assert done.returncode != 0
        assert "forwarding failed" in done.stderr


def test_allowing_a_key_again_adds_an_app_and_revoking_takes_one_away(
    admin: User, deployer: User, app_name: str
) -> None:
    second = f"{app_name}-b"
    assert admin.ssh("deploy:allow", second, input=deployer.public_key).returncode == 0
    for app in (app_name, second):
        assert "ada@example.org" in admin.ssh("deploy:list", app).stdout
    assert deployer.repo("one", apps.site("x")).push(second).ok
    assert admin.ssh("deploy:revoke", second, "ada@example.org").returncode == 0
    assert "may not push" in deployer.repo("two", apps.site("x")).push(second).output
    assert deployer.repo("three", apps.site("x")).push(app_name).ok
    assert admin.ssh("deploy:revoke", app_name, "ada@example.org").returncode == 0
    assert "Permission denied" in deployer.ssh().stderr


def test_an_app_may_have_many_keys(admin: User, deployer: User, newcomer: Callable[..., User], app_name: str) -> None:
    bob = newcomer("bob")
    assert admin.ssh("deploy:allow", app_name, "--name", "bobs-laptop", input=bob.public_key).returncode == 0
    listing = admin.ssh("deploy:list", app_name).stdout
    assert "bobs-laptop" in listing
    assert "ada@example.org" in listing


def test_access_add_makes_an_admin_and_access_remove_unmakes_one(admin: User, newcomer: Callable[..., User]) -> None:
    eve = newcomer("eve")
    assert "Permission denied" in eve.ssh("apps").stderr
    assert admin.ssh("access:add", "eve", input=eve.public_key).returncode == 0
    assert eve.ssh("apps").returncode == 0
    assert "eve" in admin.ssh("access:list").stdout
    assert admin.ssh("access:remove", "eve").returncode == 0
    assert "Permission denied" in eve.ssh("apps").stderr


def test_only_one_whole_public_key_is_taken(admin: User, tmp_path: Path, newcomer: Callable[..., User]) -> None:
    good = newcomer("good").public_key
    bad = {
        "options": f'command="/bin/sh" {good}',
        "an option list": f"no-pty,{good}",
        "two keys": good + newcomer("more").public_key,
        "nonsense": "hello there",
        "nothing": "",
        "a truncated key": good[:40],
        "a private key": new_key(tmp_path, "private").read_text(),
        "a certificate's type": good.replace("ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", 1),
    }
    before = admin.ssh("access:list").stdout
    for text in bad.values():
        for words in (["access:add", "mallory"], ["deploy:allow", "hello"]):
            assert "paste one line like `ssh-ed25519 AAAA" in one_line(admin.ssh(*words, input=text))
    assert admin.ssh("access:list").stdout == before


@pytest.mark.parametrize(
    "name",
    ["../x", "'a b'", "A", "x" * 200, "-x", "mooring", "'a;id'", "'$(id)'", "'a\nb'", "'\"'", "a_b", "x-", ".", "''"],
)
def test_a_bad_app_name_is_one_clear_line_wherever_it_is_typed(admin: User, server: Server, name: str) -> None:
    before = admin.ssh("apps").stdout
    for command in ("apps:create", "config"):
        line = one_line(admin.ssh(command, "--", name) if name == "-x" else admin.ssh(command, name))
        assert "cannot name an app" in line or "reserved word" in line
    assert admin.ssh("apps").stdout == before


def test_every_command_that_takes_an_app_checks_its_name(admin: User) -> None:
    taking = []
    with admin.connected():
        for command in commands.every():
            words = re.split(" [<>] ", command.example.removeprefix("mooring "))[0].split()
            if "my-app" in words:
                taking.append(command.name)
                line = one_line(admin.ssh(*("'../etc'" if word == "my-app" else word for word in words)))
                assert "cannot name an app" in line, command.name
    assert {"apps:info", "config:set", "deploy:allow", "rollback"} <= set(taking)


def test_a_bad_app_name_in_a_push_is_one_clear_line(admin: User) -> None:
    repo = admin.repo("bad", apps.site("x"))
    for name in ("../x", "A", "mooring", "x" * 200, "a$(id)"):
        pushed = repo.push(name)
        assert not pushed.ok
        assert "mooring: " in pushed.output
        assert "Traceback" not in pushed.output


def test_unknown_commands_and_open_quotes_are_one_clear_line(admin: User) -> None:
    assert "appz" in one_line(admin.ssh("appz"))
    assert "apps" in one_line(admin.ssh("appz"))
    assert "quote" in one_line(admin.ssh("config:set hello 'A=b"))
    one_line(admin.ssh("$(reboot)"))
    one_line(admin.ssh("apps:create; id"))


def test_values_with_quotes_newlines_and_dollars_reach_the_app_as_they_were_typed(admin: User, app_name: str) -> None:
    import json

    assert admin.repo("echo", apps.python(apps.ECHO)).push(app_name).ok
    value = 'it\'s "quoted"\nand $(id) `id` $HOME \\n ; & | > é'
    quoted = "'" + f"TRICKY={value}".replace("'", "'\\''") + "'"
    assert admin.ssh("config:set", app_name, quoted).returncode == 0
    assert json.loads(admin.curl(f"{app_name}.apps.test").body)["env"]["TRICKY"] == value
    assert admin.ssh("config:get", app_name, "TRICKY").stdout == value + "\n"


def test_a_pack_larger_than_the_limit_is_refused(admin: User, server: Server, app_name: str) -> None:
    settings = server.read("/etc/mooring/mooring.toml")
    server.put("/etc/mooring/mooring.toml", settings.replace("[git]", '[git]\nmax_pack_size = "100k"'))
    try:
        repo = admin.repo("large", {**apps.site("x"), "large": os.urandom(300_000)})
        pushed = repo.push(app_name)
        assert not pushed.ok
        assert "exceeds maximum allowed size" in pushed.output
    finally:
        server.put("/etc/mooring/mooring.toml", settings)


def test_the_git_user_reads_no_config_and_writes_no_record(admin: User, server: Server, app_name: str) -> None:
    assert admin.repo("secret", apps.site("x")).push(app_name).ok
    assert admin.ssh("config:set", app_name, "TOKEN=hush").returncode == 0
    assert "docker" not in server.run(["id", "-nG", "mooring"]).stdout.split()
    folder = f"/var/lib/mooring/apps/{app_name}"
    as_git = ["setpriv", "--reuid", "mooring", "--regid", "mooring", "--init-groups", "--"]
    assert server.run([*as_git, "cat", f"{folder}/env"], check=False).returncode != 0
    assert server.run([*as_git, "sh", "-c", f"cat {folder}/releases/*/env"], check=False).returncode != 0
    assert server.run([*as_git, "touch", f"{folder}/releases/1/release.json"], check=False).returncode != 0
    assert server.run([*as_git, "touch", f"{folder}/live/x"], check=False).returncode != 0
    assert server.run([*as_git, "docker", "ps"], check=False).returncode != 0
    assert server.run([*as_git, "ls", "/var/spool/mooring/launch"], check=False).returncode in (0, 2)
    assert server.run([*as_git, "touch", "/var/spool/mooring/launch/x"], check=False).returncode != 0


def test_a_server_whose_name_does_not_resolve_says_nothing_of_that(admin: User, server: Server) -> None:
    name = server.run(["hostname"]).stdout.strip()
    server.run(["hostname", "no-such-name"])
    try:
        said = admin.ssh("version")
    finally:
        server.run(["hostname", name])
    assert said.returncode == 0
    assert said.stderr == ""
