"""What app.json sets, runs and asks for: read as Heroku and Dokku have it, or refused naming the place."""

from pathlib import Path
from typing import Any

import pytest

from mooring.app import addons, apps, scripts, variables
from mooring.app.apps import App
from mooring.app.choices import Choices
from mooring.app.variables import Settled, Variable
from mooring.host.names import PHASES, POSTDEPLOY, PREDEPLOY, RELEASE_PHASE, SETUP, ContainerName, ReleaseName
from mooring.host.refusal import Refusal
from mooring.pipeline import phase, standstill
from mooring.release import formation, plan, releases
from mooring.release.process import Limits, Placement, Process
from mooring.release.releases import Release
from mooring.runtime import preparation

ENV: dict[str, Any] = {
    "TEXT": "as it is",
    "MADE": {"description": "signs cookies", "generator": "secret"},
    "GIVEN": {"value": "5"},
    "SYNCED": {"value": "new", "sync": True},
    "MUST": {"description": "whom to ask"},
    "MAY": {"required": False},
}
WANTED = variables.parse(ENV)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    monkeypatch.setattr("mooring.host.paths.APPS", tmp_path)
    (tmp_path / "my-app" / "releases").mkdir(parents=True)
    return apps.find("my-app")


def saved(number: int, *processes: Process, **more: Any) -> Release:
    placements = tuple(Placement(each.name, 1, f"10.0.0.{number}") for each in processes if each.quantity)
    record = Release(
        ReleaseName("my-app", number), "push", "me", 1, processes=processes, placements=placements, subnet="10.0.0.0/25"
    )
    return releases.save(record.changed(**more))


# -- env


def test_the_first_deploy_sets_what_the_app_has_not() -> None:
    config = {"GIVEN": "mine", "SYNCED": "old"}
    edited, settled = variables.edited(WANTED, config, first=True)
    assert settled == Settled(("TEXT", "SYNCED"), ("MADE",))
    assert len(edited["MADE"]) == 64
    assert edited == {"TEXT": "as it is", "MADE": edited["MADE"], "GIVEN": "mine", "SYNCED": "new"}
    assert variables.edited(WANTED, edited, first=True) == (edited, Settled())


def test_a_later_deploy_sets_what_is_synced_alone() -> None:
    assert variables.edited(WANTED, {}, first=False) == ({"SYNCED": "new"}, Settled(("SYNCED",)))
    assert variables.unset(WANTED, {"MADE": "x"}) == ["TEXT", "GIVEN", "SYNCED"]


def test_what_is_required_is_asked_for_by_its_name_and_nothing_is_set_before(app: App) -> None:
    with pytest.raises(Refusal) as refused:
        variables.settle(app, WANTED)
    assert str(refused.value) == (
        "app.json: env requires MUST, and my-app has none: whom to ask (`mooring config:set my-app MUST=…`)"
    )
    assert app.config() == {}
    app.write_config({"MUST": ""})
    settled = variables.settle(app, WANTED)
    assert settled.made == ("MADE",)
    assert (app.folder / "env").stat().st_mode & 0o777 == 0o600
    secret = app.config()["MADE"]
    assert variables.settle(app, WANTED) == Settled()
    assert app.config()["MADE"] == secret


@pytest.mark.parametrize(
    ("env", "place"),
    [([], "env is"), ({"A": 5}, "env.A is 5"), ({"A": {"value": 5}}, r'env.A.value is 5 \(a text, e.g. "5"'),
     ({"A": {"required": "no"}}, "env.A.required is 'no'"), ({"A": {"generator": "uuid"}}, "env.A.generator is 'uuid'"),
     ({"A-B": "x"}, "env.A-B: 'A-B' cannot name"), ({"MOORING_APP": "x"}, "env.MOORING_APP: .* Mooring itself"),
     ({"PORT": "http"}, "env.PORT: PORT is 'http'"), ({"A": {"value": "\0"}}, "env.A: .*NUL"),
     ({"A": {"sync": 1}}, "env.A.sync is 1"), ({"A": {"description": None}}, "env.A.description is None")],
)  # fmt: skip
def test_a_variable_that_is_none_is_refused_with_its_place(env: Any, place: str) -> None:
    with pytest.raises(Refusal, match=f"app.json: {place}"):
        variables.parse(env)


def test_a_variable_may_say_nothing_of_itself() -> None:
    assert variables.parse(None) == ()
    assert variables.parse({"A": {}}) == (Variable("A"),)


# -- addons


def test_an_addon_is_known_by_its_name_and_its_address_by_what_it_is_called() -> None:
    said = ["heroku-postgresql:mini", {"plan": "rediscloud", "as": "cache"}, "papertrail", "dokku-mariadb"]
    found = addons.parse(said)
    assert [(each.kind, each.variable) for each in found] == [
        ("postgres", "DATABASE_URL"), ("redis", "CACHE_URL"), ("", ""), ("mariadb", "DATABASE_URL"),
    ]  # fmt: skip
    assert [each.plan for each in addons.lacking(found, {"DATABASE_URL": "x"})] == ["rediscloud", "papertrail"]


@pytest.mark.parametrize(
    ("said", "place"),
    [({}, "addons is"), ([5], r"addons\[0\] is 5"), (["a", {}], r"addons\[1\].plan is None"),
     ([{"plan": "a", "as": 1}], r"addons\[0\].as is 1")],
)  # fmt: skip
def test_an_addon_that_is_none_is_refused_with_its_place(said: Any, place: str) -> None:
    with pytest.raises(Refusal, match=f"app.json: {place}"):
        addons.parse(said)


# -- scripts


def test_scripts_are_dokkus_and_ours_and_herokus_one_for_once() -> None:
    said = {"dokku": {"predeploy": "a", "postdeploy": "b"}, "mooring": {"postdeploy": "c"}, "postdeploy": "d"}
    assert scripts.parse(said) == {PREDEPLOY: "a", POSTDEPLOY: "c", SETUP: "d"}
    assert scripts.unread({**said, "test": "x"}) == {"test"}
    for nothing in (None, {}, {"dokku": None}, {"dokku": {"predeploy": " "}}, {"postdeploy": None}):
        assert scripts.parse(nothing) == {}


@pytest.mark.parametrize(
    ("said", "place"),
    [("x", "scripts is 'x'"), ({"dokku": "x"}, "scripts.dokku is"), ({"postdeploy": ["x"]}, "scripts.postdeploy is"),
     ({"mooring": {"predeploy": 5}}, "scripts.mooring.predeploy is 5")],
)  # fmt: skip
def test_a_script_that_is_none_is_refused_with_its_place(said: Any, place: str) -> None:
    with pytest.raises(Refusal, match=f"app.json: {place}"):
        scripts.parse(said)


def test_phases_are_run_in_their_order_for_new_code_or_config_alone(app: App) -> None:
    processes = (Process("web"), Process(RELEASE_PHASE, 0, "migrate"))
    lines = tuple(Process(name, 0, name) for name in (POSTDEPLOY, SETUP, PREDEPLOY))
    record = saved(1, *processes, scripts=formation.limited(lines, Choices(limits={RELEASE_PHASE: {"pids": 9}})))
    assert record.process(SETUP).limits == Limits(pids=9)
    assert releases.load(record.name) == record
    assert [each.name for each in record.phases(*phase.BEFORE)] == [PREDEPLOY, RELEASE_PHASE]
    assert [each.name for each in phase.after(record)] == [SETUP, POSTDEPLOY]
    assert {record.address(ContainerName(record.name, name, 1)) for name in PHASES} == {"10.0.0.126"}
    assert record.changed(kind="restart").phases(*PHASES) == []
    saved(1, status="retired")
    assert [each.name for each in phase.after(saved(2, scripts=record.scripts))] == [POSTDEPLOY]
    assert phase.MOMENTS.keys() == phase.NAMES.keys() == set(PHASES)


# -- what may run only once at a time


def test_a_process_overlaps_where_neither_its_source_nor_the_operator_says_otherwise() -> None:
    said = plan.overlap_of({"formation": {"web": {"overlap": False}, "bot": {"quantity": 2}, "cat": 1}})
    web, bot = plan.overlapping((Process("web"), Process("bot")), said)
    assert (web.overlaps, bot.overlaps) == (False, True)
    chosen = formation.applied((web, bot), Choices(overlap={"web": True, "bot": False}))
    assert [each.overlaps for each in chosen] == [True, False]
    assert [each.overlaps for each in formation.applied(chosen, Choices())] == [False, True]
    with pytest.raises(Refusal, match=r"app\.toml: overlap\.web is 'no'"):
        formation.applied((web,), Choices(overlap={"web": "no"}))


def test_what_ends_before_its_successor_is_that_process_of_the_live_release(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = Process("web", overlap=False)
    saved(1, Process("web", command="x"), Process("bot", command="y"))
    first = saved(2, alone)
    assert standstill.old(first) == []
    app.live_link.symlink_to("releases/1")
    assert [str(each) for each in standstill.old(first)] == ["my-app.1.web.1"]
    assert standstill.old(saved(3, alone._replace(chosen_overlap=True))) == []
    assert standstill.old(saved(3, alone._replace(quantity=0))) == []
    assert standstill.is_same(Process("worker"), Process("web"))
    assert not standstill.is_same(Process("worker", command="x"), Process("web"))
    monkeypatch.setattr(preparation, "prepared", lambda record: record)
    both = saved(4, alone, Process("bot"))
    assert preparation.units(both) == ["mooring-app@my-app.4.bot.1.service"]


def test_it_is_told_for_how_long_nothing_of_it_ran(app: App) -> None:
    record = saved(2, Process("web", port=80, overlap=False), Process("bot", overlap=False), Process("cat"))
    assert standstill.told(record) == []
    stood = record.changed(times={standstill.BEGAN: 10.0, "launched": 11.5, "routed": 12.25})
    assert [line.strip().partition(" s:")[0] for line in standstill.told(stood)] == [
        "web served nothing for 2.2", "bot did not run for 1.5",
    ]  # fmt: skip
