"""The commands, as an admin types them over ssh: what they do, what they refuse, and what stays as it was."""

import json
import re
import shlex

from tests.server.answers import deployed, does, refuses
from tests.server.throwaway import Server
from tests.server.user import User


def test_version_help_and_the_help_of_every_command_with_an_example(admin: User, server: Server) -> None:
    assert re.fullmatch(r"mooring \d+\.\d+\.\d+\S*\n", does(admin, "version"))
    text = does(admin, "help")
    assert does(admin) == text
    names = [line.split()[0] for line in text.splitlines() if line.startswith("  ")]
    assert {"apps", "config:set", "domains:add", "logs", "ps:restart", "rollback", "deploys:cancel"} <= set(names)
    assert "example: mooring config:set" in (explained := does(admin, "config:set", "--help"))
    assert does(admin, "help", "config:set") == explained
    refuses(admin, "config:set", "--no-such-option", usage=True)
    # The rest at the server's own shell, in one go: each of them takes as long as logging in.
    loop = 'for name; do echo "=== $name"; mooring "$name" --help || echo failed; done'
    each = server.run(["sh", "-c", loop, "loop", *names]).stdout.split("=== ")[1:]
    assert len(each) == len(names)
    for name, said in zip(names, each, strict=True):
        assert f"example: mooring {name}" in said, said
        assert "failed" not in said.splitlines()
    loop = 'for name; do mooring "$name" --no-such-option 2>&1 >/dev/null; echo $?; done'
    lines = server.run(["sh", "-c", loop, "loop", *names]).stdout.splitlines()
    assert lines[1::2] == ["2"] * len(names)
    assert all(line.startswith("mooring: ") for line in lines[::2])
    for words in (["help", "appz"], ["appz"], ["apps:nonsense"], ["a b"], ["../x"], ["a\nb"], ["__init__"], ["stdin"]):
        answer = admin.ssh(*map(shlex.quote, words))
        assert answer.returncode in (1, 2)
        assert len(answer.stderr.splitlines()) == 1
        assert "there is no command" in answer.stderr


def test_every_listing_is_json_too(admin: User, app_name: str) -> None:
    deployed(admin, app_name)
    whole = ("apps", "access:list")
    of_app = ("config", "domains", "ps", "releases", "deploy:list", "apps:info")
    for name in (*whole, *of_app):
        json.loads(does(admin, name, *([] if name in whole else [app_name]), "--json"))
    json.loads(does(admin, "releases:info", app_name, "1", "--json"))


def test_every_command_on_an_app_that_is_not_there_says_so_and_makes_none(admin: User) -> None:
    before = does(admin, "apps")
    more = {
        "apps:clone": ["x-copy"], "apps:rename": ["x-new"], "config:get": ["A"], "config:set": ["A=1"],
        "config:unset": ["A"], "domains:add": ["x.test"], "domains:remove": ["x.test"], "domains:set": ["x.test"],
        "domains:redirect": ["x.test"], "git:set": ["deploy-branch", "x"], "releases:info": ["1"],
    }  # fmt: skip
    rest = ("apps:info", "apps:lock", "apps:unlock", "apps:destroy", "config", "config:import", "config:export",
            "domains", "url", "ps", "ps:restart", "ps:stop", "ps:start", "logs", "releases", "rollback",
            "deploys:cancel", "rebuild", "rebuild:force")  # fmt: skip
    for name in (*more, *rest):
        assert "there is no app nobodys" in refuses(admin, name, "nobodys", *more.get(name, [])), name
    assert does(admin, "apps") == before
