"""Links to services that are elsewhere, and to those that have another name now."""

from pathlib import Path
from urllib.parse import quote

import pytest

from mooring.app import link
from mooring.app.apps import App
from mooring.app.link import Link
from mooring.host import files
from mooring.host.names import ServiceName
from mooring.host.refusal import Refusal
from mooring.pipeline import link_change
from mooring.service import elsewhere, grant, kind, rename, services
from mooring.service.services import Service

ORDERS, SALES = ServiceName("postgres", "orders"), ServiceName("postgres", "sales")


@pytest.mark.parametrize(
    ("name", "url", "known"),
    [
        (
            "postgres",
            "postgres://u:p%40ss@h.example:6543/prod?sslmode=require",
            ("u", "p@ss", "h.example", "6543", "prod"),
        ),
        ("postgres", "postgresql://u@h/d", ("u", "", "h", "5432", "d")),
        ("postgres", "postgresql+asyncpg://h/d", ("", "", "h", "5432", "d")),
        ("redis", "rediss://default:a:b;c&d'e@h:1", ("default", "a:b;c&d'e", "h", "1", "")),
        ("redis", "redis://:p@[2001:db8::1]:6379/0", ("", "p", "2001:db8::1", "6379", "0")),
        ("redis", "redis://[2001:db8::1]", ("", "", "2001:db8::1", "6379", "")),
        ("nats", "nats://u:p@a:4222,b:4223", ("u", "p", "a", "4222", "")),
        ("rabbitmq", "amqps://u:p@h/%2Fmain", ("u", "p", "h", "5672", "/main")),
    ],
)
def test_a_url_is_read_as_its_clients_do(name: str, url: str, known: tuple[str, ...]) -> None:
    assert tuple(elsewhere.parse(kind.of(name), url).values()) == known


@pytest.mark.parametrize(
    ("password", "hint"),
    [
        ("p@ss", "write %40 for @"),
        ("p/w", "write %2F for /"),
        ("12/w", "write %2F for /"),
        ("5?w", "write %3F for ?"),
        ("p#w", "write %23 for #"),
        ("100%", "write %25 for %"),
        ("%zz", "write %25 for %"),
        ("a b", "write %20 for ' '"),
        ('"\\', 'write %22 for ", %5C for \\'),
        ("[é]", "write %5B for [, %C3%A9 for é, %5D for ]"),
        ("^`{|}<>", "write %5E for ^, %60 for `, %7B for {, %7C for |, %7D for }, %3C for <, %3E for >"),
        ("a\nb", "write %0A for '\\n'"),
        ("a@b@c/d", "write %40 for @, %2F for /"),
    ],
)
def test_each_letter_of_a_password_that_is_to_be_encoded_is_told_and_nothing_else_of_it(
    password: str, hint: str
) -> None:
    with pytest.raises(Refusal, match="is not encoded") as refused:
        elsewhere.parse(kind.of("postgres"), f"postgres://user:{password}@host:5432/d")
    assert hint == refused.value.hint
    assert "user:" not in str(refused.value)


@pytest.mark.parametrize("password", ["a%40b", "!$&'()*+,;=", "-._~", ":::", "%25", "0" * 500])
def test_what_is_encoded_or_need_not_be_is_taken(password: str) -> None:
    from urllib.parse import unquote

    url = f"postgres://u:{password}@h/d"
    assert elsewhere.parse(kind.of("postgres"), url)["password"] == unquote(password)
    made = elsewhere.link_of(kind.of("postgres"), ORDERS, "my-app", url)
    assert (made.url, made.parts["PGPASSWORD"], made.is_elsewhere) == (url, unquote(password), True)


@pytest.mark.parametrize("letter", [*map(chr, range(1, 127)), "é", "\u2028"])
def test_every_letter_is_read_as_it_is_or_refused_with_what_to_write(letter: str) -> None:
    postgres, encoded = kind.of("postgres"), quote(letter, safe="")
    for password in (f"a{letter}b", f"{letter}1", f"a{letter}"):
        held = f"postgres://u:{quote(password, safe='')}@h/d"
        assert elsewhere.parse(postgres, held)["password"] == password
        try:
            assert elsewhere.parse(postgres, f"postgres://u:{password}@h/d")["password"] == password
        except Refusal as refusal:
            assert f"write {encoded} for" in refusal.hint


@pytest.mark.parametrize(
    "url", ["", "h", "http://h/", "postgres:/h", "postgres://", "postgres://h:99999/d", "postgres://h:x/d", "redis://h"]
)
def test_what_is_no_url_of_the_kind_is_refused(url: str) -> None:
    with pytest.raises(Refusal) as refused:
        elsewhere.parse(kind.of("postgres"), url)
    assert "postgres://USER:PASSWORD@HOST:5432/DATABASE" in refused.value.hint


def test_a_second_config_var_of_the_url_is_the_url_that_was_given() -> None:
    made = elsewhere.link_of(kind.of("rabbitmq"), ServiceName("rabbitmq", "r"), "a", "amqps://u:p%40@h/v")
    assert made.parts == {"CLOUDAMQP_URL": "amqps://u:p%40@h/v"}


def test_only_kinds_that_have_such_users_let_one_only_read() -> None:
    for name in ("postgres", "mariadb", "redis", "valkey"):
        link_change.check_read_only(kind.of(name))
    with pytest.raises(Refusal, match="a memcached has no users who only read"):
        link_change.check_read_only(kind.of("memcached"))


@pytest.mark.parametrize("name", [each for each in kind.names() if kind.of(each).link.read_only])
def test_a_user_that_only_reads_is_made_by_a_file_of_its_own(name: str) -> None:
    read = kind.of(name)
    made = Link("a", ServiceName(name, "x"), "10.0.0.1", "u", "p", "d", read.link.prefix, "", {}, read_only=True)
    text = read.text(grant.granting(read, made), {"user": "app_a", "password": "secret", "database": "d"})
    assert "app_a" in text
    assert "secret" in text
    assert text != read.text(read.link.grant, {"user": "app_a", "password": "secret", "database": "d"})


@pytest.fixture
def linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    """An app that is linked to orders, and has a second service that is elsewhere."""
    monkeypatch.setattr("mooring.host.paths.SERVICES", tmp_path / "services")
    monkeypatch.setattr("mooring.host.paths.APPS", tmp_path / "apps")
    app = App("my-app")
    app.folder.mkdir(parents=True)
    (app.folder / "app.toml").touch()
    services.folder(ORDERS).mkdir(parents=True)
    services.save(Service(ORDERS, "17", "", 1, 1, "10.0.0.0/29", "10.0.0.2"))
    made = Link(
        "my-app", ORDERS, "10.1.0.9", "app_my_app", "p", "orders", "DATABASE", "postgres://…", {}, host=ORDERS.host
    )
    away = elsewhere.link_of(kind.of("redis"), ServiceName("redis", "up"), "my-app", "redis://h")
    for prefix, each in (("DATABASE", made), ("REDIS", away)):
        each.place.parent.mkdir(parents=True, exist_ok=True)
        link.save(each)
        link.attach(app, prefix, each)
    return app


def test_what_is_elsewhere_is_known_by_its_links(linked: App) -> None:
    away = link.of_app(linked)["REDIS"]
    assert [str(each) for each in elsewhere.every()] == ["redis.up"]
    assert [each.name for each in services.every()] == [ORDERS]
    with pytest.raises(Refusal, match="up is elsewhere"):
        services.find("redis", "up")
    link.detach(linked, "REDIS")
    elsewhere.clean()
    assert not away.place.exists()
    assert not services.folder(away.service).exists()
    assert services.folder(ORDERS).exists()


def test_a_link_is_to_the_service_where_its_record_is_and_by_the_host_it_was_made_with(linked: App) -> None:
    services.folder(ORDERS).rename(services.folder(SALES))
    made = link.read(link.record_of(SALES, "my-app"))
    assert made
    assert (made.service, made.host) == (SALES, "orders.postgres")


@pytest.mark.parametrize("cut", ["before", "between", "after"])
def test_a_rename_that_the_power_cuts_has_one_name_or_the_other(linked: App, cut: str) -> None:
    old, new = services.folder(ORDERS), services.folder(SALES)
    new.symlink_to(new.name)
    if cut != "before":
        files.exchange(new, old)
        assert set(link.of_app(linked)) == {"DATABASE", "REDIS"}
    if cut == "after":
        link.attach(linked, "DATABASE", link.of_app(linked)["DATABASE"])
    rename.clean()
    now = ORDERS if cut == "before" else SALES
    assert [each.name for each in services.every()] == [now]
    assert sorted(each.name for each in new.parent.iterdir()) == [now.name]
    assert link.of_app(linked)["DATABASE"].service == now
    assert [each.host for each in link.of_service(now)] == ["orders.postgres"]
