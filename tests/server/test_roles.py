"""Who may do what: the table of docs/access.md, each cell of it asked over ssh."""

import shlex
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from mooring import commands
from tests.server import apps
from tests.server.cache import CHECKOUT
from tests.server.throwaway import Server
from tests.server.user import User

OWN, OTHER = "ghost-of-theirs", "ghost-of-others"
"""Apps that do not exist: a command that is allowed says so, and changes nothing."""
REFUSED = ("is for admins", "is no developer's of", "may push", "and nothing else")
MADE = "ghost-made"
"""The app that an admin makes in earnest."""
COMPLETE = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PROMPT= PS2= ; unset zle_bracketed_paste; stty -echo; autoload -U compinit; compinit -u; echo re""ady'
zpty -r shell line '*ready*'
# The line, Tab, and what is in the line then.
zpty -w shell 'show() { print -r -- "<$BUFFER>" }; zle -N show; bindkey "^X" show; echo bo""und'
zpty -r shell line '*bound*'
zpty -w -n shell "$1"$'\t\x18'
zpty -r -m shell line '*>*'
print -r -- "$line"
"""
"""What Tab makes of a line in an interactive zsh."""


def table() -> list[tuple[str, str, str, str]]:
    """(command, admin, developer, deploy key) of each row of the page."""
    rows = [
        line.split("|")[1:-1] for line in (CHECKOUT / "docs/access.md").read_text().splitlines() if line[:3] == "| `"
    ]
    return [(row[0].strip(" `"), *(cell.strip() for cell in row[1:])) for row in rows]  # type: ignore[misc]


def example(name: str) -> list[str]:
    """A command with arguments that it takes, by the example in its own help, for an app that is not there."""
    # Every kind of service has the same commands.
    command = commands.find(name.replace("KIND", "postgres"))
    assert command
    text = command.example.removeprefix("mooring ").partition(" < ")[0].partition(" > ")[0]
    return [OWN if word == "my-app" else word for word in shlex.split(text)]


def said(user: User, words: list[str]) -> str:
    done = user.ssh(*map(shlex.quote, words), input="", timeout=60)
    return f"{done.returncode} {done.stderr}"


def is_refused(answer: str) -> bool:
    return any(reason in answer for reason in REFUSED)


def test_every_role_may_give_the_commands_of_the_page_and_no_others(
    module_server: Server, admin_of: Callable[[Server], User], newcomer: Callable[..., User]
) -> None:
    admin = admin_of(module_server)
    developer, deployer = newcomer("dev", module_server), newcomer("dep", module_server)
    assert admin.ssh("developer:allow", OWN, input=developer.public_key).returncode == 0
    assert admin.ssh("deploy:allow", OWN, input=deployer.public_key).returncode == 0
    rows = table()
    listed = {line.split()[0] for line in admin.ssh("help").stdout.splitlines() if line.startswith("  ")}
    assert {row[0] for row in rows} == listed

    def ask(row: tuple[str, str, str, str]) -> list[str]:
        command, for_admin, for_developer, for_deployer = row
        wrong = []
        words = example(command)
        about_an_app = OWN in words
        if command == "domains:set-global":
            words = [command, "-"]
        # The stack images are made anew in test_buildpacks, by an admin over ssh, those of services in test_services.
        help_only = {"stack:update": [command, "--help"], "KIND:create": ["postgres:create", "--help"]}
        in_earnest = {"apps:create": [command, MADE], **help_only}
        answer = said(admin, in_earnest.get(command, words))
        if is_refused(answer) or for_admin != "yes":
            wrong.append(f"admin: {command}: {answer}")
        if command != "apps:create":
            answer = said(developer, words)
            if is_refused(answer) != (for_developer == "no"):
                wrong.append(f"developer: {command}: {answer}")
        if about_an_app:
            answer = said(developer, [OTHER if word == OWN else word for word in words])
            if not is_refused(answer):
                wrong.append(f"developer of another app: {command}: {answer}")
        answer = said(deployer, words)
        if is_refused(answer) != (for_deployer == "no"):
            wrong.append(f"deploy key: {command}: {answer}")
        return wrong

    with admin.connected(), developer.connected(), deployer.connected(), ThreadPoolExecutor(4) as pool:
        wrong = [line for lines in pool.map(ask, rows) for line in lines]
    assert not wrong, "\n".join(wrong)
    listing = admin.ssh("apps").stdout
    assert MADE in listing
    for name in (OWN, OTHER):
        assert name not in listing
    rebuilt = admin.ssh("releases:info", "hello", "2", "--json").stdout
    assert '"kind": "rebuild"' in rebuilt


def test_a_developer_does_everything_with_an_app_but_nothing_beyond_it(
    admin: User, newcomer: Callable[..., User], app_name: str
) -> None:
    developer = newcomer("dora")
    assert admin.ssh("developer:allow", app_name, input=developer.public_key).returncode == 0
    repo = developer.repo("mine", apps.site("mine"))
    assert repo.push(app_name).ok
    assert developer.ssh("config:set", app_name, "A=1").returncode == 0
    assert developer.ssh("run", app_name, "echo", "hello").stdout == "hello\n"
    assert developer.ssh("rollback", app_name).returncode == 0
    assert [line.split()[0] for line in developer.ssh("apps").stdout.splitlines()[1:]] == [app_name]
    assert "apps:rename" not in developer.ssh("help").stdout
    for words in (["config", "hello"], ["config", "--json", "hello"], ["apps:destroy", "hello", "--force"]):
        assert "is no developer's of hello" in developer.ssh(*words).stderr
    folder = developer.ssh("buildpacks:set", app_name, "/etc")
    assert "is a folder of the server" in folder.stderr
    identity = admin.server.run(["sh", "-c", "docker images -q mooring/hello | head -1"]).stdout.strip()
    for words in (["git:from-image", app_name, "mooring/hello:1"], ["git:from-image", app_name, identity],
                  ["stack:set", app_name, "docker.io/mooring/hello:1"]):  # fmt: skip
        assert "is the image of another app" in developer.ssh(*words).stderr
    assert not repo.push("hello").ok
    assert admin.ssh("developer:revoke", app_name, "dora@example.org").returncode == 0
    assert developer.ssh("config", app_name).returncode == 255


@pytest.mark.parametrize("page", ["man1/mooring.1", "man5/mooring.toml.5", "man7/mooring-units.7"])
def test_the_manual_is_installed(admin: User, page: str) -> None:
    text = admin.server.read(f"/usr/local/share/man/{page}")
    assert text.startswith(".TH ")
    assert ".SH NAME" in text


def test_bash_completes_commands_apps_and_options(admin: User, app_name: str) -> None:
    assert admin.ssh("apps:create", app_name).returncode == 0
    script = """
source /usr/share/bash-completion/completions/mooring
complete_() { COMP_LINE=$1 COMP_POINT=${#1}; _mooring; echo "${COMPREPLY[*]}"; }
"""

    def completed(line: str) -> list[str]:
        return admin.server.run(["bash", "-c", f'{script} complete_ "$1"', "bash", line]).stdout.split()

    assert completed("mooring confi") == ["config", "config:export", "config:get", "config:import", "config:set",
                                          "config:unset"]  # fmt: skip
    assert completed("mooring config:se") == ["set"]
    assert completed(f"mooring config {app_name[:-2]}") == [app_name]
    assert completed("mooring config:set --no") == ["--no-restart"]


def test_zsh_completes_commands_apps_and_options(admin: User, app_name: str) -> None:
    server = admin.server
    assert admin.ssh("apps:create", app_name).returncode == 0
    server.run(["sh", "-c", "command -v zsh >/dev/null || { apt-get -qq update && "
                "apt-get -qq -y --no-install-recommends install zsh >/dev/null; }"])  # fmt: skip
    server.put("/root/complete.zsh", COMPLETE)

    def completed(line: str) -> str:
        return server.run(["zsh", "-f", "/root/complete.zsh", line]).stdout.rpartition("<")[2].partition(">")[0]

    assert completed("mooring config:se") == "mooring config:set "
    assert completed(f"mooring config {app_name[:-2]}") == f"mooring config {app_name} "
    assert completed(f"mooring config:set {app_name} --no") == f"mooring config:set {app_name} --no-restart "
