"""Two examples whose data is in services and on a volume, from create to power cut: they keep what they are given.

examples/guestbook: web and worker, a postgres and a redis. examples/apache-php-mariadb: Apache, PHP, a mariadb by its
link, a volume for uploads, and a run.sh that writes the config at start. One server, one push each; the tests take what
the ones before have left.
"""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.server.answers import does
from tests.server.cache import CHECKOUT, Failure
from tests.server.throwaway import Server
from tests.server.user import Repo, User
from tests.server.user import admin as administrator

pytestmark = pytest.mark.long

BOOK, GALLERY, DOMAIN = "guestbook", "uploads", "apps.test"
PATIENCE = 60


@dataclass(frozen=True)
class Apps:
    """Both apps, who pushes them, and what they were given: names in the book, what is in each upload by its title."""

    server: Server
    admin: User
    folder: Path
    repos: list[Repo] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)
    sent: dict[str, bytes] = field(default_factory=dict)

    def make_book(self) -> None:
        for words in (
            ("apps:create", BOOK),
            ("postgres:create", "entries", "--version", "15"), ("postgres:link", "entries", BOOK),
            ("redis:create", "queue"), ("redis:link", "queue", BOOK),
        ):  # fmt: skip
            does(self.admin, *words)
        pushed = self.admin.repo_of(CHECKOUT / "examples/guestbook").push(BOOK)
        assert "the guestbook has 0 entries" in pushed.output

    def make_gallery(self) -> None:
        for words in (
            ("apps:create", GALLERY),
            ("mariadb:create", "gallery"), ("mariadb:link", "gallery", GALLERY),
            ("volume:create", "uploads"), ("volume:link", GALLERY, "uploads", "/uploads"),
        ):  # fmt: skip
            does(self.admin, *words)
        self.repos.append(self.admin.repo_of(CHECKOUT / "examples/apache-php-mariadb"))
        pushed = self.repos[0].push(GALLERY)
        assert pushed.ok, pushed.output

    def curl(self, app: str, path: str, *words: str) -> bytes:
        argv = ["curl", "-sSf", "-H", f"Host: {app}.{DOMAIN}", *words, f"http://{self.server.address}{path}"]
        return subprocess.run(argv, capture_output=True, check=True).stdout

    def use(self) -> None:
        """Give each app one thing more."""
        name, title = f"Ada-{len(self.signed)}", f"Picture <{len(self.sent)}>"
        self.curl(BOOK, "/", "-F", f"name={name}", "-F", "text=I was here")
        self.signed.append(name)
        content = title.encode() * 5000
        (self.folder / "picture.png").write_bytes(content)
        self.curl(GALLERY, "/", "-F", f"file=@{self.folder}/picture.png", "-F", f'title="{title}"')
        self.sent[title] = content

    def check(self) -> None:
        """All of it is there, and the worker has answered what waits for an answer."""
        until = time.monotonic() + PATIENCE
        while True:
            page = self.curl(BOOK, "/").decode()
            answered = [name for name in self.signed if f"<b>{name}</b>: I was here <i>Thank you, {name}!</i>" in page]
            if answered == self.signed:
                break
            assert time.monotonic() < until, f"{self.signed} have signed, {answered} were answered"
            time.sleep(0.1)
        assert page.count("<article>") == len(self.signed)
        found = re.findall(r'<a href="(.+?)">(.+?)</a>', self.curl(GALLERY, "/").decode())
        assert {title.replace("&lt;", "<").replace("&gt;", ">") for _, title in found} == set(self.sent)
        for address, title in found:
            assert self.curl(GALLERY, address) == self.sent[title.replace("&lt;", "<").replace("&gt;", ">")]

    @contextmanager
    def living_on(self) -> Iterator[None]:
        """Whatever is done meanwhile: what the apps were given before is there afterwards, and they take more."""
        self.use()
        yield
        for app in (BOOK, GALLERY):
            self.server.wait_for(["sh", "-c", f"systemctl is-active 'mooring-app@{app}.*'"])
        self.use()
        self.check()


@pytest.fixture(scope="module")
def examples(module_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apps]:
    folder = tmp_path_factory.mktemp("examples")
    user = administrator(module_server, folder)
    made = Apps(module_server, user, folder)
    # The last tests switch the server off, and its connections.
    with suppress(Failure), user.connected():
        with ThreadPoolExecutor() as pool:
            for each in [pool.submit(made.make_book), pool.submit(made.make_gallery)]:
                each.result()
        yield made


def test_the_examples_keep_what_they_are_given(examples: Apps) -> None:
    examples.use()
    examples.use()
    examples.check()
    assert "answered entry" in does(examples.admin, "logs", BOOK, "-p", "worker")


def test_an_app_and_its_database_are_filtered_by_nothing_on_their_way(examples: Apps) -> None:
    """Where the kernel has no such filter, there is nothing to turn off."""
    shown = examples.server.run(["sysctl", "-en", "net.bridge.bridge-nf-call-iptables"]).stdout
    assert shown in ("0\n", "")


def test_a_push_again_and_a_rebuild_lose_nothing(examples: Apps) -> None:
    (repo,) = examples.repos
    page = (repo.folder / "public/index.php").read_text()
    repo.commit({"public/index.php": page.replace("<title>Uploads", "<title>Second")})
    with examples.living_on():
        pushed = repo.push(GALLERY)
        assert pushed.ok, pushed.output
        assert "is live" in does(examples.admin, "rebuild", BOOK)
    assert b"<title>Second" in examples.curl(GALLERY, "/")


def test_the_config_that_run_sh_writes_is_in_no_image(examples: Apps) -> None:
    url = does(examples.admin, "config:get", GALLERY, "DATABASE_URL").strip()
    password = url.split(":")[2].partition("@")[0]
    assert password in does(examples.admin, "exec", GALLERY, "cat", "/app/config.php")
    shown = f"docker inspect mooring/{GALLERY}:2 && docker history --no-trunc mooring/{GALLERY}:2"
    assert password not in examples.server.run(["sh", "-c", shown]).stdout
    run = ["docker", "run", "--rm", f"mooring/{GALLERY}:2", "ls", "/app"]
    assert examples.server.run(run).stdout.split() == ["public"]


def test_what_a_service_does_not_answer_waits_for_it(examples: Apps) -> None:
    with examples.living_on():
        for kind, name in (("postgres", "entries"), ("redis", "queue"), ("mariadb", "gallery")):
            does(examples.admin, f"{kind}:restart", name)


def test_a_newer_postgres_has_what_the_old_one_had(examples: Apps) -> None:
    """A reboot and a power cut come after it."""
    with examples.living_on():
        does(examples.admin, "postgres:upgrade", "entries", "--version", "17")
    assert json.loads(does(examples.admin, "postgres:info", "entries", "--json"))["version"] == "17"
    does(examples.admin, "postgres:upgrade", "entries", "--confirm")


def test_a_reboot_loses_nothing(examples: Apps) -> None:
    with examples.living_on():
        examples.server.reboot()


def test_a_power_cut_loses_nothing(examples: Apps) -> None:
    with examples.living_on():
        examples.server.power_cut()
        examples.server.boot()
