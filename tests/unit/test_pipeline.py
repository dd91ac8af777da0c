"""What the stages decide: what an order is, which processes run, on which port and address, what is said of them."""

from typing import Any

import pytest

from builders.buildkit import Progress
from mooring.app import procfile
from mooring.app.checks import Check
from mooring.app.choices import Choices
from mooring.front import domains, site
from mooring.host import settings
from mooring.host.names import ReleaseName
from mooring.host.refusal import Refusal
from mooring.pipeline import order
from mooring.pipeline.order import Order
from mooring.release import plan
from mooring.release.process import Placement, Process
from mooring.release.releases import Release
from mooring.runtime import networks, preparation
from units.pipeline import retire


@pytest.mark.parametrize(
    "text",
    ["", "rubbish", "[]", "{}", '{"kind": "push"}',
     '{"kind": "push", "commit": "x", "branch": "", "actor": "", "created": 1, "fresh": false}',
     '{"kind": "push", "commit": "' + "a" * 40 + '", "branch": "a\\nb", "actor": "", "created": 1, "fresh": false}'],
)  # fmt: skip
def test_a_marker_that_is_no_order_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        order.parse(text)


def test_an_order_reads_as_it_was_written() -> None:
    wanted = Order("push", "a" * 40, "main", "ci", 1.5)
    assert order.parse(wanted.render()) == wanted


@pytest.mark.parametrize(
    ("exposed", "port"),
    [([], None), (["3000/tcp"], 3000), (["9000/tcp", "3000/tcp"], 3000), (["5000/tcp", "8080/tcp"], 8080),
     (["80/tcp", "8080/tcp"], 80), (["53/udp"], None), (["53/udp", "5000/tcp"], 5000)],
)  # fmt: skip
def test_the_port_is_80_8080_or_5000_else_the_lowest(exposed: list[str], port: int | None) -> None:
    assert plan.port_of(exposed) == port


@pytest.mark.parametrize(
    ("exposed", "first"),
    [(["22/tcp", "3000/tcp"], 3000), (["443/tcp", "9000/tcp"], 9000), (["22/tcp"], 22), (["5432/tcp", "22/tcp"], 22)],
)
def test_a_port_known_for_another_protocol_comes_last(exposed: list[str], first: int) -> None:
    assert plan.ports_of(exposed)[0] == first


def test_of_several_ports_without_a_usual_one_it_is_asked_which_answers() -> None:
    def asked(*exposed: str) -> tuple[int, ...]:
        return plan.processes({}, list(exposed), {}, {}, Check())[0].ports

    assert asked("22/tcp", "3000/tcp") == (3000, 22)
    assert asked("22/tcp", "8080/tcp") == asked("22/tcp") == asked("3000/tcp", "53/udp") == ()


def processes(
    commands: dict[str, str], exposed: list[str], formation: dict[str, int] | None = None, **more: Any
) -> dict[str, tuple[int, int | None]]:
    found = plan.processes(commands, exposed, {}, formation or {}, Check(), **more)
    return {each.name: (each.quantity, each.port) for each in found}


def test_an_image_alone_is_web_where_it_exposes_a_port_and_a_worker_where_not() -> None:
    assert processes({}, ["80/tcp"]) == {"web": (1, 80)}
    assert processes({}, []) == {"worker": (1, None)}


def test_an_image_alone_is_web_too_where_something_else_says_so() -> None:
    assert processes({}, [], unexposed=5000) == {"web": (1, 5000)}
    assert processes({}, ["80/tcp"], unexposed=5000) == {"web": (1, 80)}
    assert processes({"bot": "x"}, [], unexposed=5000) == {"bot": (1, None)}


def test_beside_a_procfile_an_image_that_starts_nothing_runs_nothing() -> None:
    assert processes({"bot": "x"}, ["80/tcp"], runs=False) == {"bot": (1, None)}
    assert processes({"bot": "x"}, ["80/tcp"]) == {"web": (1, 80), "bot": (0, None)}


def test_a_procfiles_web_runs_once_and_the_others_as_often_as_the_formation_says() -> None:
    commands = {"web": "a", "worker": "b", "release": "c"}
    phase = {"release": (0, None)}
    assert processes(commands, []) == {"web": (1, 5000), "worker": (0, None)} | phase
    formation = {"web": 2, "worker": 3, "release": 4}
    assert processes(commands, ["80/tcp"], formation) == {"web": (2, 80), "worker": (3, None)} | phase


def test_a_procfile_without_web_runs_one_of_each() -> None:
    assert processes({"bot": "a", "clock": "b"}, []) == {"bot": (1, None), "clock": (1, None)}


def test_the_images_healthcheck_is_for_its_own_command_and_the_web() -> None:
    image, own = Check(kind="image"), Check(kind="listening")

    def kinds(commands: dict[str, str], exposed: list[str], startup: dict[str, Check]) -> dict[str, str]:
        return {each.name: each.check.kind for each in plan.processes(commands, exposed, startup, {}, image)}

    assert kinds({}, [], {}) == {"worker": "image"}
    assert kinds({"worker": "x"}, ["80/tcp"], {}) == {"web": "image", "worker": ""}
    assert kinds({"web": "x", "bot": "y"}, [], {"bot": own}) == {"web": "image", "bot": "listening"}


def test_an_images_healthcheck_has_as_long_as_docker_gives_it() -> None:
    assert plan.image_check({}) == plan.image_check({"Test": ["NONE"]}) == Check()
    assert plan.image_check({"Test": ["CMD", "x"]}) == Check(kind="image", budget=180)
    seconds = {"Interval": 10**9, "Timeout": 2 * 10**9, "StartPeriod": 5 * 10**9, "Retries": 4}
    assert plan.image_check({"Test": ["CMD", "x"], **seconds}).budget == 17


def test_a_procfile_is_read_and_its_bad_line_is_named() -> None:
    assert procfile.parse("# c\nweb: run --port $PORT\n\nworker:  x: y\n") == {
        "web": "run --port $PORT",
        "worker": "x: y",
    }
    for text, line in (("web", 1), ("web: a\n\nWEB: b", 3), ("web: a\nweb: b", 2), ("a b: c", 1), ("web:", 1)):
        with pytest.raises(Refusal, match=f"Procfile line {line}"):
            procfile.parse(text)


def test_addresses_are_free_ones_after_the_gateways() -> None:
    wanted = (Process("web", 2, port=80), Process("worker", 0), Process("bot", 1))
    found = preparation.placements(wanted, "10.90.0.0/29", {"10.90.0.3"})
    assert found == (
        Placement("web", 1, "10.90.0.2"), Placement("web", 2, "10.90.0.4"), Placement("bot", 1, "10.90.0.5")
    )  # fmt: skip
    with pytest.raises(Refusal, match="too few addresses"):
        preparation.placements((Process("web", 6),), "10.90.0.0/29", set())


def test_an_apps_subnet_overlaps_no_other_network() -> None:
    assert networks.free_subnet("10.90.0.0/24", ["10.90.0.0/26", "172.17.0.0/16", "fd00::/64"]) == "10.90.0.128/25"
    assert networks.free_subnet("10.90.0.0/24", ["10.90.0.1/25"]) == "10.90.0.128/25"
    with pytest.raises(Refusal, match="is taken"):
        networks.free_subnet("10.90.0.0/24", ["10.0.0.0/8"])


def test_only_open_connections_to_the_old_addresses_are_waited_for() -> None:
    table = (
        "  sl  local_address rem_address   st\n"
        "   0: 0100000A:8124 02005A0A:1F90 01\n"
        "   1: 0100000A:8124 02005A0A:1F90 06\n"
        "   2: 0100000A:8124 03005A0A:1F90 01\n"
    )
    assert retire.open_connections(table, {"10.90.0.2"}) == 1
    assert retire.open_connections(table, {"10.90.0.9"}) == 0


class Heard:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)


def test_buildkits_progress_is_shown_as_a_person_reads_it() -> None:
    heard = Heard()
    progress = Progress(heard)  # type: ignore[arg-type]
    for line in (
        "#0 building with default", "#1 [internal] load build definition from Dockerfile", "#5 [1/2] FROM busybox",
        "#5 CACHED", "#6 [2/2] RUN make", "#6 0.123 compiling", "#6 [2/2] RUN make", "#6 ERROR: exit code: 2",
        "write /x: no space left on device",
    ):  # fmt: skip
        progress.take(line)
    assert heard.lines == ["[1/2] FROM busybox", "      (cached)", "[2/2] RUN make", "      compiling"]
    assert progress.error == "exit code: 2"
    assert progress.full


def test_a_site_names_its_release_and_reaches_only_its_web_processes() -> None:
    record = Release(
        ReleaseName("my-app", 3), "push", "ci", 0,
        processes=(Process("web", 2, port=8080), Process("worker", 1)),
        placements=(
            Placement("web", 1, "10.9.0.2"), Placement("web", 2, "10.9.0.3"), Placement("worker", 1, "10.9.0.4"),
        ),
    )  # fmt: skip
    text = site.render(record, Choices(domains=("a.example", "*.b.example"), redirects=("old.example",)), "")
    assert "server 10.9.0.2:8080" in text
    assert "server 10.9.0.3:8080" in text
    assert "10.9.0.4" not in text
    assert "server_name a.example *.b.example;" in text
    assert "return 301 $scheme://a.example$request_uri;" in text
    assert site.render(record, Choices(domains=(), redirects=("old.example",)), "").count("server_name") == 0


@pytest.mark.parametrize("domain", ["a", "a.example", "*.example.com", "xn--bcher-kva.example", "A.Example."])
def test_host_names_are_host_names(domain: str) -> None:
    assert domains.check(domain) == domain.lower().rstrip(".")


@pytest.mark.parametrize(
    "domain", ["", "a b", "a;b", "-a.example", "*.com.", "a..b", "a..", ".", "*", "a_b.c", "é.example", "a\n", "x" * 64]
)
def test_nothing_else_is(domain: str) -> None:
    with pytest.raises(Refusal):
        domains.check(domain)


def test_settings_are_read_and_a_wrong_one_is_named() -> None:
    assert settings.parse('domain = "x.y"\n[builds]\nparallel = 3\n').builds_parallel == 3
    for text, name in (
        ("x = 1", "x"),
        ("[builds]\nparallel = '3'", "builds.parallel"),
        ("[stop]\ntimeout = -1", "stop.timeout"),
        ("[", "TOML"),
    ):
        with pytest.raises(Refusal, match=name):
            settings.parse(text)


@pytest.mark.parametrize(
    ("unit", "number"),
    [
        ("mooring-build@my-app.42.service", 42),
        ("mooring-app@my-app.7.web.1.service", 7),
        ("mooring-settle@mooring-launch@my-app.3.service", 3),
        ("mooring-sync@my-app.service", None),
    ],
)
def test_a_units_release_is_in_its_name(unit: str, number: int | None) -> None:
    assert retire.number_of(unit) == number
