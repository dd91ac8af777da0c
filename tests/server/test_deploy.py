"""A push puts an app behind its URL, or says why not and leaves what served."""

import re
from collections.abc import Callable
from pathlib import Path

from tests.server import apps
from tests.server.cache import CHECKOUT
from tests.server.pushing import until_says
from tests.server.throwaway import Server
from tests.server.user import User

DOMAIN = "apps.test"


def test_the_first_push_makes_the_app_and_ends_with_its_release_and_url(admin: User, app_name: str) -> None:
    repo = admin.repo("first", apps.site("one"))
    pushed = repo.push(app_name)
    assert pushed.ok
    lines = [line.removeprefix("remote: ").rstrip() for line in pushed.output.splitlines()]
    assert f"-----> Building {app_name} v1 from main {repo.git('rev-parse', '--short=7', 'HEAD').strip()}" in lines
    assert any(re.fullmatch(rf"=====> {app_name} v1 is live \(\d+\.\d s\)", line) for line in lines)
    assert f"       http://{app_name}.{DOMAIN}" in lines
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "one"


def test_the_next_push_replaces_what_serves_and_its_container(admin: User, server: Server, app_name: str) -> None:
    repo = admin.repo("next", apps.site("one"))
    assert repo.push(app_name).ok
    repo.commit({"index.html": "two"})
    assert "v2 is live" in repo.push(app_name).output
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "two"
    server.wait_for(["sh", "-c", f"! docker ps -a --format '{{{{.Names}}}}' | grep -q '^{app_name}.1.'"])
    assert server.run(["systemctl", "list-units", "--plain", "--no-legend", f"mooring-app@{app_name}.1.*"]).stdout == ""


def test_apps_that_are_deployed_first_at_the_same_time_get_a_network_each(server: Server, app_name: str) -> None:
    clones = "\n".join(f"{app_name}-{number}" for number in range(4))
    server.run(["xargs", "-P", "4", "-n", "1", "mooring", "apps:clone", "hello"], input=clones)
    shown = server.run(["mooring", "apps"]).stdout
    assert all(name in shown for name in clones.splitlines())


def test_only_the_deploy_branch_deploys_and_the_user_is_told(admin: User, app_name: str) -> None:
    repo = admin.repo("branches", apps.site("main"))
    assert repo.push(app_name).ok
    repo.git("switch", "-q", "-c", "feature")
    repo.commit({"index.html": "feature"})
    pushed = repo.push(app_name, "feature")
    assert pushed.ok
    assert "feature is stored, not deployed: main is the branch that deploys." in pushed.output
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "main"
    assert admin.ssh("git:set", app_name, "deploy-branch", "feature").returncode == 0
    repo.commit({"index.html": "feature 2"})
    assert repo.push(app_name, "feature").ok
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "feature 2"


def test_master_deploys_where_there_is_no_main(admin: User, app_name: str) -> None:
    repo = admin.repo("old", apps.site("master"), branch="master")
    assert repo.push(app_name, "master").ok
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "master"


def test_the_deploy_branch_is_not_deleted(admin: User, app_name: str) -> None:
    repo = admin.repo("kept", apps.site("x"))
    assert repo.push(app_name).ok
    pushed = repo.push(app_name, ":main")
    assert not pushed.ok
    assert "main deploys" in pushed.output


def test_the_same_commit_again_is_live_at_once_without_a_new_release(admin: User, app_name: str) -> None:
    repo = admin.repo("again", apps.site("x"))
    assert repo.push(app_name).ok
    repo.git("commit", "-q", "--allow-empty", "-m", "aside")
    aside = repo.git("rev-parse", "HEAD").strip()
    assert repo.push(app_name, f"{aside}:refs/heads/other").ok
    assert repo.push(app_name, ":refs/heads/other").ok
    first = repo.git("rev-parse", "HEAD~1").strip()
    # The live commit under another name: deploying it is nothing new.
    assert admin.ssh("git:set", app_name, "deploy-branch", "again").returncode == 0
    pushed = repo.push(app_name, f"{first}:refs/heads/again")
    assert pushed.ok
    assert f"{app_name} v1 of this commit is live already" in pushed.output


def test_a_release_goes_on_when_the_client_goes_away_and_pushing_again_follows_it(
    admin: User, server: Server, app_name: str
) -> None:
    files = apps.site("patient")
    files["Dockerfile"] = str(files["Dockerfile"]).replace("EXPOSE", "RUN echo slow part && sleep 4\nEXPOSE")
    repo = admin.repo("gone", files)
    push = repo.pushing(app_name)
    until_says(push, "slow part")
    push.kill()
    push.wait()
    again = repo.push(app_name)
    assert again.ok
    assert "v1 is of this commit already and on its way; following it" in again.output
    assert f"{app_name} v1 is live" in again.output
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "patient"


def test_two_pushes_of_one_commit_at_once_both_end_well(admin: User, app_name: str) -> None:
    files = apps.site("twice")
    files["Dockerfile"] = str(files["Dockerfile"]).replace("EXPOSE", "RUN echo slow part && sleep 2\nEXPOSE")
    repo = admin.repo("twice", files)
    first = repo.pushing(app_name)
    until_says(first, "slow part")
    second = repo.push(app_name)
    assert second.ok
    assert first.wait() == 0
    assert admin.ssh("releases", app_name).stdout.count("live") == 1


def test_a_waiting_push_is_superseded_by_a_newer_one_and_both_clients_hear_it(admin: User, app_name: str) -> None:
    slow = apps.site("one")
    slow["Dockerfile"] = str(slow["Dockerfile"]).replace("EXPOSE", "RUN echo slow part && sleep 5\nEXPOSE")
    repo = admin.repo("queue", slow)
    first = repo.pushing(app_name)
    until_says(first, "slow part")
    repo.commit(apps.site("two"))
    second = repo.pushing(app_name, "HEAD:main")
    while admin.ssh("releases", app_name).returncode == 0 and second.poll() is None:
        queued = admin.server.run(["ls", "/var/spool/mooring/queue/build"]).stdout
        if f"{app_name}.2" in queued:
            break
    repo.commit(apps.site("three"))
    third = repo.push(app_name, "HEAD:main", "--force")
    output, _ = second.communicate(timeout=60)
    first.communicate(timeout=60)
    assert "superseded by v3" in output.decode()
    assert second.returncode != 0
    assert third.ok
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "three"


def test_submodules_are_checked_out_recursively(admin: User, server: Server, app_name: str, tmp_path: Path) -> None:
    inner = admin.repo("inner", {"inner.txt": "innermost"})
    middle = admin.repo("middle", {"middle.txt": "middle"})
    server.run(["mkdir", "-p", "/srv/git"])
    daemon = server.popen(["git", "daemon", "--reuseaddr", "--export-all", "--base-path=/srv/git", "--port=9418"])
    try:
        for repo, name in ((inner, "inner"), (middle, "middle")):
            if name == "middle":
                repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.folder), "lib/inner")
                repo.git("config", "-f", ".gitmodules", "submodule.lib/inner.url", "git://127.0.0.1/inner")
                repo.commit({})
            packed = repo.folder.parent / f"{name}.bundle"
            repo.git("bundle", "create", "-q", str(packed), "--all")
            server.put(f"/srv/git/{name}.bundle", packed.read_bytes())
            server.run(["git", "clone", "-q", "--bare", f"/srv/git/{name}.bundle", f"/srv/git/{name}"])
        outer = admin.repo("outer", apps.site("", **{"index.html": "outer"}))
        outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(middle.folder), "middle")
        outer.git("config", "-f", ".gitmodules", "submodule.middle.url", "git://127.0.0.1/middle")
        dockerfile = (outer.folder / "Dockerfile").read_text()
        outer.commit({"Dockerfile": dockerfile.replace("EXPOSE", "COPY middle/lib/inner/inner.txt /www/\nEXPOSE")})
        pushed = outer.push(app_name)
        assert pushed.ok, pushed.output
        assert admin.curl(f"{app_name}.{DOMAIN}", "/inner.txt").body == "innermost"
    finally:
        daemon.terminate()
        daemon.wait()


def test_a_submodule_cannot_read_another_repository_of_the_server(admin: User, app_name: str) -> None:
    repo = admin.repo("thief", apps.site("x"))
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repo.folder), "loot")
    repo.git("config", "-f", ".gitmodules", "submodule.loot.url", "/var/lib/mooring/apps/hello/repo.git")
    repo.commit({})
    pushed = repo.push(app_name)
    assert not pushed.ok
    assert "the submodule loot cannot be had from /var/lib/mooring/apps/hello/repo.git" in pushed.output
    assert "'file' not allowed" in pushed.output


def test_the_seeds_example_runs_run_sh_at_start_with_config_that_the_build_did_not_have(
    admin: User, server: Server, app_name: str
) -> None:
    repo = admin.repo_of(CHECKOUT / "examples/apache-php")
    pushed = repo.push(app_name)
    assert pushed.ok, pushed.output
    assert admin.curl(f"{app_name}.{DOMAIN}").body.startswith("Hello from v1\nrun.sh ran at ")
    assert admin.ssh("config:set", app_name, "GREETING=Ahoy").returncode == 0
    assert admin.curl(f"{app_name}.{DOMAIN}").body.startswith("Ahoy from v2\n")
    history = server.run(["docker", "history", "--no-trunc", f"mooring/{app_name}:2"]).stdout
    assert "Ahoy" not in history
    assert "run.sh: starting v2" in admin.ssh("logs", app_name).stdout


def test_a_deploy_key_pushes_the_app_that_it_was_allowed_before_there_was_one(
    admin: User, newcomer: Callable[..., User], app_name: str
) -> None:
    ada = newcomer("ada")
    repo = ada.repo("hers", apps.site("hers"))
    assert "Permission denied" in repo.push(app_name).output
    assert admin.ssh("deploy:allow", app_name, input=ada.public_key).returncode == 0
    assert repo.push(app_name).ok
    assert ada.curl(f"{app_name}.{DOMAIN}").body == "hers"


def test_apps_build_side_by_side(admin: User, app_name: str) -> None:
    def endless(text: str) -> apps.Files:
        files = apps.site(text)
        # A step of its own for each app, so that BuildKit does not make them one.
        step = f"RUN echo slow part of {text} && sleep 1000"
        return {**files, "Dockerfile": str(files["Dockerfile"]).replace("EXPOSE", f"{step}\nEXPOSE")}

    names = {text: f"{app_name}-{text}" for text in ("one", "other")}
    pushes = {text: admin.repo(text, endless(text)).pushing(name) for text, name in names.items()}
    for text, push in pushes.items():
        assert push.stdout
        while f"slow part of {text}".encode() not in (line := push.stdout.readline()):
            assert line, "the push ended early"
    for text, push in pushes.items():
        assert admin.ssh("deploys:cancel", names[text]).returncode == 0
        output, _ = push.communicate(timeout=60)
        assert push.returncode != 0
        assert b"cancelled by" in output
