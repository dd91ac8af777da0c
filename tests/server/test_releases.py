"""Releases over the years: what each was, tags, what the cleanup keeps; and an image that is deployed as it is.

One server of this module's own.
"""

import json
import re
import subprocess
from collections.abc import Callable

import pytest

from tests.server import apps
from tests.server.answers import does
from tests.server.layout import MIRROR_NAME, MIRROR_PORT
from tests.server.records import DOMAIN, body, deployed, facts, images, numbers, refuses, settings, until_retired
from tests.server.throwaway import Server
from tests.server.user import User


@pytest.fixture
def admin(module_server: Server, admin_of: Callable[[Server], User]) -> User:
    return admin_of(module_server)


def test_a_tagged_release_outlives_the_cleanup_and_is_deployed_by_its_name(admin: User, app_name: str) -> None:
    server = admin.server
    repo = deployed(admin, app_name, apps.python(apps.ECHO))
    assert "v1 of" in does(admin, "tag:add", app_name, "first")
    does(admin, "config:set", app_name, "A=secret-one", "B=1")
    # What drains for longer than the next release takes is that one's to retire.
    server.wait_for(["sh", "-c", f"mooring releases:info {app_name} 2 --json | grep -q '\"retire\":'"])
    does(admin, "config:set", app_name, "A=secret-two", "C=1")
    does(admin, "config:unset", app_name, "B")

    info = facts(admin, "releases:info", app_name, "3")
    assert (info["config-added"], info["config-changed"], info["config-removed"]) == (["C"], ["A"], [])
    assert facts(admin, "releases:info", app_name, "4")["config-removed"] == ["B"]
    assert "secret" not in does(admin, "releases:info", app_name, "3")
    until_retired(server, app_name)
    took = facts(admin, "releases:info", app_name, "1")["took"]
    assert isinstance(took, dict)
    assert took.keys() == {"waited", "build", "launch", "route"}
    assert all(0 <= seconds < 60 for seconds in took.values())
    took = facts(admin, "releases:info", app_name, "2")["took"]
    assert isinstance(took, dict)
    assert took.keys() == {"waited", "launch", "route", "retire"}
    assert re.search(r"^took: .*build \d+\.\d s, launch", does(admin, "releases:info", app_name, "1"), re.MULTILINE)
    first = json.loads(does(admin, "releases", app_name, "--json"))[-1]
    assert (first["tags"], first["by"], first["kind"]) == (["first"], "admin@mooring-tests", "push")

    server.run(["docker", "tag", f"mooring/{app_name}:1", f"mooring/{app_name}-gone:7"])
    left = [f"/var/lib/mooring/builds/{app_name}.3", f"/var/lib/mooring/apps/{app_name}/sources/2"]
    server.run(["mkdir", "-p", *left])
    server.run(["touch", "-d", "3 days ago", *left])
    repo.commit({"app.py": "exit"})
    assert not repo.push(app_name).ok
    with settings(server, '[releases]\nkeep = 2\nrecords = 1\n[builds]\ncache = "20g"\n'):
        said = does(admin, "cleanup")
        assert f"Removed {app_name}: the images of v2, v5" in said
        assert f"Removed {app_name}: the records of v2" in said
        assert f"Removed what was left of building {app_name}.3" in said
        assert "There is nothing to remove" in does(admin, "cleanup")
    assert images(server, app_name) == {1, 3, 4}
    assert images(server, f"{app_name}-gone") == set()
    assert numbers(admin, app_name) == [5, 4, 3, 1]
    assert server.run(["ls", f"/var/lib/mooring/apps/{app_name}/sources"]).stdout == ""
    refs = ["git", "-c", "safe.directory=*", "-C", f"/var/lib/mooring/apps/{app_name}/repo.git", "for-each-ref"]
    assert "refs/mooring/1" in server.run(refs).stdout

    said = does(admin, "deploy", app_name, "first")
    assert "v6 is live" in said
    assert "Building" not in said
    info = facts(admin, "releases:info", app_name, "6")
    assert (info["kind"], info["from"]) == ("deploy", "v1")
    assert json.loads(admin.curl(f"{app_name}.{DOMAIN}").body)["env"]["A"] == "secret-two"
    does(admin, "rollback", app_name, "1")
    assert "A" not in json.loads(admin.curl(f"{app_name}.{DOMAIN}").body)["env"]

    rows = json.loads(does(admin, "tag:list", app_name, "--json"))
    assert [(row["tag"], row["release"], row["live"]) for row in rows] == [("first", "v1", False)]
    does(admin, "tag:remove", app_name, "first")
    until_retired(server, app_name)
    with settings(server, "[releases]\nkeep = 2\nrecords = 1\n"):
        server.run(["systemctl", "start", "mooring-cleanup.service"])
    assert images(server, app_name) == {6, 7}
    assert numbers(admin, app_name) == [7, 6]
    assert server.run(["systemctl", "is-active", "mooring-cleanup.timer"]).stdout == "active\n"


def test_tags_that_cannot_be_are_refused(admin: User, app_name: str) -> None:
    does(admin, "apps:create", app_name)
    assert "no live release" in refuses(admin, "tag:add", app_name, "x")
    assert "release's own name" in refuses(admin, "tag:add", app_name, "v2")
    assert "cannot be a tag" in refuses(admin, "tag:add", app_name, "../live")
    assert "has no release" in refuses(admin, "tag:add", app_name, "x", "9")
    assert "has no tag" in refuses(admin, "tag:remove", app_name, "x")
    assert "has no tag" in refuses(admin, "deploy", app_name, "x")
    assert "has no release" in refuses(admin, "deploy", app_name, "3")


def test_deploys_go_well_while_the_cleanup_runs_again_and_again(admin: User, app_name: str) -> None:
    """With the smallest cache and one image kept, so that everything that may go does."""
    server = admin.server
    repo = deployed(admin, app_name, apps.site("one"))
    with settings(server, '[releases]\nkeep = 1\nrecords = 1\n[builds]\ncache = "0"\n'):
        ended = f"/run/{app_name}.end"
        loop = f"n=0; while [ ! -e {ended} ]; do mooring cleanup >&2 || exit 1; n=$((n + 1)); done; echo $n"
        cleaning = server.popen(["sh", "-c", loop], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            repo.commit({"index.html": "two"})
            pushed = repo.push(app_name)
            assert pushed.ok, pushed.output
            does(admin, "config:set", app_name, "A=1")
            assert body(admin, app_name) == "two"
        finally:
            server.run(["touch", ended])
            said, complaint = cleaning.communicate(timeout=60)
        assert cleaning.returncode == 0, complaint.decode()
        assert int(said) > 3
        until_retired(server, app_name)
        does(admin, "cleanup")
    assert images(server, app_name) == {3}
    assert body(admin, app_name) == "two"


def test_an_image_is_deployed_as_it_is(admin: User, app_name: str) -> None:
    server = admin.server
    reference = f"{MIRROR_NAME}:{MIRROR_PORT}/{app_name}:1"
    server.put("/srv/image/index.html", "from an image")
    server.put("/srv/image/Dockerfile", str(apps.site("")["Dockerfile"]))
    server.run(["docker", "build", "-q", "-t", "made-here:1", "-t", reference, "/srv/image"])
    server.run(["docker", "push", "-q", reference])
    server.run(["docker", "rmi", "made-here:1", reference])
    does(admin, "apps:create", app_name)
    said = does(admin, "git:from-image", app_name, reference)
    assert f"-----> Pulling {reference}" in said
    assert "v1 is live" in said
    assert body(admin, app_name) == "from an image"
    info = facts(admin, "releases:info", app_name, "1")
    assert (info["kind"], info["from"], info["processes"]) == ("image", reference, ["web=1"])
    assert reference not in server.run(["docker", "images", "--format", "{{.Repository}}:{{.Tag}}"]).stdout

    server.put("/srv/image/index.html", "made here")
    server.run(["docker", "build", "-q", "-t", "made-here:1", "/srv/image"])
    assert "which was made on this server" in does(admin, "git:from-image", app_name, "made-here:1")
    assert body(admin, app_name) == "made here"
    server.put("/srv/image/index.html", "made anew")
    server.run(["docker", "build", "-q", "-t", "made-here:1", "/srv/image"])
    does(admin, "rebuild", app_name)
    assert body(admin, app_name) == "made anew"

    before = numbers(admin, app_name)
    assert "cannot be pulled" in refuses(admin, "git:from-image", app_name, f"{MIRROR_NAME}:{MIRROR_PORT}/none:1")
    assert "cannot name an image" in refuses(admin, "git:from-image", app_name, "a;b")
    assert "there is no app" in refuses(admin, "git:from-image", f"{app_name}-x", "made-here:1")
    does(admin, "apps:lock", app_name)
    assert "is locked" in refuses(admin, "git:from-image", app_name, "made-here:1")
    assert numbers(admin, app_name) == before
