"""app.json's healthchecks: what can be asked is read, what would fail later is refused at once."""

import pytest

from mooring.app import checks
from mooring.app.checks import Check
from mooring.commands import checks as command
from mooring.host.refusal import Refusal
from mooring.release.process import Process


def web(**entry: object) -> Check:
    return checks.parse({"web": [entry]})["web"]


@pytest.mark.parametrize("port", [1, 3600, 3601, 8080, 65535])
def test_a_process_may_be_asked_on_any_port(port: int) -> None:
    assert web(listening=True, port=port).port == port


@pytest.mark.parametrize("port", [0, -1, 65536, 80.5, "80", True])
def test_no_other_number_is_a_port(port: object) -> None:
    with pytest.raises(Refusal, match="port"):
        web(port=port)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1, 3601, True, None, "5"])
@pytest.mark.parametrize("key", ["attempts", "wait", "timeout", "initialDelay", "uptime"])
def test_a_time_that_never_comes_is_refused(key: str, number: object) -> None:
    with pytest.raises(Refusal, match=key):
        web(**{key: number})


@pytest.mark.parametrize("value", ["true", 1, None])
def test_it_listens_or_not(value: object) -> None:
    with pytest.raises(Refusal, match=r"healthchecks\.web\[0\]\.listening is"):
        web(listening=value)


@pytest.mark.parametrize("path", ["up", "/ü", "/a b", "/a\n", "/\x7f", "http://x/"])
def test_a_path_that_cannot_be_asked_for_is_refused(path: str) -> None:
    with pytest.raises(Refusal, match="path"):
        web(path=path)


def test_a_path_may_have_a_query_and_escapes() -> None:
    assert web(path="/up?full=1&x=%20").path == "/up?full=1&x=%20"


def test_headers_are_sent_as_they_are_written() -> None:
    assert web(path="/", httpHeaders=[{"name": "Host", "value": "a.example"}]).headers == {"Host": "a.example"}


@pytest.mark.parametrize(
    "header",
    [{"name": "A"}, {"name": "", "value": "x"}, {"name": "A B", "value": "x"}, {"name": "A", "value": "x\r\nB: y"},
     {"name": "A:", "value": "x"}, {"name": "A", "value": "€"}, {"name": "A", "value": 1}, "A: x"],
)  # fmt: skip
def test_a_header_that_cannot_be_sent_is_refused(header: object) -> None:
    with pytest.raises(Refusal, match="httpHeaders"):
        web(path="/", httpHeaders=[header])


@pytest.mark.parametrize("command", [["pg_isready", "-q"], "ready"])
def test_a_command_is_run_as_its_words(command: object) -> None:
    check = web(command=command)
    assert check.kind == "command"
    assert check.command == (tuple(command) if isinstance(command, list) else (command,))


@pytest.mark.parametrize("command", [[1], [""], {"a": "b"}, 5, ["a\0b"], True])
def test_what_is_no_command_is_refused(command: object) -> None:
    with pytest.raises(Refusal, match="command"):
        web(command=command)


def test_an_unknown_key_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Refusal, match=r"intialDelay.*initialDelay.*port"):
        web(intialDelay=1)


@pytest.mark.parametrize("entry", ["/up", None, [], {"type": "startpu", "path": "/"}, {"type": ["startup"]}])
def test_a_check_that_would_not_be_asked_is_refused(entry: object) -> None:
    with pytest.raises(Refusal, match=r"healthchecks\.web\[0\].*startup"):
        checks.parse({"web": [entry]})


@pytest.mark.parametrize("kind", ["liveness", "readiness"])
def test_checks_of_other_kinds_are_left_to_other_times(kind: str) -> None:
    assert checks.parse({"web": [{"type": kind, "command": ["true"]}]}) == {}


def test_a_liveness_check_is_one_beside_the_startup_check() -> None:
    entries = {"web": [{"path": "/up"}, {"type": "liveness", "path": "/alive", "attempts": 2}]}
    assert checks.parse(entries)["web"].path == "/up"
    assert checks.parse(entries, "liveness")["web"].path == "/alive"


def test_all_startup_checks_of_a_process_are_asked() -> None:
    found = checks.parse({"web": [{"listening": True}, {"type": "liveness", "path": "/alive"}, {"path": "/up"}]})["web"]
    assert (found.kind, [each.path for each in found.others]) == ("listening", ["/up"])
    assert command.question(found, Process("web", port=80)) == "port 80 listens, then GET /up on port 80"


def test_several_liveness_checks_are_refused() -> None:
    with pytest.raises(Refusal, match="2 liveness checks"):
        checks.parse({"web": [{"type": "liveness", "path": "/a"}] * 2}, "liveness")


def test_a_liveness_check_that_asks_nothing_is_refused() -> None:
    with pytest.raises(Refusal, match="liveness check of uptime"):
        checks.parse({"web": [{"type": "liveness", "uptime": 5}]}, "liveness")


def test_a_process_is_asked_at_least_once() -> None:
    assert web(path="/", attempts=0).attempts == 1


@pytest.mark.parametrize("word", ["command='abc", "listening=ture", "color=red", "path"])
def test_a_word_of_a_check_that_is_none_is_refused(word: str) -> None:
    with pytest.raises(Refusal):
        command.parse([word])
