"""A program that is followed: each line as it comes, how it ended, and no longer than it may take."""

import pytest

from mooring.host.program import follow


def test_both_streams_come_line_by_line_with_what_is_no_utf8() -> None:
    heard: list[str] = []
    script = r"echo one; echo two >&2; printf 'a\rb\r\n\377\nlast'; exit 3"
    assert follow("sh", "-c", script, line=heard.append) == 3
    assert heard == ["one", "two", "a\rb", "\ufffd", "last"]


def test_what_takes_too_long_is_told_to_end() -> None:
    with pytest.raises(TimeoutError, match="sh did not end within"):
        follow("sh", "-c", "exec sleep 60", line=lambda _: None, timeout=0.1)


def test_it_has_the_environment_and_the_input_that_it_was_given() -> None:
    heard: list[str] = []
    assert follow("/bin/sh", "-c", "cat; echo $WORD", line=heard.append, env={"WORD": "said"}, timeout=60) == 0
    assert heard == ["said"]
