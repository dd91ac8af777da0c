"""Routing: which process answers what, what of a snippet is taken, and what nginx is told."""

import ctypes

import pytest

from mooring.app import routing
from mooring.app.apps import App
from mooring.app.choices import Choices
from mooring.front import bcrypt, nginx, site, snippet, vhost
from mooring.host.names import ReleaseName
from mooring.host.refusal import Refusal
from mooring.release import formation
from mooring.release.process import Placement, Process
from mooring.release.releases import Release

PROCESSES = (Process("web", 1, port=8080), Process("api", 0, "./api"), Process("worker", 0, "./work"))


def record(processes: tuple[Process, ...] = PROCESSES) -> Release:
    addresses = (f"10.9.0.{number}" for number in range(2, 99))
    return Release(
        ReleaseName("my-app", 3),
        "push",
        "ci",
        0,
        processes=processes,
        placements=tuple(
            Placement(each.name, index, next(addresses)) for each in processes for index in range(1, each.quantity + 1)
        ),
    )


def test_a_process_with_a_domain_or_a_route_listens_and_runs_unless_it_is_scaled_to_0() -> None:
    for choices in (Choices(domain_processes={"a.test": "api"}), Choices(routes={"/api": {"process": "api"}})):
        api = formation.applied(PROCESSES, choices)[1]
        assert (api.port, api.quantity) == (5000, 1)
    web, api, worker = formation.applied(PROCESSES, Choices(routes={"/api": {"process": "api"}}, scale={"api": 0}))
    assert (web.port, web.quantity) == (8080, 1)
    assert (api.port, api.quantity) == (5000, 0)
    assert (worker.port, worker.quantity) == (None, 0)
    # What an earlier release was given for its domains, or a scale, is not for ever.
    was = formation.applied(PROCESSES, Choices(domain_processes={"a.test": "api"}, scale={"worker": 3}))
    assert [(each.quantity, each.port) for each in was] == [(1, 8080), (1, 5000), (3, None)]
    assert [(each.quantity, each.port) for each in formation.applied(was, Choices())] == [
        (1, 8080),
        (0, None),
        (0, None),
    ]


def test_domains_and_prefixes_go_to_their_processes_and_what_does_not_run_is_unavailable() -> None:
    choices = Choices(
        domains=("api.test", "www.test"),
        domain_processes={"api.test": "api"},
        routes={"/v1": {"process": "api", "strip": True}, "/work": {"process": "worker"}},
        redirects=("old.test",),
    )
    text = site.render(record(formation.applied(PROCESSES, choices)), choices, "")
    servers = text.split("server {")[1:]
    assert "server_name api.test;" in servers[0]
    assert "proxy_pass http://my-app.api;" in servers[0]
    assert "location = /v1" not in servers[0]
    assert "proxy_pass http://my-app.web;" in servers[1]
    assert "proxy_pass http://my-app.api$mooring_path;" in servers[1]
    assert "location /work/ {\n        proxy_pass http://my-app.worker;" in servers[1]
    assert "return 301 $scheme://www.test$request_uri;" in servers[2]
    text = site.render(record(), choices, "")
    assert "upstream my-app.api" not in text
    assert "return 503; # no api runs" in text


@pytest.mark.parametrize("prefix", ["/api", "/api/", "/a/b-c_d~1.x", "/v1.2"])
def test_a_prefix_is_a_path(prefix: str) -> None:
    assert routing.check_prefix(prefix) == prefix.rstrip("/")


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "/",
        "api",
        "/a b",
        "/a;b",
        "/a{",
        "//a",
        "/a//b",
        "/../a",
        "/.",
        "/a?b",
        "/%41",
        "/$uri",
        "/é",
        "/a\n",
        "/.mooring",
        "/.mooring/x",
        "/.well-known/acme-challenge/",
    ],
)
def test_nothing_else_is(prefix: str) -> None:
    with pytest.raises(Refusal):
        routing.check_prefix(prefix)


@pytest.mark.parametrize(
    "text",
    [
        "add_header X-A b;",
        "# a comment with } and ' in it\nadd_header X-A \"b }; ' c\" always; # more }",
        "location /x {\n  if ($a = '}') { return 200 \"{}\"; }\n}",
        "set $a ${host}; set $b a}b; set $c 'it\\'s }'; set $d \\};",
        'rewrite "^/a{2,3}$" /b;',
        "if ($x ~ (a)) { return 204; }",
        "expires 1d;\r\n",
        "location /a { proxy_pass http://$process_api; } location /b { proxy_pass https://[::1]:8443/x; }",
        "location /c { grpc_pass grpc://10.0.0.1:50051; } set_real_ip_from 10.0.0.0/8;",
    ],
)
def test_a_snippet_that_stays_in_its_block_is_taken(text: str) -> None:
    assert snippet.check(text) == (text if text.endswith("\n") else text + "\n")


@pytest.mark.parametrize(
    "text",
    [
        "} server { listen 81;",
        "location / { } } http { {",
        "add_header X-A b",
        "location /x {",
        "add_header X-A 'b;",
        'add_header X-A "b"c;',
        "# a comment\n}",
        "set $a b\\",
        # nginx opens no block where a $ came before, however many braces follow.
        "set $a ${{; } server { listen 81; location / { return 200; }",
        "location /x { set $a ${{; } }",
        "add_header X-A a#b }; }",
        "a }",
        ";",
        "{ }",
        "add_header X-A \0;",
        "include /etc/passwd;",
        "location /x { include /etc/passwd; }",
        '"include" /etc/passwd;',
        "content_by_lua_block { os.execute('id') }",
        "perl 'sub {}';",
        "js_content a.b;",
        "load_module x.so;",
        "error_log /etc/cron.d/x;",
        "access_log /etc/cron.d/x;",
        "client_body_temp_path /etc;",
        "server_name other.test;",
        "listen 10.0.0.1:80;",
        "ssl_certificate_key /etc/shadow;",
        "proxy_ssl_certificate /etc/shadow;",
        "proxy_store on;",
        "location /a { proxy_pass http://other-app.web; }",
        "location /a { proxy_pass http://somewhere.example/; }",
        "resolver dns.example;",
    ],
)
def test_a_snippet_that_is_broken_or_reaches_out_of_its_block_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        snippet.check(text)


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        ("client-max-body-size", "50M", "50m"),
        ("client-max-body-size", "0", "0"),
        ("proxy-read-timeout", "90", "90s"),
        ("proxy-send-timeout", "5m", "5m"),
        ("proxy-buffering", "off", "off"),
        ("listen-address", "127.0.0.1", "127.0.0.1"),
        ("trusted-proxies", "10.0.0.1/8,192.0.2.7", "10.0.0.0/8,192.0.2.7/32"),
        ("access-log", "journal", "journal"),
        ("x-forwarded-proto", "https", "https"),
        ("x-forwarded-port", "443", "443"),
        ("proxy-buffer-size", "16K", "16k"),
    ],
)
def test_a_setting_is_kept_as_nginx_takes_it(key: str, value: str, kept: str) -> None:
    assert vhost.check(key, value) == kept


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("client-max-body-size", "50 m"),
        ("client-max-body-size", "-1"),
        ("client-max-body-size", "1m; root /"),
        ("proxy-read-timeout", "0"),
        ("proxy-read-timeout", "25h"),
        ("proxy-buffering", "maybe"),
        ("listen-address", "192.0.2.7"),
        ("listen-address", "x"),
        ("trusted-proxies", "10.0.0.0/8;"),
        ("access-log", "/x"),
        ("x-forwarded-proto", "$scheme"),
        ("x-forwarded-port", "70000"),
        ("proxy-buffer-size", "1m"),
        ("nonsense", "1"),
    ],
)
def test_nothing_else_is_a_setting(key: str, value: str) -> None:
    with pytest.raises(Refusal):
        vhost.check(key, value)


def test_what_nginx_says_of_a_snippet_names_the_snippets_line() -> None:
    choices, app = Choices(domains=("a.test",)), App("my-app")
    text = site.render(record(), choices, "expires 1d;\nnonsense x;\n")
    number = text.splitlines().index("nonsense x;") + 1
    said = f'unknown directive "nonsense" in {app.live_link}/nginx.conf:{{}}'
    assert nginx.in_snippet(said.format(number), app, text) == 'unknown directive "nonsense" in line 2'
    assert nginx.in_snippet(said.format(3), app, text) == said.format(3)


def test_a_password_is_hashed_with_bcrypt_as_crypt_verifies_it() -> None:
    hashed = bcrypt.hashed("sécret")
    assert hashed.startswith(f"$2b$0{bcrypt.COST}$")
    assert hashed != bcrypt.hashed("sécret")
    library = ctypes.CDLL(bcrypt.LIBRARY)
    library.crypt.restype = ctypes.c_char_p
    assert library.crypt("sécret".encode(), hashed.encode()).decode() == hashed
    assert library.crypt(b"secret", hashed.encode()).decode() != hashed
    for password in ("", "x" * 73, "é" * 37, "a\nb", "a\0b"):
        with pytest.raises(Refusal):
            bcrypt.hashed(password)


def test_every_app_has_a_tag_of_its_own_that_nginx_takes() -> None:
    names = ["my-app", "a" * 40, "a" * 39 + "b", "-".join("abcdefghijklmnopqrst"[:20])]
    tags = [vhost.tag(App(name)) for name in names]
    assert tags[0] == "my_app"
    assert len(set(tags)) == len(names)
    assert all(len(tag) <= 32 and tag.replace("_", "").isalnum() for tag in tags)
