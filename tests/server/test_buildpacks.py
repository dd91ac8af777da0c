"""Apps without a Dockerfile: the buildpack API as third-party buildpacks know it, and what goes wrong with it."""

import json
import re
from collections.abc import Callable, Iterator

import pytest

from tests.server import apps
from tests.server.pushing import until_says
from tests.server.throwaway import Server
from tests.server.user import User

DOMAIN = "apps.test"
PACKS = "/srv/packs"

WEB = "web: perl web.pl\n"
EITHER = "web: if command -v perl; then exec perl web.pl; else exec httpd -f -p $PORT -h /www; fi\n"
SERVER = """
use IO::Socket::INET;
my $listener = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 5, ReuseAddr => 1) or die;
print "listening\\n";
$SIG{TERM} = sub { print "leaving in order\\n"; exit 0 };
while (my $client = $listener->accept) {
    while (<$client>) { last if /^\\r?$/ }
    my $body = join "", map { "$_=$ENV{$_}\\n" } sort keys %ENV;
    if (open my $file, "<", "made") { local $/; $body .= <$file> }
    print $client "HTTP/1.0 200 OK\\r\\n\\r\\n$body";
    close $client;
}
"""
"""Answers with its environment and with the file `made`."""


def app(**files: str | bytes | None) -> apps.Files:
    return {"web.pl": SERVER, "Procfile": WEB, **files}


def pack(compile: str, *, detect: str = "echo Made", release: str = "echo '--- {}'", **files: str) -> apps.Files:
    """A buildpack as third parties write them."""
    scripts = {"detect": detect, "compile": compile, "release": release}
    return {**{f"bin/{name}": f"#!/usr/bin/env bash\nset -e\n{text}\n" for name, text in scripts.items()}, **files}


THIRD_PARTY = {
    # Leaves a tool and an `export` for the buildpacks after it, as Heroku's nodejs does.
    "tool": pack(
        """
mkdir -p "$1/.tool/bin"
runs=$(cat "$2/runs" 2>/dev/null || echo empty)
printf '#!/bin/sh\\necho made by the tool, with cache %s\\n' "$runs" > "$1/.tool/bin/tool"
chmod +x "$1/.tool/bin/tool"
echo "$(cat "$2/runs" 2>/dev/null)x" > "$2/runs"
echo "export PATH=$1/.tool/bin:\\$PATH TOOL_HOME=$1/.tool" > "$(dirname "$0")/../export"
echo "-----> Tool installed"
""",
        detect='test -f "$1/Procfile" && echo Tool',
    ),
    # Uses what the one before exported, and sets the environment of the app by .profile.d.
    "profile": pack(
        """
tool > "$1/made"
echo "tool home $TOOL_HOME" >> "$1/made"
mkdir -p "$1/.profile.d"
echo 'export FROM_PROFILE="set at start in $HOME"' > "$1/.profile.d/profile.sh"
for name in "$3"/*; do printf '%s=<%s>\\n' "${name##*/}" "$(cat "$name")"; done >> "$1/made"
echo "build $STACK $HOME ${SOURCE_VERSION:0:7} ${GIT_REV:0:7} $REQUEST_ID $(id -u) $(basename "$1")" >> "$1/made"
""",
        release="printf -- '---\\nconfig_vars:\\n  FROM_RELEASE: by default\\naddons: [db]\\n'",
    ),
    # heroku-buildpack-multi's way: runs other buildpacks itself, and has the last one's bin/release speak.
    "multi": pack(
        """
while read -r url; do
    dir=$(mktemp -d)
    git clone -q "$url" "$dir"
    echo "=====> Downloading Buildpack: $url"
    chmod -f +x "$dir"/bin/{detect,compile,release}
    framework=$("$dir/bin/detect" "$1")
    echo "=====> Detected Framework: $framework"
    "$dir/bin/compile" "$1" "$2" "$3"
    if [ -e "$dir/export" ]; then source "$dir/export"; fi
    if [ -x "$dir/bin/release" ]; then "$dir/bin/release" "$1" > "$1/last_pack_release.out"; fi
done < "$1/.multi"
""",
        detect='test -f "$1/.multi" && echo Multipack',
        release='cat "$1/last_pack_release.out"; printf "default_process_types:\\n  web: perl web.pl\\n"',
    ),
}


@pytest.fixture(scope="module")
def packs(server: Server) -> Iterator[str]:
    """The third-party buildpacks, as git repositories below the URL that is returned."""
    url = f"git://{server.address}:9419"
    for name, files in THIRD_PARTY.items():
        put_pack(server, name, files)
    server.run(
        ["systemd-run", "--unit=packs", "git", "daemon", "--port=9419", "--export-all",
         "--reuseaddr", f"--base-path={PACKS}", PACKS]
    )  # fmt: skip
    server.wait_for(["git", "ls-remote", f"{url}/tool"])
    yield url
    server.run(["systemctl", "stop", "packs"])


def put_pack(server: Server, name: str, files: apps.Files) -> str:
    """Commit the buildpack to its repository on the server; the commit's id."""
    folder = f"{PACKS}/{name}"
    for path, text in files.items():
        assert text is not None
        server.put(f"{folder}/{path}", text, mode=0o755 if path.startswith("bin/") else 0o644)
    git = f"git -c safe.directory=* -C {folder}"
    server.run(["sh", "-c", f"{git} init -q -b main && {git} add -A && {git} -c user.name=x -c user.email=x@x "
                "commit -q --allow-empty -m pack"])  # fmt: skip
    return server.run(["sh", "-c", f"{git} rev-parse HEAD"]).stdout.strip()


def env_of(body: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in body.splitlines() if re.match(r"[A-Z_]+=", line))


def test_buildpacks_in_a_row_hand_over_by_export_and_set_the_environment_by_profile_d(
    admin: User, server: Server, app_name: str, packs: str
) -> None:
    secret = "two\nlines, \"quoted\" and 'so' $HOME"
    repo = admin.repo("contract", app(**{".buildpacks": f"# two\n{packs}/tool\n{packs}/profile#main\n"}))
    assert admin.ssh("apps:create", app_name).returncode == 0
    server.run(["mooring", "config:set", "--no-restart", app_name, f"SECRET={secret}", "FROM_RELEASE_TOO=x"])
    pushed = repo.push(app_name)
    assert pushed.ok
    assert "-----> Tool app detected" in pushed.output
    assert "-----> Made app detected" in pushed.output
    assert "-----> Tool installed" in pushed.output
    body = admin.curl(f"{app_name}.{DOMAIN}").body
    environment = env_of(body)
    assert environment["FROM_PROFILE"] == "set at start in /app"
    assert environment["FROM_RELEASE"] == "by default"
    assert environment["HOME"] == "/app"
    assert "made by the tool, with cache empty" in body
    assert "tool home /tmp/build/.tool" in body
    assert f"SECRET=<{secret}>" in body
    commit = repo.git("rev-parse", "--short=7", "HEAD").strip()
    assert f"build trixie /app {commit} {commit} {app_name}.1 1000 build" in body
    image = server.run(["docker", "history", "--no-trunc", f"mooring/{app_name}:1"]).stdout
    assert "lines" not in image


def test_the_cache_goes_from_build_to_build_until_it_is_purged_and_a_failed_build_leaves_it(
    admin: User, app_name: str, packs: str
) -> None:
    repo = admin.repo("cache", app(**{".buildpacks": f"{packs}/tool\n{packs}/profile\n"}))
    assert repo.push(app_name).ok
    assert repo.push(app_name, "HEAD:main").ok
    assert admin.ssh("rebuild", app_name).returncode == 0
    assert "with cache x\n" in admin.curl(f"{app_name}.{DOMAIN}").body
    # The first of the two writes to the cache; then the second fails.
    repo.commit({".buildpacks": f"{packs}/tool\n{packs}/failing\n"})
    put_pack(admin.server, "failing", pack('touch "$2/half-done"; echo " !     no such luck"; exit 9'))
    failed = repo.push(app_name)
    assert not failed.ok
    assert re.search(
        r"!     the buildpack \S*failing failed in bin/compile, with status 9: no such luck", failed.output
    )
    assert f"{app_name} v3 failed; {app_name} v2 serves on." in failed.output
    repo.commit({".buildpacks": f"{packs}/tool\n{packs}/profile\n"})
    assert repo.push(app_name).ok
    assert "with cache xx\n" in admin.curl(f"{app_name}.{DOMAIN}").body
    assert admin.ssh("repo:purge-cache", app_name).returncode == 0
    assert admin.ssh("rebuild", app_name).returncode == 0
    assert "with cache empty\n" in admin.curl(f"{app_name}.{DOMAIN}").body
    assert admin.ssh("rebuild:force", app_name).returncode == 0
    assert "with cache empty\n" in admin.curl(f"{app_name}.{DOMAIN}").body


def test_a_buildpack_that_runs_others_runs_unchanged_and_names_the_processes(
    admin: User, app_name: str, packs: str
) -> None:
    files = {"web.pl": SERVER, ".multi": f"{packs}/standing\n"}
    assert admin.ssh("apps:create", app_name).returncode == 0
    assert admin.ssh("config:set", "--no-restart", app_name, f"BUILDPACK_URL={packs}/multi").returncode == 0
    put_pack(
        admin.server,
        "standing",
        pack('echo standing > "$1/made"', release="printf -- '---\\nconfig_vars:\\n  A: b\\n'"),
    )
    pushed = admin.repo("multi", files).push(app_name)
    assert pushed.ok
    assert "=====> Detected Framework: Made" in pushed.output
    body = admin.curl(f"{app_name}.{DOMAIN}").body
    assert "standing" in body
    assert env_of(body)["A"] == "b"


def test_the_operator_chooses_buildpacks_by_name_by_url_with_a_ref_and_by_folder(
    admin: User, server: Server, app_name: str, packs: str
) -> None:
    old = put_pack(server, "versions", pack('echo first version > "$1/made"'))
    put_pack(server, "versions", pack('echo second version > "$1/made"'))
    repo = admin.repo("chosen", app())
    assert admin.ssh("apps:create", app_name).returncode == 0
    assert admin.ssh("buildpacks:set", app_name, "procfile").returncode == 0
    assert admin.ssh("buildpacks:add", app_name, f"{packs}/versions#{old}", "--index", "1").returncode == 0
    assert repo.push(app_name).ok
    assert "first version" in admin.curl(f"{app_name}.{DOMAIN}").body
    listed = json.loads(admin.ssh("buildpacks", app_name, "--json").stdout)
    assert [each["buildpack"] for each in listed] == [f"{packs}/versions#{old}", "procfile"]
    assert admin.ssh("buildpacks:remove", app_name, "1").returncode == 0
    assert admin.ssh("buildpacks:set", app_name, f"{PACKS}/versions").returncode == 0
    assert admin.ssh("rebuild", app_name).returncode == 0
    assert "second version" in admin.curl(f"{app_name}.{DOMAIN}").body
    assert admin.ssh("buildpacks:clear", app_name).returncode == 0
    assert "none is chosen" in admin.ssh("buildpacks", app_name).stdout
    for wrong in ("no-such", "/no/such", "--upload-pack=x", "https://x/y#-z", "ext::sh"):
        refused = admin.ssh("buildpacks:add", app_name, wrong)
        assert refused.returncode in (1, 2)
        assert len(refused.stderr.strip().splitlines()) <= 2
    # A repository may not name a folder of the server.
    repo.commit({".buildpacks": f"{PACKS}/versions\n"})
    pushed = repo.push(app_name)
    assert "!     .buildpacks line 1: /srv/packs/versions is a folder of the server" in pushed.output


BAD = {
    "crashes": (pack(":", detect="kill -SEGV $$"), r"bin/detect of the buildpack \S+ ended with status 139"),
    "hangs": (pack(":", detect="sleep 60"), r"bin/detect of the buildpack \S+ did not end within 5 s"),
    "says no": (pack(":", detect="exit 1"), r"the buildpack \S+ does not take this app"),
    "is empty": ({"README": "nothing"}, r"the buildpack \S+ has no bin/detect"),
    "releases rubbish": (
        pack(":", release="printf 'default_process_types:\\n  web: [oops\\n'"),
        r"bin/release of the buildpack \S+ printed what is not YAML: line \d",
    ),
    "releases a list": (
        pack(":", release="echo '- a'"),
        r"bin/release of the buildpack \S+ printed YAML that is no mapping",
    ),
    "release fails": (pack(":", release="exit 3"), r"bin/release of the buildpack \S+ ended with status 3"),
    "names no process": (
        pack(":"),
        r"nothing says how to start the app: it has no Procfile, and the buildpack \S+ names",
    ),
}


def test_a_bad_buildpack_rejects_the_push_with_one_clear_line_and_the_old_release_serves_on(
    admin: User, server: Server, app_name: str, packs: str
) -> None:
    server.run(["sed", "-i", r"s/^\[builds\]/&\ndetect_timeout = 5/", "/etc/mooring/mooring.toml"])
    repo = admin.repo("bad", app(made="good"))
    assert repo.push(app_name).ok
    repo.commit({"Procfile": None})
    try:
        for name, (files, reason) in BAD.items():
            url = f"bad-{name.replace(' ', '-')}"
            put_pack(server, url, files)
            repo.commit({".buildpacks": f"{packs}/{url}\n"})
            pushed = repo.push(app_name)
            assert not pushed.ok
            assert re.search(rf"!     {reason}.*\(.+\)", pushed.output), (name, pushed.output)
            assert f"{app_name} v1 serves on." in pushed.output
    finally:
        server.run(["sed", "-i", "/^detect_timeout/d", "/etc/mooring/mooring.toml"])
    # What it prints may be rubbish: the app is built all the same.
    put_pack(server, "babbles", pack(":", detect="head -c 100000 /dev/urandom"))
    repo.commit({".buildpacks": f"{packs}/babbles\n", "Procfile": WEB})
    assert repo.push(app_name).ok
    assert "good" in admin.curl(f"{app_name}.{DOMAIN}").body
    repo.commit({".buildpacks": "git://localhost:9420/none\n"})
    pushed = repo.push(app_name)
    assert re.search(
        r"!     the buildpack git://localhost:9420/none cannot be fetched: .*\(.*reachable\?\)", pushed.output
    )
    repo.commit({".buildpacks": f"{packs}/tool#no-such-ref\n"})
    assert re.search(r"!     the buildpack \S+ cannot be fetched: .*no-such-ref", repo.push(app_name).output)
    repo.commit({".buildpacks": "# none\n"})
    assert "!     .buildpacks names no buildpack" in repo.push(app_name).output
    repo.commit({".buildpacks": None, "Procfile": "web: perl web.pl\nno colon here\n"})
    assert "!     Procfile line 2 is not `name: command`" in repo.push(app_name).output
    assert "good" in admin.curl(f"{app_name}.{DOMAIN}").body


def test_a_repository_that_nothing_can_build_is_told_what_was_looked_for(admin: User, app_name: str) -> None:
    pushed = admin.repo("nothing", {"README": "words"}).push(app_name)
    assert not pushed.ok
    said = re.search(r"!     nothing says how to build this: (.*)", pushed.output)
    assert said
    for name in ("Dockerfile", "requirements.txt", "package.json", "composer.json", "Gemfile", "go.mod", "Procfile"):
        assert name in said[1]


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
    journal = server.run(["journalctl", "-o", "cat", "-u", f"mooring-release@{app_name}.1"]).stdout
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
    said = server.run(["journalctl", "-o", "cat", "-u", f"mooring-release@{app_name}.1"]).stdout.splitlines()
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


LIMITS = {
    "memory": (
        'memory = "128m"',
        'perl -e "print length(q(a) x 400_000_000)"',
        "killed at its limit of memory, 128 MiB",
    ),
    "pids": (
        "pids = 40",
        "for i in $(seq 100); do sleep 9 & done; wait",
        "reached its limit of 40 processes and threads",
    ),
    "timeout": ("timeout = 4", "sleep 60", "took longer than 4 s"),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_build_that_takes_too_much_is_ended_and_says_so(
    admin: User, server: Server, app_name: str, packs: str, limit: str
) -> None:
    setting, command, reason = LIMITS[limit]
    put_pack(server, f"greedy-{limit}", pack(command))
    repo = admin.repo("greedy", app(**{".buildpacks": f"{packs}/greedy-{limit}\n"}))
    server.run(["sed", "-i", rf"s/^\[builds\]/&\n{setting}/", "/etc/mooring/mooring.toml"])
    try:
        pushed = repo.push(app_name)
    finally:
        server.run(["sed", "-i", f"/^{setting}/d", "/etc/mooring/mooring.toml"])
    assert not pushed.ok
    assert re.search(rf"!     the build .*{reason} \(.*`{limit}` below \[builds\]", pushed.output), pushed.output


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
