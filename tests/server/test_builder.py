"""What is built and by what, the release phase, and what runs of it; and the stack images."""

import json
from collections.abc import Callable

import pytest

from tests.server import apps
from tests.server.packs import EITHER, PACKS, WEB, app, env_of, pack, put_pack
from tests.server.pushing import until_says
from tests.server.throwaway import Server
from tests.server.user import User

pytestmark = pytest.mark.long

DOMAIN = "apps.test"


def test_the_builder_is_chosen_by_hand_and_a_dockerfile_comes_first_otherwise(admin: User, app_name: str) -> None:
    repo = admin.repo("both", {**apps.site("by its Dockerfile"), **app(made="by a buildpack", Procfile=EITHER)})
    assert repo.push(app_name).ok
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "by its Dockerfile"
    assert admin.ssh("builder:set", app_name, "buildpack").returncode == 0
    assert admin.ssh("rebuild", app_name).returncode == 0
    assert "by a buildpack" in admin.curl(f"{app_name}.{DOMAIN}").body
    assert json.loads(admin.ssh("builder", app_name, "--json").stdout)["builder"] == "buildpack"
    assert admin.ssh("builder:set", app_name, "dockerfile").returncode == 0
    repo.commit({"Dockerfile": None})
    assert "!     there is no Dockerfile, and the app's builder is dockerfile" in repo.push(app_name).output
    assert admin.ssh("builder:set", app_name, "nonsense").returncode == 2


def test_a_folder_of_a_monorepo_is_built_alone_or_within_the_rest_of_it(admin: User, app_name: str) -> None:
    inner = {f"backend/{name}": content for name, content in app(made="backend").items()}
    files = {**inner, "shared/greeting": "shared", "backend/Procfile": "web: ls .. > made; perl web.pl\n"}
    repo = admin.repo("mono", files)
    assert admin.ssh("apps:create", app_name).returncode == 0
    assert admin.ssh("builder:set", app_name, "build-dir", "backend").returncode == 0
    assert repo.push(app_name).ok
    assert "shared" not in admin.curl(f"{app_name}.{DOMAIN}").body.splitlines()
    assert admin.ssh("builder:set", app_name, "build-dir", "backend", "--whole").returncode == 0
    assert admin.ssh("rebuild", app_name).returncode == 0
    assert "shared" in admin.curl(f"{app_name}.{DOMAIN}").body.splitlines()
    # The same for a Dockerfile.
    dockerfile = "FROM busybox\nCOPY {} /www/index.html\nEXPOSE 8080\nCMD httpd -f -p 8080 -h /www\n"
    repo.commit({"backend/Dockerfile": dockerfile.format("shared/greeting"), "backend/Procfile": None})
    assert repo.push(app_name).ok
    assert admin.curl(f"{app_name}.{DOMAIN}").body == "shared"
    assert admin.ssh("builder:set", app_name, "build-dir", "backend").returncode == 0
    assert "!     the Dockerfile does not build" in admin.ssh("rebuild", app_name).stdout
    for wrong in ("../x", "/etc/../..", "a/../../b", "x\ny"):
        assert admin.ssh("builder:set", app_name, "build-dir", f"'{wrong}'").returncode == 1
    assert admin.ssh("builder:set", app_name, "build-dir", "no/such").returncode == 0
    repo.commit({"backend/x": "y"})
    assert "!     the repository has no folder no/such, which is the app's build-dir" in repo.push(app_name).output
    assert admin.ssh("builder:set", app_name, "build-dir", "out").returncode == 0
    (repo.folder / "out").symlink_to("/etc")
    repo.commit({})
    assert "!     the repository has no folder out" in repo.push(app_name).output


def test_the_release_phase_runs_once_for_each_release_with_its_config_before_anything_serves(
    admin: User, server: Server, app_name: str
) -> None:
    repo = admin.repo("phase", app(Procfile=f"release: echo migrating to $TARGET; ls /app\n{WEB}"))
    assert admin.ssh("apps:create", app_name).returncode == 0
    assert admin.ssh("config:set", "--no-restart", app_name, "TARGET=mars").returncode == 0
    pushed = repo.push(app_name)
    assert pushed.ok
    lines = [line.removeprefix("remote: ").rstrip() for line in pushed.output.splitlines()]
    assert lines.index("       migrating to mars") < lines.index("-----> Starting web")
    assert "migrating to venus" in admin.ssh("config:set", app_name, "TARGET=venus").stdout
    assert "migrating" not in admin.ssh("ps:restart", app_name).stdout
    assert "migrating" not in admin.ssh("rollback", app_name, "1").stdout
    journal = server.run(["journalctl", "-o", "cat", "-u", f"mooring-release@{app_name}.1.release.1"]).stdout
    assert journal.count("migrating to mars") == 1
    # Also where a crash or the target brings the process back.
    server.run(["systemctl", "restart", f"mooring-app@{app_name}.4.web.1"])
    said = server.run(["journalctl", "-o", "cat", f"MOORING_APP={app_name}"]).stdout.splitlines()
    assert [line for line in said if line.startswith("migrating to")] == ["migrating to mars", "migrating to venus"]
    repo.commit({"Procfile": f"release: echo about to fail; exit 3\n{WEB}"})
    failed = repo.push(app_name)
    assert not failed.ok
    assert "about to fail" in failed.output
    assert "!     the release phase failed" in failed.output
    assert f"{app_name} v4 serves on." in failed.output
    assert "-----> Starting web" not in failed.output
    assert env_of(admin.curl(f"{app_name}.{DOMAIN}").body)["TARGET"] == "mars"
    assert server.run(["docker", "ps", "-aq", "--filter", f"name=^{app_name}.5"]).stdout == ""
    assert (
        server.run(
            ["systemctl", "list-units", "--all", "--plain", "--no-legend", f"mooring-release@{app_name}.*"]
        ).stdout
        == ""
    )


def test_a_change_of_the_source_makes_a_layer_of_the_source_and_no_other(
    admin: User, server: Server, app_name: str
) -> None:
    repo = admin.repo("layers", {**apps.PLAIN, "Aptfile": "jq\n"})
    first = repo.push(app_name)
    assert "-----> Installing packages: jq" in first.output
    repo.commit({"web.pl": str(apps.PLAIN["web.pl"]) + "# changed\n"})
    second = repo.push(app_name)
    assert second.ok
    assert "Installing packages" not in second.output
    inspected = ["docker", "image", "inspect", "-f", "{{json .RootFS.Layers}}"]
    one, two = (json.loads(server.run([*inspected, f"mooring/{app_name}:{number}"]).stdout) for number in (1, 2))
    assert len([layer for layer in two if layer not in one]) == 1
    assert server.run(["docker", "exec", f"{app_name}.2.web.1", "jq", "--version"]).stdout.startswith("jq")


def test_a_release_phase_goes_on_when_its_stage_is_killed_and_is_not_run_twice(
    admin: User, server: Server, app_name: str
) -> None:
    repo = admin.repo("killed", app(Procfile=f"release: echo migrating; sleep 3; echo migrated\n{WEB}"))
    push = repo.pushing(app_name)
    until_says(push, "       migrating")
    server.run(["systemctl", "kill", "--signal=KILL", f"mooring-launch@{app_name}.1.service"])
    output, _ = push.communicate(timeout=60)
    assert push.returncode == 0
    assert b"v1 is live" in output
    said = server.run(["journalctl", "-o", "cat", "-u", f"mooring-release@{app_name}.1.release.1"]).stdout.splitlines()
    assert [line for line in said if line.startswith("migrat")] == ["migrating", "migrated"]


def test_a_process_runs_as_a_user_of_its_own_below_an_init_and_gets_its_signals(
    admin: User, server: Server, app_name: str
) -> None:
    repo = admin.repo("signals", app(Procfile="web: cd /app && perl web.pl\n"))
    assert repo.push(app_name).ok
    container = f"{app_name}.1.web.1"
    assert server.run(["docker", "exec", container, "id", "-un"]).stdout.strip() == "app"
    assert "docker-init" in server.run(["docker", "exec", container, "cat", "/proc/1/cmdline"]).stdout
    assert (
        server.run(["docker", "exec", container, "/start", "sh", "-c", "echo $HOME $PWD"]).stdout.strip() == "/app /app"
    )
    server.run(["systemctl", "stop", f"mooring-app@{container}"])
    assert "leaving in order" in server.run(["journalctl", "-o", "cat", "-u", f"mooring-app@{container}"]).stdout
    server.run(["systemctl", "start", f"mooring-app@{container}"])


def test_the_stack_images_are_made_again_and_every_app_is_brought_onto_them(
    make_server: Callable[..., Server], admin_of: Callable[[Server], User]
) -> None:
    server = make_server()
    owner = admin_of(server)
    assert owner.repo("plain", apps.PLAIN).push("plain").ok
    layers = ["docker", "image", "inspect", "-f", "{{json .RootFS.Layers}}"]
    before = json.loads(server.run([*layers, "mooring-stack:run"]).stdout)
    updated = owner.ssh("stack:update", timeout=600)
    assert updated.returncode == 0
    after = json.loads(server.run([*layers, "mooring-stack:run"]).stdout)
    assert after != before
    assert owner.ssh("rebuild:all", timeout=600).returncode == 0
    assert json.loads(server.run([*layers, "mooring/plain:2"]).stdout)[: len(after)] == after
    assert owner.curl(f"plain.{DOMAIN}").body == "plain\n"


def test_an_app_has_stack_images_of_its_own(admin: User, server: Server, app_name: str) -> None:
    recipe = "FROM mooring-stack:{}\nUSER 0\nENV STACK=custom-1\nRUN echo {} > /etc/which\nUSER 1000\n"
    for which in ("run", "build"):
        server.run(["docker", "build", "-q", "-t", f"custom:{which}", "-"], input=recipe.format(which, which))
    assert admin.ssh("apps:create", app_name).returncode == 0
    assert admin.ssh("stack:set", app_name, "custom:run", "custom:build").returncode == 0
    assert admin.ssh("buildpacks:set", app_name, f"{PACKS}/stack").returncode == 1
    put_pack(server, "stack", pack('echo "built with $STACK in $(cat /etc/which)" > "$1/made"'))
    assert admin.ssh("buildpacks:set", app_name, f"{PACKS}/stack").returncode == 0
    repo = admin.repo("stack", app(Procfile="web: cat /etc/which >> made; perl web.pl\n"))
    assert repo.push(app_name).ok
    body = admin.curl(f"{app_name}.{DOMAIN}").body
    assert "built with custom-1 in build\nrun\n" in body
    assert json.loads(admin.ssh("stack", app_name, "--json").stdout)["runs on"] == "custom:run"
    assert admin.ssh("stack:set", app_name).returncode == 0
    assert admin.ssh("rebuild", app_name).returncode == 0
    assert "built with trixie" in admin.curl(f"{app_name}.{DOMAIN}").body
