"""Apps without a Dockerfile: the buildpack API as third-party buildpacks know it, and what goes wrong with it."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.server.packs import PACKS, SERVER, THIRD_PARTY, WEB, app, env_of, pack, put_pack
from tests.server.throwaway import Server
from tests.server.user import User

pytestmark = pytest.mark.long


DOMAIN = "apps.test"


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
