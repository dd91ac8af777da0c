"""Volumes: what an app writes is there after a push, a reboot and a power cut, for whoever it runs as.

One server of this module's own, which is rebooted and cut off; every test leaves it running.
"""

from pathlib import Path

import pytest

from tests.server import apps
from tests.server.pipeline import settled
from tests.server.throwaway import Server
from tests.server.user import User
from tests.server.user import admin as administrator

pytestmark = pytest.mark.long

DOMAIN = "apps.test"
UPLOADS = """
import http.server, os, sys
class Uploads(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_PUT(self):
        with open("/data" + self.path, "wb") as file:
            file.write(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(201)
    def do_GET(self):
        try:
            with open("/data" + self.path, "rb") as file:
                self.answer(200, file.read())
        except OSError as error:
            self.answer(200 if self.path == "/" else 404, str(error).encode())
http.server.ThreadingHTTPServer(("", 8080), Uploads).serve_forever()
"""
"""Takes files and hands them out again."""
AS_ADA = "FROM python:3-slim\nRUN echo ada:x:1234:1235::/:/bin/sh >> /etc/passwd\n"
CMD = 'COPY . /code\nWORKDIR /code\nEXPOSE 8080\nUSER ada\nCMD ["python3", "-u", "app.py"]\n'


@pytest.fixture
def owner(module_server: Server, tmp_path: Path) -> User:
    return administrator(module_server, tmp_path)


def well(user: User, *words: str) -> str:
    done = user.ssh(*words)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def sees(server: Server, *words: str) -> str:
    return server.run([*words]).stdout


def test_what_an_app_was_sent_is_there_after_a_push_a_reboot_and_a_power_cut(
    owner: User, module_server: Server
) -> None:
    files = apps.python(UPLOADS, Procfile="web: python3 -u app.py\nrelease: echo $MOORING_RELEASE >> /data/phase\n")
    repo = owner.repo("keeps", {**files, "Dockerfile": AS_ADA + CMD})
    well(owner, "volume:create", "uploads")
    well(owner, "apps:create", "keeps")
    assert "for the first release" in well(owner, "volume:link", "keeps", "uploads", "/data")
    assert repo.push("keeps").ok
    assert owner.curl(f"keeps.{DOMAIN}", "/photo", method="PUT", body="cheese").status == 201
    repo.commit({"more": "x"})
    assert repo.push("keeps").ok

    def is_there() -> None:
        assert owner.curl(f"keeps.{DOMAIN}", "/photo").body == "cheese"
        assert owner.curl(f"keeps.{DOMAIN}", "/more", method="PUT", body="room").status == 201

    is_there()
    # The release phase, one-off commands and those in the background see the same.
    assert owner.curl(f"keeps.{DOMAIN}", "/phase").body == "v1\nv2\n"
    assert well(owner, "run", "keeps", "cat", "/data/photo") == "cheese"
    well(owner, "run:detached", "keeps", "sh", "-c", "'id -u > /data/detached'")
    module_server.wait_for(["grep", "-qx", "1234", "/var/lib/mooring/volumes/uploads/detached"])
    settled(module_server)
    for again in (module_server.reboot, lambda: (module_server.power_cut(), module_server.boot())):
        again()
        module_server.wait_for(["systemctl", "is-active", "mooring-app@keeps.2.web.1"])
        is_there()
    # Nothing but volume:destroy removes it.
    assert "its volumes stay: uploads" in well(owner, "apps:destroy", "keeps", "--force")
    well(owner, "cleanup")
    assert sees(module_server, "cat", "/var/lib/mooring/volumes/uploads/photo") == "cheese"
    assert sees(module_server, "docker", "volume", "ls", "-q") == ""
    assert owner.ssh("volume:destroy", "uploads", input="no\n").returncode == 1
    assert owner.ssh("volume:destroy", "uploads", input="uploads\n").returncode == 0
    assert sees(module_server, "ls", "-A", "/var/lib/mooring/volumes") == ""


def test_an_empty_volume_takes_over_what_the_image_has_there_with_owner_and_mode(
    owner: User, module_server: Server
) -> None:
    seeded = "RUN mkdir -p /data/sub && echo seed > /data/seed && chown -R 1234:7 /data && chmod 2750 /data\n"
    seeded += "VOLUME /data\n"
    repo = owner.repo("seeded", {**apps.python(UPLOADS), "Dockerfile": AS_ADA + seeded + CMD})
    well(owner, "apps:create", "seeded")
    push = repo.push("seeded")
    assert push.ok
    told = " ".join(push.output.replace("remote:", " ").split())
    assert "VOLUME /data" in told
    assert "`mooring volume:create seeded-data` and `mooring volume:link seeded seeded-data /data` keep it" in told
    well(owner, "volume:create", "seeded-data")
    well(owner, "volume:link", "seeded", "seeded-data", "/data")
    assert owner.curl(f"seeded.{DOMAIN}", "/seed").body == "seed\n"
    place = "/var/lib/mooring/volumes/seeded-data"
    assert sees(module_server, "stat", "-c", "%u %g %a", place, f"{place}/seed") == "1234 7 2750\n1234 7 644\n"
    # What it has been given, it is given once; and no push speaks of VOLUME any more.
    well(owner, "exec", "seeded", "rm", "/data/seed")
    repo.commit({"more": "x"})
    push = repo.push("seeded")
    assert push.ok
    assert "VOLUME" not in push.output
    settled(module_server)
    assert sees(module_server, "ls", place) == "sub\n"
    assert sees(module_server, "docker", "volume", "ls", "-q") == ""
    facts = well(owner, "volume:info", "seeded-data")
    assert "1234:7" in facts
    assert "seeded:/data" in facts
    well(owner, "apps:destroy", "seeded", "--force")
    well(owner, "volume:destroy", "seeded-data", "--force")


def test_a_power_cut_in_the_middle_of_an_import_leaves_what_was_there(owner: User, module_server: Server) -> None:
    place = "/var/lib/mooring/volumes"
    well(owner, "volume:create", "cut")
    module_server.run(
        ["sh", "-c", f"echo here > {place}/cut/page && mkdir /root/new && head -c 9m /dev/zero > /root/new/x"]
    )
    half = "tar -C /root/new -c . | head -c 5m; sleep 1000"
    importing = module_server.popen(["sh", "-c", f"({half}) | mooring volume:import cut"])
    module_server.wait_for(["sh", "-c", f"test $(stat -c %s {place}/.cut/draft/x) -gt 4000000"])
    assert "is being replaced" in owner.ssh("volume:import", "cut", input="x").stderr
    module_server.power_cut()
    importing.wait()
    module_server.boot()
    module_server.wait_for(["sh", "-c", f"! test -e {place}/.cut/draft"])
    assert sees(module_server, "cat", f"{place}/cut/page") == "here\n"
    # What was being destroyed when the power went is gone.
    module_server.run(["mv", f"{place}/cut", f"{place}/.cut/gone"])
    module_server.reboot()
    module_server.wait_for(["sh", "-c", f"! test -e {place}/.cut"])
    assert owner.ssh("volume:info", "cut").returncode == 1


def test_the_volume_of_a_buildpack_app_belongs_to_its_user(owner: User, module_server: Server) -> None:
    well(owner, "volume:create", "plain")
    well(owner, "apps:create", "plain")
    well(owner, "volume:link", "plain", "plain", "/app/uploads")
    assert owner.repo("plain", apps.PLAIN).push("plain").ok
    well(owner, "run", "plain", "sh", "-c", "'id -u > uploads/me'")
    assert sees(module_server, "stat", "-c", "%u %g", "/var/lib/mooring/volumes/plain/me") == "1000 1000\n"
    well(owner, "apps:rename", "plain", "plainer")
    assert well(owner, "run", "plainer", "cat", "uploads/me") == "1000\n"
    assert "plainer:/app/uploads" in well(owner, "volume:list")
    cloned = well(owner, "apps:clone", "plainer", "plain")
    assert "`mooring volume:clone plain plain-data` copies that" in cloned
    assert owner.ssh("exec", "plain", "ls", "uploads").returncode != 0
    # One of root's is not, and that is told.
    module_server.run(["sh", "-c", "mooring volume:create roots && touch /var/lib/mooring/volumes/roots/x"])
    told = well(owner, "volume:link", "plainer", "roots", "/app/roots")
    assert "roots belongs to 0:0, and plainer runs as 1000:1000: it cannot write there" in told
    for app in ("plain", "plainer"):
        well(owner, "apps:destroy", app, "--force")


def test_two_apps_over_one_volume_and_one_that_may_only_read(owner: User, module_server: Server) -> None:
    well(owner, "volume:create", "shared")
    for app in ("writes", "reads"):
        assert (
            owner.repo(app, apps.site(app, Procfile="web: httpd -f -p 8080 -h /www\nside: sleep 9999\n")).push(app).ok
        )
    well(owner, "ps:scale", "writes", "side=1")
    well(owner, "volume:link", "writes", "shared", "/shared", "--process", "side")
    well(owner, "storage:mount", "reads", "shared:/www/shared", "--read-only")
    well(owner, "enter", "writes", "side.1", "sh", "-c", "'echo hello > /shared/page'")
    assert owner.curl(f"reads.{DOMAIN}", "/shared/page").body == "hello\n"
    assert "Read-only" in owner.ssh("exec", "reads", "touch", "/www/shared/x").stderr
    assert owner.ssh("enter", "writes", "web.1", "ls", "/shared").returncode != 0
    assert "shared:/shared (side)" in well(owner, "apps:info", "writes")
    refused = owner.ssh("volume:destroy", "shared", "--force")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "is linked to reads, writes" in refused.stderr
    # A rollback goes on with the links of today.
    well(owner, "volume:unlink", "reads", "shared")
    well(owner, "rollback", "reads")
    assert owner.curl(f"reads.{DOMAIN}", "/shared/page").status == 404
    # A link that the app does not start with is taken back.
    failed = owner.ssh("volume:link", "reads", "shared", "/etc/passwd")
    assert failed.returncode == 1
    assert "The change is taken back" in failed.stdout
    assert owner.curl(f"reads.{DOMAIN}").body == "reads"
    assert "volumes:        \n" in f"{well(owner, 'apps:info', 'reads')}".replace("volumes:\n", "volumes:        \n")
