"""What is in a volume, taken away and brought back; who may, and which folders of the server are never one."""

import io
import subprocess
import tarfile
from collections.abc import Callable, Iterator

import pytest

from tests.server import apps
from tests.server.throwaway import Server
from tests.server.user import User

DOMAIN = "apps.test"
VOLUMES = "/var/lib/mooring/volumes"


@pytest.fixture
def volume(admin: User, app_name: str) -> Iterator[str]:
    """A volume with a page in it, linked to a live app that hands it out."""
    assert admin.repo(app_name, apps.site("index")).push(app_name).ok
    assert admin.ssh("volume:create", app_name).returncode == 0
    assert admin.ssh("volume:link", app_name, app_name, "/www/files").returncode == 0
    assert admin.ssh("exec", app_name, "sh", "-c", "'echo one > /www/files/page'").returncode == 0
    yield app_name
    admin.ssh("apps:destroy", app_name, "--force")
    admin.ssh("volume:destroy", app_name, "--force")


def page(user: User, app: str, name: str = "page") -> str:
    response = user.curl(f"{app}.{DOMAIN}", f"/files/{name}")
    return response.body if response.status == 200 else str(response.status)


def given(user: User, *words: str, tar: bytes) -> "subprocess.CompletedProcess[str]":
    return user.ssh("volume:import", *words, input=tar)


def tarred(name: str, body: bytes = b"", **more: object) -> bytes:
    out = io.BytesIO()
    info = tarfile.TarInfo(name)
    info.size = len(body)
    for key, value in more.items():
        setattr(info, key, value)
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(info, io.BytesIO(body))
    return out.getvalue()


def listing(server: Server, volume: str) -> str:
    return server.run(["sh", "-c", f"cd {VOLUMES} && ls -A .{volume} && cd {volume} && find . | sort"]).stdout


def test_an_export_brings_back_what_was_there_and_the_apps_see_it(admin: User, server: Server, volume: str) -> None:
    server.run(["sh", "-c", f"cd {VOLUMES}/{volume} && ln -s page link && ln page hard && mkfifo pipe && chmod 711 ."])
    server.run(["sh", "-c", f"mooring volume:export {volume} > /root/{volume}.tar"])
    server.run(["sh", "-c", f"cd {VOLUMES}/{volume} && echo two > page && touch more && chmod 755 ."])
    done = server.run(["sh", "-c", f"mooring volume:import {volume} < /root/{volume}.tar"])
    assert f"Restarting {volume}" in done.stdout
    assert (page(admin, volume), page(admin, volume, "link"), page(admin, volume, "more")) == ("one\n", "one\n", "404")
    assert listing(server, volume) == "volume.json\n.\n./hard\n./link\n./page\n"
    assert server.run(["stat", "-c", "%a", f"{VOLUMES}/{volume}"]).stdout == "711\n"
    # A copy is a volume of its own.
    assert "--size is not enforced here" in admin.ssh("volume:create", f"{volume}-1", "--size", "5g").stdout
    assert "5 GiB" in admin.ssh("volume:info", f"{volume}-1").stdout
    assert admin.ssh("volume:destroy", f"{volume}-1", "--force").returncode == 0
    assert admin.ssh("volume:clone", volume, f"{volume}-2").returncode == 0
    server.run(["sh", "-c", f"echo two > {VOLUMES}/{volume}-2/page"])
    assert page(admin, volume) == "one\n"
    assert admin.ssh("volume:destroy", f"{volume}-2", "--force").returncode == 0


def test_what_is_no_whole_tar_or_reaches_out_leaves_what_was_there(admin: User, server: Server, volume: str) -> None:
    before = listing(server, volume)
    good = tarred("page", b"two" * 1000)
    bad = {
        "no whole tar": [b"", b"rubbish", good[:1000], good[:3584]],
        "leaves it": [
            tarred("../page", b"x"),
            tarred("/etc/x", b"x"),
            tarred("x", type=tarfile.LNKTYPE, linkname="../y"),
        ],
        "points out": [tarred("x", type=tarfile.SYMTYPE, linkname="/etc/passwd")],
        "a device": [tarred("x", type=tarfile.BLKTYPE), tarred("x", type=tarfile.FIFOTYPE)],
    }
    for reason, tars in bad.items():
        for tar in tars:
            done = given(admin, volume, tar=tar)
            assert (done.returncode, done.stderr.count("\n")) == (1, 1)
            assert reason in done.stderr
    assert listing(server, volume) == before
    assert page(admin, volume) == "one\n"
    assert given(admin, volume, "--chown", tar=good).returncode == 0
    assert page(admin, volume) == "two" * 1000


def test_a_disk_that_is_full_or_an_app_that_does_not_start_with_it_leaves_what_was_there(
    admin: User, server: Server, volume: str
) -> None:
    moved = (
        f"mkdir -p /root/small && cp -a {VOLUMES}/. /root/small && mount -t tmpfs -o size=1m,mode=700 tmpfs {VOLUMES}"
    )
    server.run(["sh", "-c", f"{moved} && cp -a /root/small/. {VOLUMES}"])
    try:
        assert admin.ssh("ps:restart", volume).returncode == 0
        done = given(admin, volume, tar=tarred("large", b"x" * (2 << 20)))
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "no room" in done.stderr
        server.run(["sh", "-c", f"head -c 960k /dev/zero > {VOLUMES}/{volume}/large"])
        assert f"{VOLUMES}: the disk is nearly full" in admin.ssh("doctor").stdout
        server.run(["rm", f"{VOLUMES}/{volume}/large"])
        assert listing(server, volume) == "volume.json\n.\n./page\n"
        assert admin.ssh("checks:set", volume, "web", "path=/files/page", "attempts=2", "wait=1").returncode == 0
        assert admin.ssh("ps:restart", volume).returncode == 0
        done = given(admin, volume, tar=tarred("other", b"x"))
        assert done.returncode == 1
        assert f"{volume} has what it had before" in done.stdout
        assert page(admin, volume) == "one\n"
        assert listing(server, volume) == "volume.json\n.\n./page\n"
    finally:
        server.run(["umount", "--lazy", VOLUMES])
        admin.ssh("checks:unset", volume, "web")
        admin.ssh("ps:restart", volume)


def test_bad_names_and_paths_are_one_line_and_change_nothing(admin: User, server: Server, volume: str) -> None:
    look = f"ls -A {VOLUMES}; cd /var/lib/mooring/apps/{volume} && ls releases && cat app.toml"
    before = server.run(["sh", "-c", look]).stdout
    for words, reason in (
        (["volume:create", ".."], "cannot name"),
        (["volume:create", "a/b"], "cannot name"),
        (["volume:create", "x" * 300], "cannot name"),
        (["volume:create", "'a\nb'"], "cannot name"),
        (["volume:create", volume], "already"),
        (["volume:create", "sized", "--size", "much"], "--size"),
        (["volume:link", volume, volume, "/elsewhere"], "already"),
        (["volume:link", volume, "nothere", "/data"], "no volume nothere"),
        (["volume:link", "nothere", volume, "/data"], "no app nothere"),
        (["volume:link", volume, volume, "data"], "no absolute path"),
        (["volume:link", volume, volume, "/a/../b"], ".. in it"),
        (["volume:link", volume, volume, "/proc"], "would hide"),
        (["volume:link", volume, volume, "/app"], "would hide"),
        (["volume:link", volume, volume, "/"], "would hide"),
        (["volume:link", volume, volume, "/" + "x" * 300], "too long"),
        (["volume:link", volume, volume, "/www/files", "--process", "nothere"], "no process 'nothere'"),
        (["volume:unlink", volume, "nothere"], "not linked"),
        (["volume:destroy", volume, "--force"], "is linked to"),
        (["volume:info", "nothere"], "no volume nothere"),
        (["volume:clone", volume, volume], "already"),
        (["volume:clone", volume, ".."], "cannot name"),
        (["storage:mount", volume, "/srv/x:/data"], "folder of the server"),
    ):
        done = admin.ssh(*words)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), words
        assert reason in done.stderr
    assert server.run(["sh", "-c", look]).stdout == before


def test_a_folder_of_the_server_is_roots_there_and_never_one_that_it_lives_by(
    admin: User, server: Server, volume: str
) -> None:
    server.run(["sh", "-c", "mkdir -p /srv/own && echo here > /srv/own/page && ln -sfn /var/lib/docker /srv/docker"])
    refused = admin.ssh("volume:create", "own", "--host-dir", "/srv/own")
    assert refused.returncode == 1
    assert "root on the server" in refused.stderr
    for folder in ("/", "/etc", "/var/lib/docker", "/var/run", VOLUMES, "/srv/docker", "/srv/nothere"):
        done = server.run(["mooring", "volume:create", "own", "--host-dir", folder], check=False)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), folder
    server.run(["mooring", "volume:create", "own", "--host-dir", "/srv/own"])
    assert admin.ssh("volume:link", volume, "own", "/www/own", "--read-only").returncode == 0
    assert admin.curl(f"{volume}.{DOMAIN}", "/own/page").body == "here\n"
    # A folder that became a link meanwhile is not followed: what serves serves on.
    server.run(["sh", "-c", "mv /srv/own /srv/moved && ln -s /etc /srv/own"])
    assert admin.ssh("ps:restart", volume).returncode == 1
    assert admin.curl(f"{volume}.{DOMAIN}", "/own/page").body == "here\n"
    server.run(["sh", "-c", "rm /srv/own && mv /srv/moved /srv/own"])
    assert admin.ssh("volume:unlink", volume, "own").returncode == 0
    assert admin.ssh("volume:destroy", "own", "--force").returncode == 0
    assert server.run(["cat", "/srv/own/page"]).stdout == "here\n"


def test_a_developer_sees_the_volumes_of_the_own_apps_and_gets_at_no_other(
    admin: User, newcomer: Callable[..., User], volume: str, app_name: str
) -> None:
    other = f"o-{app_name}"[:40].rstrip("-")
    bob = newcomer("bob")
    assert admin.ssh("developer:allow", other, input=bob.public_key).returncode == 0
    assert bob.repo(other, apps.site("mine")).push(other).ok
    for words in (
        ["volume:link", other, volume, "/data"],
        ["volume:export", volume],
        ["volume:info", volume],
        ["volume:unlink", volume, volume],
        ["volume:create", other],
        ["volume:clone", volume, other],
    ):
        assert bob.ssh(*words).returncode == 1, words
    assert bob.ssh("volume:list").stdout.startswith("no volume yet")
    assert admin.ssh("volume:link", other, volume, "/data").returncode == 0
    seen = bob.ssh("volume:list").stdout
    assert f"{other}:/data" in seen
    assert "/www/files" not in seen
    assert bob.ssh("run", other, "cat", "/data/page").stdout == "one\n"
    assert bob.ssh("volume:unlink", other, volume).returncode == 0
    admin.ssh("apps:destroy", other, "--force")
