"""A push that cannot go well is told why, in one line, and what served serves on."""

import json
import re
from collections.abc import Callable

from tests.server import apps
from tests.server.answers import DOMAIN, body, deployed
from tests.server.throwaway import Server
from tests.server.user import User


def test_a_dockerfile_that_fails_rejects_the_push_with_its_reason_and_the_old_release_serves_on(
    admin: User, app_name: str
) -> None:
    repo = admin.repo("broken", apps.site("good"))
    assert repo.push(app_name).ok
    repo.commit({"Dockerfile": "FROM busybox\nRUN echo about to fail && exit 7\n"})
    pushed = repo.push(app_name)
    assert not pushed.ok
    assert "about to fail" in pushed.output
    reason = "line 2: RUN echo about to fail && exit 7 ended with status 7: about to fail (mend it and push again)"
    assert f"!     the Dockerfile does not build: {reason}" in pushed.output
    assert f"{app_name} v2 failed; {app_name} v1 serves on." in pushed.output
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "good"


def test_an_app_that_never_listens_rejects_the_push_and_shows_its_last_lines(
    admin: User, server: Server, app_name: str
) -> None:
    checks = json.dumps({"healthchecks": {"web": [{"type": "startup", "listening": True, "attempts": 2, "wait": 1}]}})
    repo = admin.repo("deaf", apps.site("good"))
    assert repo.push(app_name).ok
    repo.commit(
        {
            "Dockerfile": "FROM busybox\nEXPOSE 8080\nCMD echo I do not listen; exec sleep 1000\n",
            "app.json": checks,
        }
    )
    pushed = repo.push(app_name)
    assert not pushed.ok
    assert "web.1: nothing listens on port 8080" in pushed.output
    assert "I do not listen" in pushed.output
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "good"
    assert server.run(["docker", "ps", "-aq", "--filter", f"name=^{app_name}.2"]).stdout == ""


def test_an_app_that_exits_at_once_rejects_the_push_and_shows_its_last_lines(admin: User, app_name: str) -> None:
    repo = admin.repo("mayfly", {"Dockerfile": "FROM busybox\nEXPOSE 8080\nCMD echo goodbye world; exit 0\n"})
    pushed = repo.push(app_name)
    assert not pushed.ok
    assert "web.1: it ended before it was ready" in pushed.output
    assert "goodbye world" in pushed.output
    assert "nothing ran before" in pushed.output
    assert admin.curl(f"{app_name}.{DOMAIN}").status == 404


def test_a_push_that_failed_can_be_mended_and_pushed_again(admin: User, app_name: str) -> None:
    repo = admin.repo("mended", {"Dockerfile": "FROM busybox\nRUN false\n"})
    assert not repo.push(app_name).ok
    repo.commit(apps.site("mended"))
    assert repo.push(app_name).ok
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "mended"


def test_a_startup_check_that_answers_wrong_says_url_status_body_and_time(admin: User, app_name: str) -> None:
    checks = {"web": [{"type": "startup", "path": "/status/500", "attempts": 2, "wait": 1, "timeout": 2}]}
    repo = admin.repo("ill", apps.python(apps.ECHO, **{"app.json": json.dumps({"healthchecks": checks})}))
    pushed = repo.push(app_name)
    assert not pushed.ok
    assert re.search(
        r"web\.1: GET http://[0-9.]+:8080/status/500 answered 500: .*/status/500.* \(2 times in \d+ s\)", pushed.output
    )


def test_a_startup_check_that_passes_lets_the_release_through(admin: User, app_name: str) -> None:
    checks = {"web": [{"type": "startup", "path": "/status/204", "attempts": 2, "wait": 1}]}
    repo = admin.repo("well", apps.python(apps.ECHO, **{"app.json": json.dumps({"healthchecks": checks})}))
    assert repo.push(app_name).ok


def test_a_broken_app_json_is_refused_naming_what_is_wrong(admin: User, app_name: str) -> None:
    repo = admin.repo("json", apps.site("x", **{"app.json": '{"healthchecks": {"web": [{"path": "no-slash"}]}}'}))
    assert "app.json: healthchecks.web[0].path is 'no-slash'" in repo.push(app_name).output
    repo.commit({"app.json": "{\n nonsense"})
    assert "app.json line 2 is not JSON" in repo.push(app_name).output
    repo.commit({"app.json": None, "Procfile": "web: true\nnonsense\n"})
    assert "Procfile line 2 is not `name: command`" in repo.push(app_name).output


def test_the_images_healthcheck_decides_where_app_json_says_nothing(admin: User, app_name: str) -> None:
    files = apps.site("checked")
    check = "HEALTHCHECK --interval=200ms --retries=1 --start-period=0s"
    files["Dockerfile"] = f"{files['Dockerfile']}{check} CMD test -e /www/index.html\n"
    repo = admin.repo("health", files)
    assert repo.push(app_name).ok
    repo.commit(
        {"Dockerfile": str(files["Dockerfile"]).replace("/www/index.html\n", "/missing || { echo no file; exit 1; }\n")}
    )
    pushed = repo.push(app_name)
    assert not pushed.ok
    assert "its HEALTHCHECK fails: no file" in pushed.output
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "checked"
    # Five checks a second are half a core's work, for as long as the others' tests take.
    assert admin.ssh("apps:destroy", app_name, "--force").returncode == 0


def test_where_nginx_refuses_the_push_is_rejected_with_its_reason_and_nothing_has_changed(
    admin: User, server: Server, app_name: str
) -> None:
    repo = admin.repo("refused", apps.site("good"))
    assert repo.push(app_name).ok
    server.put("/etc/nginx/conf.d/broken.conf", "server { listen 80; frobnicate on; }\n")
    try:
        repo.commit({"index.html": "better"})
        pushed = repo.push(app_name)
        assert not pushed.ok
        assert 'nginx refuses the configuration: unknown directive "frobnicate"' in pushed.output
        assert "broken.conf:1" in pushed.output
        assert f"{app_name} v1 serves on" in pushed.output
        assert admin.curl(f"{app_name}.{DOMAIN}").body == "good"
        assert server.run(["docker", "ps", "-aq", "--filter", f"name=^{app_name}.2"]).stdout == ""
        added = admin.ssh("domains:add", app_name, "refused.example")
        assert added.returncode == 1
        assert "refused.example" not in admin.ssh("domains", app_name).stdout
    finally:
        server.run(["rm", "/etc/nginx/conf.d/broken.conf"])
    assert repo.push(app_name).ok
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "better"


def test_a_build_that_fills_the_disk_says_so_and_what_served_serves_on(
    make_server: Callable[..., Server], admin_of: Callable[[Server], User]
) -> None:
    server = make_server(small_docker_root="500M")
    owner = admin_of(server)
    repo = deployed(owner, "full")
    repo.commit({"Dockerfile": "FROM busybox\nRUN dd if=/dev/zero of=/big bs=1M count=1600\nEXPOSE 8080\n"})
    pushed = repo.push("full")
    assert not pushed.ok
    assert re.search(r"!     the disk is full: .*free space", pushed.output)
    assert "full v1 serves on" in pushed.output
    assert body(owner, "full") == "full"
    assert owner.curl(f"hello.{DOMAIN}").status == 200
    repo.commit(apps.site("small again"))
    pushed = repo.push("full")
    assert pushed.ok, pushed.output
    assert body(owner, "full") == "small again"
