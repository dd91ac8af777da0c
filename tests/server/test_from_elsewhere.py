"""Deploys that come without a push: from an archive, and from a repository that is followed.

One server of this module's own, with a git server and an HTTP server beside Mooring.
"""

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.server import apps
from tests.server.answers import does
from tests.server.records import DOMAIN, body, deployed, facts, numbers, refuses
from tests.server.throwaway import Server
from tests.server.user import Repo, User, new_key

WEB = 8099

PASSWORD = "hush-hush"

WEB_SERVER = f"""
import base64, http.server, os, subprocess
class Files(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        with open("/srv/processes", "a") as seen:
            seen.write(subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True).stdout)
        if self.headers.get("Authorization") != "Basic " + base64.b64encode(b"me:{PASSWORD}").decode():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.end_headers()
        else:
            super().do_GET()
os.makedirs("/srv/web", exist_ok=True)
os.chdir("/srv/web")
http.server.ThreadingHTTPServer(("", {WEB}), Files).serve_forever()
"""
"""Serves /srv/web to who has the password, and notes every process that runs meanwhile."""


@pytest.fixture
def admin(module_server: Server, admin_of: Callable[[Server], User]) -> User:
    return admin_of(module_server)


@pytest.fixture
def web(module_server: Server) -> str:
    """The address of the HTTP server, with user and password."""
    if module_server.run(["systemctl", "is-active", "-q", "web"], check=False).returncode:
        module_server.put("/srv/web.py", WEB_SERVER)
        module_server.run(["systemd-run", "-q", "--unit=web", "python3", "/srv/web.py"])
        module_server.wait_for(["sh", "-c", f"curl -s -o /dev/null http://127.0.0.1:{WEB}/"])
    return f"http://me:{PASSWORD}@127.0.0.1:{WEB}"


@pytest.fixture(scope="module")
def key(module_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The private key of somebody who may fetch from and push to the git server, `git@ADDRESS:NAME.git`."""
    made = new_key(tmp_path_factory.mktemp("key"), "fetcher")
    module_server.run(["useradd", "-m", "-s", "/usr/bin/git-shell", "-p", "*", "git"])
    module_server.put("/home/git/.ssh/authorized_keys", made.with_suffix(".pub").read_text())
    module_server.run(["chown", "-R", "git:", "/home/git"])
    return made


def elsewhere(admin: User, key: Path, name: str, files: apps.Files) -> Repo:
    """A repository with these files on the git server, and its owner's copy of it."""
    admin.server.run(["su", "git", "-s", "/bin/sh", "-c", f"git init -q --bare -b main ~/{name}.git"])
    owner = User(key, admin.server, admin.folder / "owner")
    repo = owner.repo(name, files)
    repo.git("remote", "add", "origin", f"git@{admin.server.address}:{name}.git")
    repo.git("push", "-q", "origin", "main")
    return repo


def packed(files: apps.Files, top: str = "") -> bytes:
    """A .tar.gz of these files; text that begins with `->` is a link to what follows."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content or b""
            info = tarfile.TarInfo(top + name)
            if data.startswith(b"->"):
                info.type, info.linkname = tarfile.SYMTYPE, data[2:].decode()
                archive.addfile(info)
            else:
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return made.getvalue()


def test_an_archive_is_deployed_as_a_commit_after_the_last(
    admin: User, web: str, app_name: str, tmp_path: Path
) -> None:
    server = admin.server
    repo = deployed(admin, app_name, apps.site("pushed"))
    said = does(admin, "git:from-archive", app_name, input=packed(apps.site("by tar", link="->index.html"), "top-1.0/"))
    assert "-----> Building" in said
    assert body(admin, app_name) == "by tar"
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as archive:
        for name, content in apps.site("by zip").items():
            archive.writestr(name, content or "")
    server.put("/srv/web/app.zip", (tmp_path / "app.zip").read_bytes())
    does(admin, "git:from-archive", app_name, f"{web}/app.zip")
    assert body(admin, app_name) == "by zip"
    assert facts(admin, "releases:info", app_name, "3")["kind"] == "archive"
    assert PASSWORD not in server.read("/srv/processes")

    repo.git("pull", "-q", f"mooring@{server.address}:{app_name}", "main")
    said = repo.git("log", "--format=%s by %an").replace(" by admin@mooring-tests", "").splitlines()
    assert said == [f"Deploy http://127.0.0.1:{WEB}/app.zip", "Deploy an archive", "Change by Ada"]
    repo.commit({"index.html": "pushed again"})
    assert repo.push(app_name).ok

    before = numbers(admin, app_name)
    for input, said in [
        (packed({"a": "x", "../../etc/cron.d/x": "y"}), "leaves it"),
        (packed({"a": "x", "/etc/cron.d/x": "y"}), "leaves it"),
        (packed({"a": "x", "l": "->/etc/passwd"}), "points out of the archive"),
        (packed({"a": "x", ".git/hooks/pre-commit": "x"}), "git archive"),
        (packed(apps.site("x"))[:-50], "no whole archive"),
        (b"no archive", "no whole archive"),
        (b"", "no archive on standard input"),
    ]:
        assert said in refuses(admin, "git:from-archive", app_name, input=input)
    assert "cannot be had" in refuses(admin, "git:from-archive", app_name, f"http://127.0.0.1:{WEB}/app.zip")
    assert "no address of an archive" in refuses(admin, "git:from-archive", app_name, "file:///etc/shadow")
    assert numbers(admin, app_name) == before
    assert body(admin, app_name) == "pushed again"
    assert server.run(["ls", f"/var/lib/mooring/apps/{app_name}/sources"]).stdout == ""


def test_an_app_follows_a_repository_with_a_key_of_its_own(admin: User, key: Path, app_name: str) -> None:
    server = admin.server
    upstream = elsewhere(admin, key, app_name, apps.site("one"))
    url = f"git@{server.address}:{app_name}.git"
    poll = ["systemctl", "start", f"mooring-sync@{app_name}.service"]
    does(admin, "apps:create", app_name)
    assert "follows no repository" in refuses(admin, "git:sync", app_name)
    assert "Permission denied" in (said := refuses(admin, "git:sync", app_name, url, "main", "--every", "10s"))
    assert f"ssh:install {app_name}" in said
    assert facts(admin, "git:info", app_name)["follows"] == ""

    assert "no whole private key" in refuses(admin, "ssh:install", app_name, input=key.read_text()[:200])
    assert "no private key" in refuses(admin, "ssh:install", app_name, input=key.with_suffix(".pub").read_text())
    assert "has no key" in refuses(admin, "ssh:public", app_name)
    does(admin, "ssh:install", app_name, input=key.read_text())
    assert does(admin, "ssh:public", app_name).split()[1] == key.with_suffix(".pub").read_text().split()[1]
    found = server.run(["stat", "-c", "%a %U", f"/var/lib/mooring/apps/{app_name}/ssh/key"]).stdout
    assert found == "600 mooring\n"

    assert "v1 is live" in does(admin, "git:sync", app_name, url, "main", "--every", "10s")
    assert "v1 of" in does(admin, "git:sync", app_name)
    upstream.commit({"index.html": "two"})
    upstream.git("push", "-q", "origin", "main")
    server.wait_for(["sh", "-c", f"curl -s -H 'Host: {app_name}.{DOMAIN}' http://127.0.0.1/ | grep -q two"], timeout=40)
    info = facts(admin, "releases:info", app_name, "2")
    assert (info["kind"], info["by"]) == ("sync", "sync")

    # What was rolled back, or failed, is not tried again by the timer.
    does(admin, "git:sync", app_name, "--every", "1d")
    does(admin, "rollback", app_name)
    server.run(poll)
    assert body(admin, app_name) == "one"
    upstream.commit({"Dockerfile": "FROM busybox\nRUN false\n"})
    upstream.git("push", "-q", "origin", "main")
    for _ in range(2):
        server.run(poll)
    assert numbers(admin, app_name) == [4, 3, 2, 1]
    assert body(admin, app_name) == "one"
    does(admin, "apps:lock", app_name)
    upstream.commit({"Dockerfile": apps.site("")["Dockerfile"], "index.html": "three"})
    upstream.git("push", "-q", "origin", "main")
    server.run(poll)
    assert numbers(admin, app_name) == [4, 3, 2, 1]
    does(admin, "apps:unlock", app_name)

    # Another name: it is followed under that, and what was deployed can be rolled back to.
    new = f"{app_name}-new"
    does(admin, "tag:add", app_name, "good", "2")
    does(admin, "apps:rename", app_name, new)
    assert facts(admin, "git:info", new)["follows"] == url
    server.run(["systemctl", "start", f"mooring-sync@{new}.service"])
    assert body(admin, new) == "three"
    does(admin, "deploy", new, "good")
    assert body(admin, new) == "two"
    does(admin, "git:sync", new, "--every", "1h")
    does(admin, "apps:destroy", new, "--force")
    server.run(["systemctl", "daemon-reload"])
    look = """
        find /etc/systemd /run/systemd /var/lib/mooring /var/spool/mooring -name "*$0*"
        systemctl list-units --all --full --plain --no-legend | grep $0; true
    """
    listing = server.run(["sh", "-c", look, app_name]).stdout
    assert listing == ""


def test_a_private_submodule_is_fetched_with_the_apps_key(admin: User, key: Path, app_name: str) -> None:
    private = elsewhere(admin, key, f"{app_name}-pages", {"index.html": "private page"})
    commit = private.git("rev-parse", "HEAD").strip()
    url = f"git@{admin.server.address}:{app_name}-pages.git"
    dockerfile = str(apps.site("")["Dockerfile"]).replace("index.html", "pages/index.html")
    modules = f'[submodule "pages"]\n\tpath = pages\n\turl = {url}\n'
    repo = admin.repo(app_name, {"Dockerfile": dockerfile, ".gitmodules": modules})
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},pages")
    repo.git("commit", "-q", "-m", "pages")
    pushed = repo.push(app_name)
    assert not pushed.ok
    assert f"ssh:install {app_name}" in pushed.output
    does(admin, "ssh:install", app_name, input=key.read_text())
    assert repo.push(app_name).ok
    assert body(admin, app_name) == "private page"
    does(admin, "ssh:remove", app_name)
    assert "Permission denied" in admin.ssh("rebuild", app_name).stderr


def test_a_password_of_an_address_is_kept_from_every_other_eye(admin: User, web: str, app_name: str) -> None:
    server = admin.server
    server.run(["rm", "-f", "/srv/processes"])
    repo = admin.repo(app_name, apps.site("by http"))
    bundle = repo.folder / "all.bundle"
    repo.git("bundle", "create", "-q", "all.bundle", "main")
    server.put("/srv/all.bundle", bundle.read_bytes())
    server.run(["sh", "-c", f"git clone -q --bare /srv/all.bundle /srv/web/{app_name}.git && "
                f"git -C /srv/web/{app_name}.git update-server-info"])  # fmt: skip
    does(admin, "apps:create", app_name)
    url = f"{web}/{app_name}.git"
    assert "Fetching main of http://127.0.0.1" in does(admin, "git:sync", app_name, url, "main")
    assert body(admin, app_name) == "by http"
    assert "v1 of" in does(admin, "git:sync", app_name)
    assert PASSWORD not in does(admin, "git:info", app_name)
    assert "cannot be fetched" in refuses(admin, "git:sync", app_name, url.replace(PASSWORD, "wrong"), "main")

    # Dokku's form of git:auth, with the token as a word, is told what to type.
    plain = f"http://127.0.0.1:{WEB}/{app_name}.git"
    assert f"git:auth {app_name} HOST USER" in refuses(admin, "git:sync", app_name, plain, "main")
    assert "git:auth APP git.example me < token" in refuses(admin, "git:auth", "git.example", "me", "x")
    assert "that is no token" in refuses(admin, "git:auth", app_name, "127.0.0.1", "me", input="a b")
    does(admin, "git:auth", app_name, "127.0.0.1", "me", input=f"{PASSWORD}\n")
    assert "v1 of" in does(admin, "git:sync", app_name, plain, "main")
    assert facts(admin, "git:info", app_name)["auth"] == ["127.0.0.1"]
    does(admin, "git:auth", app_name, "127.0.0.1")
    assert "cannot be fetched" in refuses(admin, "git:sync", app_name)
    seen = server.read("/srv/processes")
    assert "git-remote-http" in seen
    assert PASSWORD not in seen
    look = f"find /var/lib/mooring -type f -perm /044 | xargs grep -l {PASSWORD}; journalctl | grep {PASSWORD}; true"
    assert server.run(["sh", "-c", look]).stdout == ""
