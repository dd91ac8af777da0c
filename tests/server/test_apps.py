"""Apps are made, cloned, renamed and destroyed by commands: what serves meanwhile, and what is left."""

import json
import re
import subprocess
from collections.abc import Callable

import pytest

from tests.server import apps
from tests.server.answers import DOMAIN, body, deployed, does, environment, listed, refuses
from tests.server.load import asked_all_the_time
from tests.server.throwaway import Server
from tests.server.user import User


def test_an_app_is_made_shown_locked_and_unlocked(admin: User, app_name: str) -> None:
    assert f"git push mooring@HOST:{app_name} main" in does(admin, "apps:create", app_name)
    assert "there is an app" in refuses(admin, "apps:create", app_name)
    row = next(each for each in listed(admin, "apps") if each["name"] == app_name)
    assert row["state"] == "never deployed"
    assert app_name in does(admin, "apps")
    repo = deployed(admin, app_name)
    facts = json.loads(does(admin, "apps:info", app_name, "--json"))
    assert facts["release"] == "v1"
    assert facts["url"] == f"http://{app_name}.{DOMAIN}"
    assert facts["commit"] == repo.git("rev-parse", "HEAD").strip()
    assert facts["processes"] == ["web=1"]
    assert re.search(r"^release: +v1$", does(admin, "apps:info", app_name), re.MULTILINE)

    does(admin, "apps:lock", app_name)
    repo.commit({"index.html": "locked out"})
    pushed = repo.push(app_name)
    assert not pushed.ok
    assert "it takes no pushes" in pushed.output
    assert "apps:unlock" in pushed.output
    assert body(admin, app_name) == app_name
    does(admin, "apps:unlock", app_name)
    assert repo.push(app_name).ok
    assert body(admin, app_name) == "locked out"


def test_dokku_alts_words_make_and_remove_an_app(admin: User, app_name: str) -> None:
    does(admin, "create", app_name)
    does(admin, "delete", app_name, "--force")
    assert app_name not in does(admin, "apps")


def test_a_clone_serves_the_same_under_its_own_name_and_is_another_app(admin: User, app_name: str) -> None:
    repo = deployed(admin, app_name, apps.python(apps.ECHO))
    does(admin, "config:set", app_name, "COLOUR=blue")
    copy = f"{app_name}-copy"
    does(admin, "apps:clone", app_name, copy)
    assert environment(admin, copy)["COLOUR"] == "blue"
    assert environment(admin, copy)["MOORING_APP"] == copy
    does(admin, "config:set", copy, "COLOUR=red")
    assert environment(admin, app_name)["COLOUR"] == "blue"
    repo.commit({"more": "x"})
    assert repo.push(copy).ok
    does(admin, "rebuild", copy)
    assert environment(admin, copy)["COLOUR"] == "red"
    assert "there is an app" in refuses(admin, "apps:clone", app_name, copy)
    assert "there is no app" in refuses(admin, "apps:clone", "nobodys-app", f"{app_name}-c")
    assert "cannot name an app" in refuses(admin, "apps:clone", app_name, "../x")


def test_a_rename_keeps_serving_and_moves_domains_config_and_deploy_keys(
    admin: User, newcomer: Callable[..., User], app_name: str
) -> None:
    deployed(admin, app_name, apps.python(apps.STATELY))
    own = f"www.{app_name}.test"
    does(admin, "domains:add", app_name, own)
    does(admin, "config:set", app_name, "COLOUR=blue")
    ada = newcomer("ada")
    does(admin, "deploy:allow", app_name, input=ada.public_key)
    new = f"{app_name}-new"
    with asked_all_the_time(admin, own, {200}) as wrong:
        does(admin, "apps:rename", app_name, new)
    assert wrong == []
    assert admin.curl(own).status == 200
    assert does(admin, "config:get", new, "COLOUR") == "blue\n"
    assert "ada@example.org" in does(admin, "deploy:list", new)
    assert ada.repo("hers", apps.site("hers")).push(new, "main", "--force").ok
    assert "may not push" in ada.repo("old", apps.site("x")).push(app_name).output
    assert "there is no app" in refuses(admin, "apps:info", app_name)


@pytest.mark.parametrize("state", ["disabled", "stopped", "maintenance"])
def test_an_app_that_does_not_serve_shows_nothing_of_itself_while_it_is_renamed(
    admin: User, app_name: str, state: str
) -> None:
    deployed(admin, app_name)
    own, new = f"www.{app_name}.test", f"a-{app_name}"
    does(admin, "domains:add", app_name, own)
    words = {"disabled": "apps:disable", "stopped": "ps:stop", "maintenance": "maintenance:on"}
    does(admin, words[state], app_name)
    answer = admin.curl(own).status
    # nginx takes seconds to give a stopped process up.
    with asked_all_the_time(admin, own, {404, 502, 503}, least=0) as wrong:
        does(admin, "apps:rename", app_name, new)
    assert [each for each in wrong if "timed out" not in each] == []
    assert admin.curl(own).status == answer
    back = {"disabled": "apps:enable", "stopped": "ps:start", "maintenance": "maintenance:off"}
    does(admin, back[state], new)
    assert admin.curl(own).body == app_name


def test_an_app_sees_nothing_of_an_earlier_one_of_its_name(admin: User, app_name: str) -> None:
    failing: apps.Files = {"Dockerfile": "FROM busybox\nRUN echo of the first && false\n"}
    admin.repo("first", failing).push(app_name)
    assert "of the first" in does(admin, "logs:failed", app_name)
    does(admin, "apps:destroy", app_name, "--force")
    admin.repo("second", {"Dockerfile": "FROM busybox\nRUN echo of the second && false\n"}).push(app_name)
    said = does(admin, "logs:failed", app_name)
    assert "of the second" in said
    assert "of the first" not in said
    events = [row["event"] for row in listed(admin, "events", app_name)]
    assert events.count("apps:create") == 1
    assert "apps:destroy" not in events


def test_destroying_asks_for_the_name_and_leaves_nothing(
    admin: User, newcomer: Callable[..., User], server: Server, app_name: str
) -> None:
    deployed(admin, app_name)
    own = f"www.{app_name}.test"
    does(admin, "domains:add", app_name, own)
    does(admin, "deploy:allow", app_name, input=newcomer("ada").public_key)
    for typed in ("", "no\n", f"{app_name}-x\n"):
        answer = admin.ssh("apps:destroy", app_name, input=typed)
        assert answer.returncode == 1
        assert f"Type its name to go on: mooring: {app_name} was not removed" in answer.stderr
    assert body(admin, app_name) == app_name
    does(admin, "apps:destroy", app_name, input=f"{app_name}\n")
    looks = {
        "containers": "docker ps -a --format '{{.Names}}'",
        "networks": "docker network ls --format '{{.Name}}'",
        "images": "docker image ls --format '{{.Repository}}:{{.Tag}}'",
        "units": "systemctl list-units --all --plain --no-legend --full | grep -v '[.]slice'",
        "processes": "ps -eww -o args",
        "nginx": "nginx -T 2>&1",
        "keys": "cat /etc/mooring/keys.toml /etc/mooring/authorized_keys",
        "files": "find /var/lib/mooring /var/spool/mooring /run/mooring",
        "slices": "systemctl list-units --plain --no-legend --type=slice",
    }
    words = (f"{app_name}.", f"{app_name}/", f"{app_name}:", f"{app_name}\n", f'"{app_name}"', own,
             f"mooring-{app_name.replace('-', '_')}.slice")  # fmt: skip
    for what, look in looks.items():
        text = server.run(["sh", "-c", look], check=False).stdout
        assert text or what == "slices", what
        assert [word for word in words if word in text] == [], what
    assert "ada@example.org" not in server.read("/etc/mooring/keys.toml").partition(app_name)[2]
    assert admin.curl(own).status == 404
    assert "there is no app" in refuses(admin, "apps:destroy", app_name, "--force")


@pytest.mark.parametrize(
    "moment",
    [
        "test -d /var/lib/mooring/apps/{new}",
        "docker ps -q --filter name=^{new}.[0-9]*.web.1 | grep -q .",
        "test -e /var/lib/mooring/apps/{new}/live",
        "! test -e /var/lib/mooring/apps/{old}/live",
    ],
    ids=["made", "starting", "live", "taking the place"],
)
def test_a_rename_that_is_interrupted_leaves_one_app_that_serves(
    admin: User, server: Server, app_name: str, moment: str
) -> None:
    deployed(admin, app_name)
    new = f"{app_name}-new"
    rename = server.popen(["mooring", "apps:rename", app_name, new], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    server.wait_for(["sh", "-c", moment.format(old=app_name, new=new)])
    server.run(["pkill", "-HUP", "-f", f"mooring apps:rename {app_name} "], check=False)
    output, _ = rename.communicate(timeout=60)
    assert b"Traceback" not in output
    named = [row["name"] for row in listed(admin, "apps") if row["name"] in (app_name, new)]
    assert len(named) == 1
    assert body(admin, named[0]) == app_name
    gone = new if named == [app_name] else app_name
    left = f"ls -d /var/lib/mooring/apps/{gone}; docker ps -aq --filter label=mooring.app={gone}"
    assert server.run(["sh", "-c", f"{left} 2>/dev/null; true"]).stdout == ""
    does(admin, "apps:destroy", named[0], "--force")
