"""Whose turn it is in the pipeline, and what a power cut leaves to be done again."""

from pathlib import Path

import pytest

from mooring.host.names import ContainerName, ReleaseName
from mooring.pipeline import dispatch
from mooring.pipeline.spool import Marker, Place, Stage
from mooring.runtime import containers
from units.host import apps as boot
from units.host import recover


def marker(name: str, stage: Stage = "build", place: Place = "queue") -> Marker:
    return Marker(ReleaseName.parse(name), stage, place)


def turns(stage: Stage, *markers: Marker, parallel: int = 2) -> list[str]:
    return [str(name) for name in dispatch.turns(stage, list(markers), parallel)]


def test_builds_of_different_apps_run_side_by_side_up_to_the_limit() -> None:
    waiting = [marker("a.1"), marker("b.1"), marker("c.1")]
    assert turns("build", *waiting) == ["a.1", "b.1"]
    assert turns("build", *waiting, marker("d.1", place="run")) == ["a.1"]
    assert turns("build", *waiting, parallel=0) == []


@pytest.mark.parametrize("stage", ["build", "launch", "route"])
def test_a_release_waits_for_an_earlier_one_of_its_app_wherever_that_is(stage: Stage) -> None:
    assert turns("build", marker("a.2"), marker("a.1", stage, "run")) == []
    assert turns("launch", marker("a.2", "launch"), marker("a.1", stage, "run")) == []


def test_an_app_whose_name_begins_like_anothers_waits_for_nobody() -> None:
    assert turns("build", marker("foobar.2"), marker("foo.1", place="run")) == ["foobar.2"]


def test_a_release_is_never_twice_in_one_stage() -> None:
    assert turns("route", marker("a.1", "route"), marker("a.1", "route", "run")) == []


def test_retiring_waits_for_nothing() -> None:
    assert turns("retire", marker("a.2", "retire"), marker("a.1", "build", "run")) == ["a.2"]


def test_only_waiting_builds_are_superseded_and_only_by_waiting_builds_of_their_app() -> None:
    markers = [marker("a.1", place="run"), marker("a.2"), marker("a.3"), marker("b.1"), marker("a.4", "launch")]
    assert dispatch.superseded(markers) == {ReleaseName("a", 2): ReleaseName("a", 3)}


def test_after_a_power_cut_what_was_launched_is_launched_again_and_what_is_live_is_routed() -> None:
    live = ReleaseName("a", 1)
    assert recover.stage_after_boot(marker("a.2", "build", "run"), live) == "build"
    assert recover.stage_after_boot(marker("a.2", "launch", "run"), live) == "launch"
    assert recover.stage_after_boot(marker("a.2", "route", "run"), live) == "launch"
    assert recover.stage_after_boot(marker("a.1", "route", "run"), live) == "route"
    assert recover.stage_after_boot(marker("a.1", "retire", "run"), live) == "retire"


def test_after_a_power_cut_a_change_of_domains_does_not_launch_the_release_that_was_replaced() -> None:
    assert recover.stage_after_boot(marker("a.1", "route"), ReleaseName("a", 2)) == "route"
    assert recover.stage_after_boot(marker("a.1", "route"), None) == "launch"


def test_at_boot_a_container_is_in_the_way_of_others_until_it_runs_or_cannot_or_takes_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "CONTAINERS", tmp_path / "containers")
    monkeypatch.setattr(containers, "REASONS", tmp_path / "reasons")
    begun = {ContainerName.parse(f"{name}.1.web.1"): at for name, at in (("a", 0), ("b", 9), ("c", 9), ("d", 9))}
    _, runs, cannot, starts = begun
    containers.remember(runs, "b" * 64, 1)
    containers.REASONS.mkdir()
    containers.reason_of(cannot).write_text("no image\n")
    assert boot.in_the_way(begun, 10) == {starts: 9}
