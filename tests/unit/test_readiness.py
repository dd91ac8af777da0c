"""When a process is ready, and what its checks may be."""

from collections.abc import Callable

import pytest

from mooring.app import checks
from mooring.app.checks import Check
from mooring.host.refusal import Refusal
from units.app import question, ready


def answers(*outcomes: Exception | None) -> Callable[[], None]:
    left = list(outcomes)

    def probe() -> None:
        outcome = left.pop(0) if len(left) > 1 else left[0]
        if outcome:
            raise outcome

    return probe


def alive(seconds: float) -> bool:
    return False


def test_a_process_that_does_not_listen_yet_is_asked_again() -> None:
    ready.wait(Check(), answers(question.NotYet("a"), question.NotYet("b"), None), alive, 10)


def test_wrong_answers_use_up_the_attempts() -> None:
    check = Check(attempts=2)
    ready.wait(check, answers(question.Wrong("500"), None), alive, 10)
    with pytest.raises(Refusal, match=r"500 \(2 times"):
        ready.wait(check, answers(question.Wrong("500")), alive, 10)


def test_a_process_that_never_listens_fails_when_its_time_is_over() -> None:
    with pytest.raises(Refusal, match=r"deaf \(for"):
        ready.wait(Check(), answers(question.NotYet("deaf")), alive, 0)


def test_a_process_that_ends_fails_at_once_whatever_it_answered() -> None:
    for probe in (answers(None), answers(question.NotYet("x")), None):
        with pytest.raises(Refusal, match="it ended"):
            ready.wait(Check(), probe, lambda seconds: True, 10)


def test_a_process_without_port_is_ready_when_it_has_lived_long_enough() -> None:
    waited: list[float] = []

    def gone(seconds: float) -> bool:
        waited.append(seconds)
        return False

    ready.wait(Check(), None, gone, 10)
    assert sum(waited) == 3


def test_a_startup_check_is_read_from_app_json() -> None:
    found = checks.parse({"web": [{"type": "startup", "path": "/up", "attempts": 4, "wait": 2}, {"type": "liveness"}]})
    assert (found["web"].kind, found["web"].path, found["web"].attempts, found["web"].budget) == ("path", "/up", 4, 8)
    assert checks.parse({"web": [{"listening": True}]})["web"].kind == "listening"
    assert checks.parse({}) == {}


@pytest.mark.parametrize(
    "wrong",
    [[], {"web": {}}, {"web": [{"path": "x"}]}, {"web": [{"attempts": "3"}]}, {"web": [{"wait": -1}]},
     {"web": [{"typo": 1}]}, {"web": [{"path": "/"}, {"path": "x"}]}, {"web": [{"path": "/\r\nX: y"}]}],
)  # fmt: skip
def test_a_wrong_startup_check_is_refused(wrong: object) -> None:
    with pytest.raises(Refusal, match=r"app\.json"):
        checks.parse(wrong)
