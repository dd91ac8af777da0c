"""Setting up a server: what is decided before it is changed, and that what is changed can be changed back."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mooring import manual as pages
from mooring.host import settings as mooring_settings
from mooring.setup import (
    CHECKOUT,
    daemon_json,
    docker,
    journal,
    key,
    manual,
    network,
    nginx,
    pins,
    sample,
    settings,
    ssh,
    sudo,
    units,
)

OURS = {
    "live-restore": True,
    "exec-opts": ["native.cgroupdriver=systemd"],
    "default-address-pools": [{"base": "10.96.0.0/16", "size": 24}],
}


def test_uninstalling_needs_nothing_but_python_and_the_checkout() -> None:
    # -S leaves out every package that is not Python's own.
    argv = [sys.executable, "-S", "-P", "-B", "-c", "from mooring.setup import story"]
    done = subprocess.run(argv, env={"PYTHONPATH": str(CHECKOUT)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_is_put_on_a_server_is_in_the_checkout() -> None:
    for ours in (
        docker.OURS,
        docker.OUR_UNFILTERED,
        journal.OURS,
        nginx.OUR_DROP_IN,
        nginx.OUR_MAIN,
        sample.OURS,
        ssh.OURS,
        sudo.OURS,
        units.OUR_PACE,
        units.OUR_TMPFILES,
        CHECKOUT / nginx.LINKED.relative_to("/opt/mooring/current"),
    ):
        assert ours.exists(), ours
    paced = {f"{each.parent.name.removesuffix('.d')}" for each in units.PACES}
    assert paced == {each.name for each in units.OURS.rglob("*.service") if "RestartSteps=" in each.read_text()}
    assert set(manual.PAGES) <= set(pages.FILES)
    names = [unit.name for unit in units.unit_files(units.OURS.rglob("*"))]
    assert {"mooring-app@.service", "mooring-build.path", "mooring.target", "mooring.slice"} <= set(names)
    assert len(names) == len(set(names))


def test_docker_is_told_what_it_was_not_told_yet() -> None:
    assert daemon_json.missing({}, swarm=False, pool="10.96.0.0/16") == OURS
    assert daemon_json.missing(OURS, swarm=False, pool="10.97.0.0/16") == {}
    # A person's own choice stays, whatever it is.
    chosen = {
        "live-restore": False,
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "default-address-pools": [{"base": "10.1.0.0/16", "size": 20}],
    }
    assert daemon_json.missing(chosen, swarm=False, pool="10.96.0.0/16") == {}


def test_docker_in_swarm_mode_is_not_told_to_live_restore_and_nothing_of_pools_where_none_is_free() -> None:
    assert daemon_json.missing({}, swarm=True, pool="") == {"exec-opts": ["native.cgroupdriver=systemd"]}


@pytest.mark.parametrize(
    "before",
    [
        {},
        {"log-level": "warn", "registry-mirrors": ["http://10.0.0.1:5000"]},
        {"exec-opts": ["native.umask=normal"], "live-restore": False},
    ],
)
def test_what_was_added_to_dockers_settings_comes_out_again(before: daemon_json.Settings) -> None:
    added = daemon_json.missing(before, swarm=False, pool="10.96.0.0/16")
    merged = daemon_json.merged(before, added)
    assert merged.items() >= {key: value for key, value in before.items() if key != "exec-opts"}.items()
    assert set(before.get("exec-opts", [])) < set(merged["exec-opts"])
    assert daemon_json.without(merged, added) == before
    assert daemon_json.parse(daemon_json.written(merged)) == merged


def test_what_a_person_has_changed_of_dockers_settings_since_stays() -> None:
    changed = {**OURS, "live-restore": False, "exec-opts": ["native.cgroupdriver=systemd", "native.umask=normal"]}
    left = daemon_json.without(changed, OURS)
    assert left == {"live-restore": False, "exec-opts": ["native.umask=normal"]}


@pytest.mark.parametrize(("text", "why"), [('{"a": ', "line 1"), ("[]", "not an object"), ('"a"', "not an object")])
def test_docker_settings_that_are_none_are_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        daemon_json.parse(text)
    assert daemon_json.parse(" \n") == {}


@pytest.mark.parametrize(
    ("used", "free"),
    [
        ("", "10.90.0.0/16"),
        ("192.168.1.0/24 dev eth0\ndefault via 192.168.1.1", "10.90.0.0/16"),
        ("10.90.3.0/24 dev vpn", "10.91.0.0/16"),
        ("nameserver 10.90.0.2", "10.91.0.0/16"),
        ('"base": "10.88.0.0/14"', "172.28.0.0/16"),
        ("10.0.0.0/8 dev vpn\n172.16.0.0/12 dev vpn", ""),
        # A default route by another name; no address at all; one that is part of a longer number.
        ("0.0.0.0/1 dev vpn\n128.0.0.0/1 dev vpn", "10.90.0.0/16"),
        ("999.1.1.1 10.90.0.0/99 1.10.90.0.1.2", "10.90.0.0/16"),
    ],
)
def test_the_apps_get_the_first_range_that_nothing_here_uses(used: str, free: str) -> None:
    candidates = ["10.90.0.0/16", "10.91.0.0/16", "172.28.0.0/16"]
    assert network.first_free(candidates, used) == free


def test_a_server_is_called_by_its_full_name_only_where_others_reach_it_by_that() -> None:
    assert settings.reaches_here("apps.example.com", ["192.0.2.7     STREAM apps.example.com"])
    assert settings.reaches_here("apps.example.com", ["127.0.1.1 STREAM", "2001:db8::7 STREAM"])
    assert not settings.reaches_here("apps.example.com", ["127.0.1.1     STREAM apps.example.com", "::1 STREAM"])
    assert not settings.reaches_here("apps.example.com", [])
    assert not settings.reaches_here("localhost", ["192.0.2.7 STREAM"])


def test_the_address_that_a_server_has_is_that_of_its_way_out() -> None:
    route = "192.0.2.1 via 10.0.0.1 dev eth0 src 10.0.0.7 uid 0 \\    cache"
    assert settings.source(route) == "10.0.0.7"
    assert settings.source("") == ""


def test_the_settings_that_are_written_are_settings(tmp_path: Path) -> None:
    text = settings.written("apps.example.com", "10.91.0.0/16")
    parsed = mooring_settings.parse(text)
    assert (parsed.domain, parsed.network_pool) == ("apps.example.com", "10.91.0.0/16")
    assert settings.domain_in(text) == "apps.example.com"
    assert settings.domain_in("[network]\n") == ""
    # What is only said in a comment is what holds without it.
    said = text.replace("\n# ", "\n").splitlines()
    shown = [line for line in said if line.startswith("[") or re.match(r"[a-z_]+ = ", line)]
    assert mooring_settings.parse("\n".join(shown)) == parsed._replace(certs_email="you@example.com")


def test_a_requirement_is_missing_where_it_is_not_there_or_another_release() -> None:
    there = {"jinja2": "3.1.6", "sh": "2.0"}
    found = pins.missing(["docker==7.1.0", "jinja2==3.1.6", "sh==1.14.3"], lambda name: there.get(name, ""))
    assert found == ["docker==7.1.0", "sh==1.14.3"]
    assert pins.installed("no-such-package-anywhere") == ""


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("systemd 252 (252.39-1~deb12u1)\n+PAM +AUDIT", 252),
        ("systemd 257 (257.8-1)", 257),
        ("systemd 258~rc1 (258~rc1)", 258),
        ("", 0),
    ],
)
def test_the_version_of_systemd_is_a_number(said: str, version: int) -> None:
    assert units.version(said) == version


def test_units_are_found_wherever_they_are_kept(tmp_path: Path) -> None:
    for name in ("app/mooring-app@.service", "host/mooring.target", "host/docker.conf", "app/start.py", "x.path"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "mooring.slice").mkdir()
    found = [unit.name for unit in units.unit_files(tmp_path.rglob("*"))]
    assert sorted(found) == ["mooring-app@.service", "mooring.target", "x.path"]


def test_a_default_site_is_untouched_where_its_package_knows_it_so(tmp_path: Path) -> None:
    site = tmp_path / "default"
    site.write_text("server {}\n")
    checksum = hashlib.md5(site.read_bytes(), usedforsecurity=False).hexdigest()
    shipped = f" /etc/nginx/nginx.conf 0123\n {site} {checksum}\n"
    assert nginx.is_as_shipped(site, shipped)
    assert not nginx.is_as_shipped(site, "")
    site.write_text("server { listen 80; }\n")
    assert not nginx.is_as_shipped(site, shipped)


def test_sshd_is_asked_for_its_port_and_for_whom_it_lets_in() -> None:
    assert ssh.port(["addressfamily any", "port 2222", "port 22"]) == "2222"
    assert not ssh.shuts_out(["port 22", "permitrootlogin yes"])
    assert ssh.shuts_out(["allowusers root"])
    assert ssh.shuts_out(["allowgroups sudo"])
    assert not ssh.shuts_out(["allowusers root", "allowusers mooring"])


def test_sudo_rs_gets_the_rules_without_what_it_does_not_know() -> None:
    rules = sudo.OURS.read_text()
    left = sudo.without_logging(rules)
    assert "syslog" in rules
    assert "Defaults:mooring !syslog" not in left
    assert "mooring ALL=(root) NOPASSWD: /usr/local/bin/mooring --key *" in left
    assert "env_keep" in left


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ssh-ed25519 AAAA me@laptop\n", "me@laptop"),
        ("# mine\n\nssh-ed25519 AAAA me@laptop home\n", "me@laptop"),
        ("ssh-ed25519 AAAA $(id)/Łukasz\n", "idukasz"),
        (f"ssh-ed25519 AAAA {'x' * 99}\n", "x" * 60),
        ("ssh-ed25519 AAAA\n", "admin"),
    ],
)
def test_the_first_key_is_called_by_its_comment(text: str, name: str) -> None:
    assert key.name(text) == name


def test_docker_gets_the_proxy_of_whoever_installs() -> None:
    environment = {"https_proxy": "http://proxy:3128", "NO_PROXY": "localhost", "http_proxy": "", "HOME": "/root"}
    assert docker.proxy(environment) == 'https_proxy="http://proxy:3128"\nNO_PROXY="localhost"\n'
    assert docker.proxy({"HOME": "/root"}) == ""


def test_the_sample_is_pushed_with_its_own_key_and_nothing_of_the_persons() -> None:
    command = sample.command(Path("/tmp/a b/key"), Path("/tmp/a b/hosts"), "2222")
    assert command.startswith("ssh -F none -o 'IdentityFile=/tmp/a b/key' ")
    assert "-o Port=2222" in command
