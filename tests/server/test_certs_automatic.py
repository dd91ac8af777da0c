"""Certificates that come by themselves, from an authority beside the server: got, renewed, tried again."""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.server import apps, pebble
from tests.server.answers import DOMAIN, deployed, does, refuses
from tests.server.load import asked_all_the_time
from tests.server.network import Network
from tests.server.pebble import Pebble, record, row
from tests.server.throwaway import Server
from tests.server.tls import Browser
from tests.server.user import User

pytestmark = pytest.mark.long

EMAIL = "ada@example.org"


@pytest.fixture(scope="module")
def authority(module_server: Server, network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    """An authority to which every name leads to the server, and which the server is told to ask."""
    with pebble.running(network, tmp_path_factory.mktemp("pebble"), module_server.address) as made:
        module_server.put("/etc/mooring/authority.pem", made.ca)
        settings = module_server.run(["cat", "/etc/mooring/mooring.toml"]).stdout
        own = f'\n[certs]\ndirectory = "{made.directory}"\nca = "/etc/mooring/authority.pem"\n'
        # The settings of a server that was upgraded have no such part.
        module_server.put("/etc/mooring/mooring.toml", settings.replace("\n[certs]\n", "\n") + own)
        yield made


@pytest.fixture
def user(module_server: Server, admin_of: Callable[[Server], User]) -> User:
    return admin_of(module_server)


@pytest.fixture
def browser(module_server: Server, authority: Pebble, tmp_path: Path) -> Browser:
    (tmp_path / "root.pem").write_bytes(authority.root())
    return Browser(module_server, tmp_path / "root.pem")


def test_an_app_gets_what_it_is_without_and_a_domain_added_later_too(
    user: User, module_server: Server, authority: Pebble, browser: Browser
) -> None:
    """From the first push on, and no request to another app fails meanwhile."""
    record(module_server, f"auto.{DOMAIN}", "www.auto.test", f"hello.{DOMAIN}")
    refuses(user, "certs:auto-global", "on")
    refuses(user, "certs:auto-global", "on", "--email", "nonsense")
    refuses(user, "certs:auto", "hello", "--email", "a b@c")
    # Port 443 may be another program's, or that of a server of the operator's own: then all stays as it is.
    own = "/etc/nginx/conf.d/own.conf"
    module_server.put(own, "server { listen 443 ssl default_server; ssl_reject_handshake on; }\n")
    assert "duplicate default server" in refuses(user, "certs:auto-global", "on", "--email", EMAIL)
    module_server.run(["rm", own])
    module_server.run(["nginx", "-q", "-t"])
    module_server.run(["systemd-run", "--unit=taker", "python3", "-m", "http.server", "443"])
    module_server.wait_for(["sh", "-c", "ss -Hltn 'sport = :443' | grep -q ."])
    assert "port 443 of this server is python3's" in refuses(user, "certs:auto-global", "on", "--email", EMAIL)
    module_server.run(["systemctl", "stop", "taker"])
    does(user, "certs:auto-global", "on", "--email", EMAIL)
    repo = user.repo("auto", apps.python(apps.ECHO))
    with asked_all_the_time(user, f"hello.{DOMAIN}", {200, 301}) as failed:
        pushed = repo.push("auto")
        assert re.search(rf"is live .*\n.* https://auto.{DOMAIN}\s", pushed.output), pushed.output
        assert browser.headers(f"auto.{DOMAIN}")["X-Forwarded-Proto"] == "https"
        assert browser.location(f"auto.{DOMAIN}", "/x") == (301, f"https://auto.{DOMAIN}/x")
        does(user, "domains:add", "auto", "www.auto.test")
        for app, name in (("auto", "www.auto.test"), ("hello", f"hello.{DOMAIN}")):
            live = f"/var/lib/mooring/apps/{app}/live/nginx.conf"
            served = f"grep -A9 'listen 443' {live} | grep -q 'server_name.* {name}'"
            module_server.wait_for(
                ["sh", "-c", f"{served} && curl -sko /dev/null --connect-to {name}::127.0.0.1: https://{name}"]
            )
            browser.sees(name)
        assert browser.location("www.auto.test") == (301, "https://www.auto.test/")
        asked = authority.asked()
        does(user, "apps:rename", "auto", "auto-b")
        browser.sees("www.auto.test")
        does(user, "apps:rename", "auto-b", "auto")
    assert failed == []
    found = row(user, "www.auto.test")
    assert (found["kind"], found["problem"], found["app"]) == ("automatic", "", "auto")
    assert str(found["issuer"]).startswith("Pebble")
    # Nothing but challenges is answered below their path, and none is left.
    assert user.curl(f"auto.{DOMAIN}", "/.well-known/acme-challenge/../../certificates").status in (301, 400, 404)
    assert user.curl(f"auto.{DOMAIN}", "/.well-known/acme-challenge/x").status == 404
    assert module_server.run(["find", "/var/lib/mooring/challenges", "-type", "f"]).stdout == ""
    lego = ["find", "/var/lib/mooring/certificates/acme", "-path", "*/acme/certificates/*"]
    assert module_server.run(lego).stdout == ""
    assert "certs:issue auto (domain www.auto.test)" in does(user, "events", "-n", "1000")
    assert authority.asked() == asked


def test_wrong_records_are_named_nobody_is_asked_and_what_is_mended_is_tried_again(
    user: User, module_server: Server, authority: Pebble, browser: Browser
) -> None:
    deployed(user, "wrong")
    record(module_server, f"wrong.{DOMAIN}")
    does(user, "certs:auto", "wrong", "--email", EMAIL)
    asked = authority.asked()
    does(user, "domains:add", "wrong", "none.wrong.test", "far.wrong.test")
    record(module_server, "far.wrong.test", address="192.0.2.77")
    answer = user.ssh("certs:auto", "wrong")
    assert answer.returncode == 1
    here = re.escape(module_server.address)
    assert re.search(rf"none.wrong.test has no record: make one of kind A, {here}; it is tried again", answer.stdout)
    assert re.search(rf"far.wrong.test leads to 192.0.2.77, not here: its A record should be {here}", answer.stdout)
    assert authority.asked() == asked
    assert "has no record" in str(row(user, "none.wrong.test")["problem"])
    assert "none.wrong.test has no record" in user.ssh("doctor").stdout
    assert user.curl("none.wrong.test").body == "wrong"
    record(module_server, "none.wrong.test")
    record(module_server, "far.wrong.test")
    assert "https://none.wrong.test" in does(user, "certs:auto", "wrong")
    assert browser.sees("far.wrong.test") == "wrong"
    does(user, "certs:auto", "wrong", "off")
    browser.sees("far.wrong.test")
    does(user, "apps:destroy", "wrong", "--force")


def test_a_renewal_comes_at_two_thirds_and_one_that_fails_is_told_and_tried_again(
    user: User, module_server: Server, authority: Pebble, tmp_path: Path
) -> None:
    authority.stop()
    authority.start(lifetime=45)
    root = tmp_path / "new.pem"
    root.write_bytes(authority.root())
    browser = Browser(module_server, root)
    host = f"short.{DOMAIN}"
    record(module_server, host)
    deployed(user, "short")
    browser.sees(host)
    first = browser.certificate(host)
    # By itself: mooring-certs-soon.timer.
    shown = f"openssl s_client -connect {host}:443 -servername {host} </dev/null 2>/dev/null"
    with asked_all_the_time(user, host, {301}) as failed:
        module_server.wait_for(["sh", "-c", f"! {shown} | grep -qF '{first.splitlines()[-2]}'"], timeout=90)
    assert failed == []
    browser.sees(host)
    assert "certs:renew short (domain" in does(user, "events", "short")
    authority.stop()
    module_server.wait_for(["sh", "-c", "mooring events short | grep -q 'certs:renew short failed'"], timeout=90)
    assert re.search(f"{host}.*is not renewed", user.ssh("doctor").stdout)
    assert browser.curl(host, "/", "-k").stdout == "short"
    authority.start()
    root.write_bytes(authority.root())
    does(user, "certs:auto", "short")
    browser.sees(host)
    assert user.ssh("doctor").stdout.count(host) == 0


def test_a_power_cut_while_a_certificate_is_on_its_way_costs_nothing(
    user: User, module_server: Server, authority: Pebble, tmp_path: Path
) -> None:
    authority.stop()
    authority.start(variables={"PEBBLE_VA_NOSLEEP": "", "PEBBLE_VA_SLEEPTIME": "8"})
    record(module_server, f"cut.{DOMAIN}")
    does(user, "certs:auto-global", "off")
    deployed(user, "cut")
    asking = threading.Thread(target=lambda: user.ssh("certs:auto", "cut"))
    asking.start()
    module_server.wait_for(["sh", "-c", "pidof lego"])
    module_server.power_cut()
    asking.join()
    authority.stop()
    authority.start()
    module_server.boot()
    module_server.wait_for(["curl", "-sf", "-H", f"Host: cut.{DOMAIN}", "http://127.0.0.1/"])
    assert f"https://cut.{DOMAIN}" in does(user, "certs:auto", "cut")
    root = tmp_path / "root.pem"
    root.write_bytes(authority.root())
    assert Browser(module_server, root).sees(f"cut.{DOMAIN}") == "cut"


def test_an_authority_that_counts_is_asked_when_it_says_and_not_before(
    user: User, module_server: Server, authority: Pebble
) -> None:
    name = f"counted.{DOMAIN}"
    record(module_server, name)
    does(user, "certs:auto-global", "off")
    deployed(user, "counted")
    settings = "/etc/mooring/mooring.toml"
    with pebble.counting(authority) as directory:
        module_server.run(["sed", "-i", f"s#^directory = .*#directory = '{directory}'#", settings])
        try:
            for _ in range(2):
                answer = user.ssh("certs:auto", "counted", "--email", EMAIL)
                assert answer.returncode == 1
                assert f"{name}: too many certificates (5) already issued" in answer.stdout
            assert pebble.Counting.orders == 1
            assert str(row(user, name)["next"]).startswith("2099-01-02")
            assert re.search(f"{name}.*it has no certificate: too many", user.ssh("doctor").stdout)
            assert user.curl(name).body == "counted"
        finally:
            module_server.run(["sed", "-i", f"s#^directory = .*#directory = '{authority.directory}'#", settings])
            does(user, "apps:destroy", "counted", "--force")


def test_a_wildcard_comes_by_dns_and_its_secrets_are_roots_alone(
    user: User, module_server: Server, authority: Pebble, tmp_path: Path
) -> None:
    does(user, "certs:auto-global", "off")
    deployed(user, "wild")
    does(user, "domains:set", "wild", "*.wild.test", "a.wild.test")
    module_server.run(["sed", "-i", "s/^ca = /dns_check = false\\nca = /", "/etc/mooring/mooring.toml"])
    with pebble.hoster(authority) as endpoint:
        told = f"HTTPREQ_ENDPOINT={endpoint}\nHTTPREQ_PASSWORD=s3cret\n"
        for provider, text, why in (
            ("httprq", told, "did you mean httpreq"), ("exec", "EXEC_PATH=/bin/sh", "knows no DNS"),
            ("httpreq", "LD_PRELOAD=/x", "wants nothing called LD_PRELOAD"), ("httpreq", "", "has to be told"),
        ):  # fmt: skip
            assert why in refuses(user, "certs:dns", "wild", provider, input=text)
        does(user, "certs:dns", "wild", "httpreq", input=told)
        assert "https://*.wild.test" in does(user, "certs:auto", "wild", "--email", EMAIL)
    (tmp_path / "root.pem").write_bytes(authority.root())
    browser = Browser(module_server, tmp_path / "root.pem")
    assert browser.sees("any.wild.test") == browser.sees("a.wild.test") == "wild"
    file = "/var/lib/mooring/apps/wild/certs-dns.env"
    assert module_server.run(["stat", "-c", "%U %a", file]).stdout == "root 600\n"
    does(user, "apps:clone", "wild", "tame")
    assert module_server.run(["ls", "/var/lib/mooring/apps/tame/certs-dns.env"], check=False).returncode == 2
    said = module_server.run(["journalctl", "-q", "--no-pager", "-g", "s3cret"], check=False).stdout
    assert said == ""


def test_an_authority_with_customers_gives_an_account_to_one(
    user: User, module_server: Server, authority: Pebble, tmp_path: Path
) -> None:
    key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
    authority.stop()
    authority.start(customers={"kid-1": key})
    name = f"customer.{DOMAIN}"
    record(module_server, name)
    does(user, "certs:auto-global", "off")
    deployed(user, "customer")
    module_server.run(["sed", "-i", "s/^ca = /eab_kid = 'kid-1'\\nca = /", "/etc/mooring/mooring.toml"])
    module_server.run(["rm", "-rf", "/var/lib/mooring/certificates/acme"])
    for text, why in (("", "has not the key"), ("c2VjcmV0", "gives no account")):
        if text:
            module_server.put("/etc/mooring/eab.key", text)
        assert why in user.ssh("certs:auto", "customer", "--email", EMAIL).stdout
    module_server.put("/etc/mooring/eab.key", f"{key}\n")
    assert f"https://{name}" in does(user, "certs:auto", "customer")
    (tmp_path / "root.pem").write_bytes(authority.root())
    assert Browser(module_server, tmp_path / "root.pem").sees(name) == "customer"
