"""Domains: an app's own, those that redirect, another app's, and the server's."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.server import apps
from tests.server.answers import DOMAIN, body, deployed, does, listed, refuses
from tests.server.throwaway import Server
from tests.server.user import User


def test_domains_that_are_added_at_once_are_all_kept(admin: User, app_name: str) -> None:
    deployed(admin, app_name)
    names = [f"{word}.{app_name}.test" for word in ("one", "two", "three", "four")]
    with ThreadPoolExecutor(len(names)) as pool:
        assert [done.returncode for done in pool.map(lambda name: admin.ssh("domains:add", app_name, name), names)] == [
            0
        ] * len(names)
    assert {row["domain"] for row in listed(admin, "domains", app_name)} == {f"{app_name}.{DOMAIN}", *names}
    assert [body(admin, app_name), *(admin.curl(name).body for name in names)] == [app_name] * 5


def test_a_change_while_the_one_before_it_is_ending_is_not_taken_for_done(
    admin: User, app_name: str, server: Server
) -> None:
    """systemd takes a start of a unit that runs for done: here the route stage takes its time to end."""
    deployed(admin, app_name)
    names = [f"{word}.{app_name}.test" for word in ("one", "two", "three")]
    drop_in = "/run/systemd/system/mooring-route@.service.d/slow.conf"
    slow = "[Service]\nExecStart=/bin/sh -c \"trap '' TERM; sleep 1\"\n"
    server.run(["sh", "-c", "mkdir -p ${0%/*} && cat >$0 && systemctl daemon-reload", drop_in], input=slow)
    try:
        for name in names:
            done = admin.ssh("domains:add", app_name, name, timeout=60)
            assert done.returncode == 0, done
            assert admin.curl(name).body == app_name
    finally:
        server.run(["sh", "-c", "rm -r ${0%/*} && systemctl daemon-reload", drop_in])


def test_domains_are_added_removed_set_and_redirected(admin: User, app_name: str) -> None:
    deployed(admin, app_name, apps.python(apps.ECHO))
    default, www, bare = f"{app_name}.{DOMAIN}", f"www.{app_name}.test", f"{app_name}.test"
    assert does(admin, "url", app_name) == f"http://{default}\n"
    does(admin, "domains:add", app_name, www.upper())
    for host in (www, default):
        assert json.loads(admin.curl(host).body)["headers"]["Host"] == host
    assert does(admin, "url", app_name) == f"http://{www}\n"
    does(admin, "domains:redirect", app_name, bare)
    answer = admin.curl(bare, "/a/b%20c?d=e&f")
    assert (answer.status, answer.headers["location"]) == (301, f"http://{www}/a/b%20c?d=e&f")
    assert {(row["domain"], row["kind"]) for row in listed(admin, "domains", app_name)} == {
        (www, "added"), (default, "default"), (bare, "redirects"),
    }  # fmt: skip
    does(admin, "domains:add", app_name, f"*.wild.{app_name}.test")
    assert admin.curl(f"any.wild.{app_name}.test").status == 200
    does(admin, "domains:remove", app_name, www, bare)
    assert admin.curl(www).status == admin.curl(bare).status == 404
    assert admin.curl(default).status == 200
    does(admin, "domains:set", app_name, bare)
    assert admin.curl(bare).status == 200
    assert admin.curl(default).status == 404
    does(admin, "domains:remove", app_name, bare)
    assert does(admin, "url", app_name) == f"http://{default}\n"
    assert admin.curl(default).status == 200


def test_a_domain_of_another_app_and_nonsense_are_refused_and_nothing_changes(admin: User, app_name: str) -> None:
    other = f"{app_name}-other"
    deployed(admin, app_name)
    deployed(admin, other)
    www, old = f"www.{app_name}.test", f"old.{app_name}.test"
    does(admin, "domains:add", app_name, www)
    does(admin, "domains:redirect", app_name, old)
    for verb in ("domains:add", "domains:set", "domains:redirect"):
        for domain in (www, old, f"{app_name}.{DOMAIN}"):
            assert f"belongs to the app {app_name}" in refuses(admin, verb, other, f"free.{app_name}.test", domain)
    for domain in ("a b", "-x-.test", "a..b", "http://x.test", "x.test;", "$(id).test", "a_b.test", "x\ny.test", "*",
                   "*.test", "", "a." * 130 + "test", "é.test", "${host}"):  # fmt: skip
        assert "is not a host name" in refuses(admin, "domains:add", other, "--", domain)
    assert f"is not {other}'s" in refuses(admin, "domains:remove", other, www)
    refuses(admin, "domains:add", other, usage=True)
    assert does(admin, "domains", other, "--json") == json.dumps(
        [{"domain": f"{other}.{DOMAIN}", "kind": "default", "process": "web"}], indent=1
    ) + "\n"  # fmt: skip
    assert body(admin, other) == other
    assert admin.curl(www).body == app_name

    default, coming = f"{app_name}.{DOMAIN}", f"{app_name}-new"
    does(admin, "domains:set", app_name, www)
    does(admin, "domains:add", other, default, f"{coming}.{DOMAIN}")
    assert f"belongs to the app {other}" in refuses(admin, "domains:remove", app_name, www)
    assert admin.curl(www).body == app_name
    pushed = admin.repo(coming, apps.site("")).push(coming)
    assert not pushed.ok
    assert f"{coming}.{DOMAIN} belongs to the app {other}" in pushed.output
    # Other tests give the server another domain and this one again, which it must not find taken.
    does(admin, "apps:destroy", other, "--force")


def test_another_domain_for_the_server_and_rebuilding_all_apps(
    own_server: Server, admin_of: Callable[[Server], User]
) -> None:
    owner = admin_of(own_server)
    deployed(owner, "one")
    deployed(owner, "two")
    does(owner, "domains:set", "two", "www.two.test")
    assert "apps.example.org" in does(owner, "domains:set-global", "apps.example.org")
    assert owner.curl("one.apps.example.org").body == "one"
    assert does(owner, "url", "one") == "http://one.apps.example.org\n"
    assert owner.curl("www.two.test").body == "two"
    assert owner.curl(f"one.{DOMAIN}").status == owner.curl("two.apps.example.org").status == 404
    for domain in ("*.example.org", "a b", "http://x", ""):
        refuses(owner, "domains:set-global", domain)
    assert owner.curl("one.apps.example.org").body == "one"

    said = does(owner, "rebuild:all")
    for app in ("one", "two", "hello"):
        assert f"{app} v2 is live" in said
    # One that cannot be built any more is named, and the others are built all the same.
    own_server.run(["sh", "-c", "rm -rf /var/lib/mooring/apps/one/repo.git/objects/*"])
    answer = owner.ssh("rebuild:all")
    assert answer.returncode == 1
    assert "two v3 is live" in answer.stdout
    assert re.search(r"not rebuilt: one\b", answer.stdout + answer.stderr, re.IGNORECASE)
    assert owner.curl("one.apps.example.org").body == "one"
