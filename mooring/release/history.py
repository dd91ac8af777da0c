"""What a release was in the course of its app: how long its stages took, what its config changed."""

from collections.abc import Sequence
from typing import NamedTuple

from mooring.release import releases
from mooring.release.releases import WERE_LIVE, Release

STAGES = (("build", "building", "built"), ("launch", "launching", "launched"), ("route", "launched", "routed"))
"""Each stage, and the moments of its begin and its end in a release's record."""


class Changes(NamedTuple):
    """The names of the config vars that a release had and the one before it had not, and so on; never values."""

    added: Sequence[str] = ()
    changed: Sequence[str] = ()
    removed: Sequence[str] = ()


def took(record: Release, every: list[Release]) -> dict[str, float]:
    """The seconds that it waited for its turn, and that each stage took, as far as it got.

    `every` are the app's releases. The retire stage ends when the release before it is gone.
    """
    times = {"created": record.created, **record.times}
    began = next((times[begin] for _, begin, _ in STAGES if begin in times), None)
    found = {"waited": began - record.created} if began else {}
    for stage, begin, end in STAGES:
        if begin in times and end in times:
            found[stage] = times[end] - times[begin]
    routed = times.get("routed")
    gone = [each.times["retired"] for each in every if each.name < record.name and "retired" in each.times]
    following = [each.times["routed"] for each in every if each.name > record.name and "routed" in each.times]
    mine = [at for at in gone if routed and at >= routed and at <= min(following, default=at)]
    if routed and mine:
        found["retire"] = max(mine) - routed
    return {stage: round(seconds, 3) for stage, seconds in found.items()}


def changes(record: Release, every: list[Release]) -> Changes:
    """What its config vars are against those of the release that was live before it."""
    before = next((each for each in every if each.name < record.name and each.status in WERE_LIVE), None)
    if not has_config(record):
        return Changes()
    new = releases.config(record.name)
    old = releases.config(before.name) if before and has_config(before) else {}
    return Changes(
        added=sorted(new.keys() - old.keys()),
        changed=sorted(name for name in new.keys() & old.keys() if new[name] != old[name]),
        removed=sorted(old.keys() - new.keys()),
    )


def has_config(record: Release) -> bool:
    """Whether its config was decided: a release that failed before it launched has none."""
    return (releases.folder(record.name) / "env").exists()
