"""What counts as an event, how it is told, and when a webhook is tried again."""

import pytest

from mooring.host.refusal import Refusal
from mooring.telling import announcement, audit, webhook
from mooring.telling.event import Event
from units.hooks.deliver import PAUSES, Waiting


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    found: list[Event] = []
    monkeypatch.setattr(announcement, "announce", found.append)
    monkeypatch.setenv("MOORING_ACTOR", "alice")
    return found


def test_commands_that_only_show_something_are_no_events(told: list[Event]) -> None:
    for name in ("apps", "config", "config:get", "logs", "logs:failed", "releases:info", "access:list", "url", "help"):
        audit.observed(name, {"app": "a"}, lambda **_: 0)
    audit.observed("ps:scale", {"app": "a", "counts": [], "json": True}, lambda **_: 0)
    audit.observed("logs:drain", {"app": "a", "url": "", "json": False}, lambda **_: None)
    assert told == []


def test_a_command_that_changes_something_is_told_with_what_is_no_secret(told: list[Event]) -> None:
    audit.observed("ps:scale", {"app": "a", "counts": ["web=2"], "json": False}, lambda **_: 0)
    audit.observed("config:set", {"app": "a", "pairs": ["TOKEN=hush"], "no_restart": False}, lambda **_: None)
    audit.observed("deploy:allow", {"apps": ["a", "b"], "name": "ci"}, lambda **_: 0)
    audit.observed("rebuild", {"app": "a"}, lambda **_: 1)
    assert [each.text for each in told] == [
        "alice: ps:scale a (counts web=2)",
        "alice: config:set a",
        "alice: deploy:allow a (name ci)",
        "alice: deploy:allow b (name ci)",
        "alice: rebuild a failed",
    ]
    assert [each.group for each in told] == ["ps", "config", "access", "access", "rebuild"]


def test_what_was_refused_is_no_event_unless_something_had_changed(told: list[Event]) -> None:
    def refused(**_: object) -> int:
        raise Refusal("no")

    def half_way(**_: object) -> int:
        audit.note(keys=["A"])
        raise KeyboardInterrupt

    def unchanged(**_: object) -> int:
        audit.nothing_changed()
        return 0

    with pytest.raises(Refusal):
        audit.observed("config:set", {"app": "a"}, refused)
    with pytest.raises(KeyboardInterrupt):
        audit.observed("config:set", {"app": "a"}, half_way)
    audit.observed("config:set", {"app": "a"}, unchanged)
    assert [each.text for each in told] == ["alice: config:set a failed (keys A)"]


def test_a_webhook_wants_all_events_or_those_of_its_words() -> None:
    live = Event("deploy:live", "alice", "a", 42, "live")
    assert webhook.wants([], live)
    assert webhook.wants(["deploy"], live)
    assert webhook.wants(["config", "deploy:live"], live)
    assert not webhook.wants(["deploy:failed", "config"], live)
    assert not webhook.wants(["deploy"], Event("deploy:allow", "alice", "a"))


def test_a_delivery_is_signed_as_github_signs() -> None:
    # The example of GitHub's documentation, "Validating webhook deliveries".
    assert webhook.signature("It's a Secret to Everybody", b"Hello, World!") == (
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    )


def test_a_delivery_is_tried_ten_times_within_hours_ever_more_slowly() -> None:
    each: Waiting | None = Waiting.parse("1700000000000000")
    now, tries = 0.0, 0
    while each:
        assert Waiting.parse(each.name) == each
        tries += 1
        now = max(now, each.due)
        each = each.again(now)
    assert tries == len(PAUSES) + 1 == 10
    assert 3 * 3600 < now < 5 * 3600
    assert sorted(PAUSES) == list(PAUSES)


@pytest.mark.parametrize("url", ["", "x", "ftp://x/", "http://", "https://u:p@x/", "https://x:0/", "https://x/ y",
                                 "https://x:99999/", "https://é.example/"])  # fmt: skip
def test_a_webhook_has_an_http_address(url: str) -> None:
    with pytest.raises(Refusal):
        webhook.check_url(url)
    assert webhook.check_url("https://hooks.example.com:8443/a?b=c")
