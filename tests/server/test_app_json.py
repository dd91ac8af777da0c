"""app.json: what it sets at the first deploy, what it runs once for a release, and where it is."""

import json
import re
from typing import Any

from tests.server import apps
from tests.server.answers import does
from tests.server.pushing import until_says
from tests.server.throwaway import Server
from tests.server.user import Repo, User

DOMAIN = "apps.test"
SAYS: dict[str, Any] = {
    "env": {
        "TOKEN": {"description": "signs cookies", "generator": "secret"},
        "GREETING": "Ahoy",
        "MUST": {"description": "whom to ask"},
        "MAY": {"required": False},
    },
    "scripts": {
        "dokku": {
            "predeploy": "echo predeploy of $MOORING_RELEASE, $GREETING",
            "postdeploy": "wget -qO- http://web:8080; echo; echo postdeploy has ended",
        },
        "postdeploy": "echo set up once",
    },
}


def said(**changes: Any) -> apps.Files:
    return {"app.json": json.dumps({**SAYS, **changes})}


def site(text: str, **changes: Any) -> apps.Files:
    return {**apps.site(text), **said(**changes)}


def lines(repo: Repo, app: str) -> list[str]:
    """What a push that goes well prints."""
    pushed = repo.push(app)
    assert pushed.ok, pushed.output
    return [line.removeprefix("remote: ").rstrip() for line in pushed.output.splitlines()]


def test_a_first_deploy_asks_for_what_is_required_makes_secrets_and_runs_what_is_for_once(
    admin: User, server: Server, app_name: str
) -> None:
    repo = admin.repo("whole", site("one"))
    refused = repo.push(app_name)
    assert not refused.ok
    reason = f"app.json: env requires MUST, and {app_name} has none: whom to ask"
    assert f"!     {reason} (`mooring config:set {app_name} MUST=…`)" in refused.output
    assert "Dockerfile found" not in refused.output
    assert "TOKEN" not in does(admin, "config", app_name)
    does(admin, "config:set", app_name, "MUST=yes")
    first = lines(repo, app_name)
    token = does(admin, "config:get", app_name, "TOKEN").strip()
    assert re.fullmatch("[0-9a-f]{64}", token)
    assert does(admin, "config:get", app_name, "GREETING") == "Ahoy\n"
    assert token not in "\n".join(first)
    assert token not in server.run(["journalctl", "-o", "cat", f"MOORING_APP={app_name}"]).stdout
    assert server.run(["stat", "-c", "%a %U", f"/var/lib/mooring/apps/{app_name}/env"]).stdout == "600 root\n"
    assert does(admin, "run", app_name, "sh", "-c", "echo $TOKEN").strip() == token
    in_order = ["       predeploy of v2, Ahoy", "-----> Starting web", "       set up once", "       one"]
    places = [first.index(each) for each in [*in_order, "       postdeploy has ended"]]
    assert places == sorted(places)
    assert first.index("       postdeploy has ended") < next(n for n, line in enumerate(first) if "v2 is live" in line)

    # Later deploys leave what the app has, and say what they would have set.
    repo.commit({"index.html": "two", **said(env={**SAYS["env"], "GREETING": "Moin", "LATER": "x"})})
    second = lines(repo, app_name)
    note = f"app.json: env is set at the first deploy only, and {app_name} has no LATER: "
    assert f" !     {note}`mooring config:set {app_name} LATER=…`" in second
    assert "       predeploy of v3, Ahoy" in second
    assert "       set up once" not in second
    assert does(admin, "config:get", app_name, "TOKEN").strip() == token
    changed = does(admin, "config:set", app_name, "GREETING=Hej")
    assert "predeploy of v4, Hej" in changed
    assert "postdeploy has ended" in changed
    assert "deploy of" not in does(admin, "ps:restart", app_name)
    journal = server.run(["journalctl", "-o", "cat", "-u", f"mooring-release@{app_name}.*"]).stdout
    assert (journal.count("set up once\n"), journal.count("predeploy of v")) == (1, 3)


def test_a_predeploy_that_fails_fails_the_release_and_a_postdeploy_is_told(
    admin: User, server: Server, app_name: str
) -> None:
    scripts = {"postdeploy": "echo set up; sleep 3; echo and done; exit 4"}
    repo = admin.repo("scripts", site("one", env={}, scripts=scripts))
    # It is live when the stage is killed: it is waited for, and not run again.
    push = repo.pushing(app_name)
    until_says(push, "       set up")
    server.run(["systemctl", "kill", "--signal=KILL", f"mooring-route@{app_name}.1.service"])
    output, _ = push.communicate(timeout=60)
    assert push.returncode == 0
    assert b"!     the first postdeploy failed (its lines are above" in output
    assert f"{app_name} v1 is live all the same" in output.decode()
    assert output.decode().count("and done") == 1
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "one"

    repo.commit({"index.html": "two", **said(env={}, scripts={"mooring": {"predeploy": "echo so far; exit 3"}})})
    failed = repo.push(app_name)
    assert not failed.ok
    assert "so far" in failed.output
    unit = f"mooring-release@{app_name}.2.release-predeploy.1"
    assert f"!     predeploy failed (its lines are above, and in `journalctl -u {unit}`)" in failed.output
    assert "Starting web" not in failed.output
    assert f"{app_name} v1 serves on." in failed.output

    # One more is wrong in each: they are told one by one, by their places.
    for says, place in (
        ({"scripts": {"dokku": {"predeploy": 5}}}, "scripts.dokku.predeploy is 5"),
        ({"addons": [{"as": "X"}]}, "addons[0].plan is None"),
        ({"formation": {"web": {"overlap": "no"}}}, "formation.web.overlap is 'no'"),
    ):
        repo.commit({"app.json": json.dumps(says)})
        assert f"!     app.json: {place}" in repo.push(app_name).output


def test_app_json_may_be_elsewhere(admin: User, app_name: str) -> None:
    does(admin, "apps:create", app_name)
    assert "reads deploy/app.json" in does(admin, "app-json:set", app_name, "appjson-path", "deploy/app.json")
    repo = admin.repo("elsewhere", {**apps.site("one"), "app.json": "nonsense"})
    missing = repo.push(app_name)
    assert not missing.ok
    assert "!     there is no deploy/app.json, which was chosen for app.json" in missing.output
    repo.commit({"deploy/app.json": json.dumps({"addons": ["heroku-redis"], "scripts": SAYS["scripts"]})})
    note = (
        "app.json: addons: heroku-redis is not made by itself: `mooring redis:create NAME` and "
        f"`mooring redis:link NAME {app_name}` make it, or `mooring config:set {app_name} REDIS_URL=…` says where it is"
    )
    assert f" !     {note}" in lines(repo, app_name)
    shown = json.loads(does(admin, "app-json", app_name, "--json"))
    assert (shown["appjson-path"], shown["scripts"]["setup"]) == ("deploy/app.json", "echo set up once")
    for wrong in ("../x", "/etc/passwd/../x", "a//b"):
        assert admin.ssh("app-json:set", app_name, "appjson-path", wrong).returncode == 1
    assert admin.ssh("app-json:set", app_name, "path", "x").returncode == 1
    does(admin, "app-json:set", app_name, "appjson-path")
    assert "app.json line 1 is not JSON" in admin.ssh("rebuild", app_name).stdout
