"""What is done beside something else."""

import threading

import pytest

from mooring.host.aside import Aside


def test_its_end_is_waited_for() -> None:
    begun, done = threading.Event(), []

    def do() -> None:
        begun.wait(5)
        done.append(1)

    aside = Aside(do)
    begun.set()
    aside.end()
    assert done == [1]


def test_what_it_raises_is_raised_at_its_end() -> None:
    def fail() -> None:
        raise OSError("gone")

    aside = Aside(fail)
    with pytest.raises(OSError, match="gone"):
        aside.end()
