"""The jobs of an app: what app.json says of them, what they are called, and whose turn it is."""

from typing import Any

import pytest

from mooring.app import job
from mooring.app.apps import App
from mooring.app.choices import Choices
from mooring.app.job import Job
from mooring.cron import jobs, timers
from mooring.cron.history import Run
from mooring.host.names import ContainerName, ReleaseName
from mooring.host.refusal import Refusal
from mooring.release.releases import Release
from units.cron import turn


def test_app_json_has_jobs_with_dokkus_keys_and_more() -> None:
    plain = {"command": " bin/report --daily ", "schedule": "0  7 * * 1-5"}
    whole = {**plain, "concurrency_policy": "allow", "maintenance": True, "timeout": "10m", "persistent": True, "x": 1}
    assert job.of_app_json([plain, whole]) == (
        Job("", "bin/report --daily", "0 7 * * 1-5"),
        Job("", "bin/report --daily", "0 7 * * 1-5", "allow", True, 600, True),
    )
    assert job.of_app_json(None) == job.of_app_json([]) == ()
    assert job.notes([plain]) == []
    maintained, unknown = job.notes([whole])
    assert "with Dokku it never does" in maintained
    assert unknown == "of cron, x does nothing"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({}, "app.json: cron is {}"),
        (["true"], "app.json: cron[0] is 'true'"),
        ([{"schedule": "@daily"}], "app.json: cron[0].command is missing"),
        ([{"command": "  ", "schedule": "@daily"}], "app.json: cron[0].command is"),
        ([{"command": ["a"], "schedule": "@daily"}], "app.json: cron[0].command is ['a']"),
        ([{"command": "a\nb", "schedule": "@daily"}], "app.json: cron[0].command is too long, or more than one line"),
        ([{"command": "true"}], "app.json: cron[0].schedule is missing"),
        ([{"command": "true", "schedule": 5}], "app.json: cron[0].schedule is 5"),
        ([{"command": "true", "schedule": "0 25 * * *"}], "app.json: cron[0].schedule: the hour is '25'"),
        ([{"command": "a", "schedule": "@daily", "concurrency_policy": "x"}], "cron[0].concurrency_policy is 'x'"),
        ([{"command": "a", "schedule": "@daily", "maintenance": "yes"}], "cron[0].maintenance is 'yes'"),
        ([{"command": "a", "schedule": "@daily", "timeout": -1}], "cron[0].timeout is -1"),
        ([{"command": "a", "schedule": "@daily", "timeout": True}], "cron[0].timeout is True"),
        ([{"command": "a", "schedule": "@daily", "timeout": "5w"}], "cron[0].timeout is '5w'"),
        ([{"command": "a", "schedule": "@daily"}] * 101, "app.json: cron has 101 jobs"),
    ],
)
def test_a_job_that_is_none_is_refused_by_its_key_and_place(value: Any, said: str) -> None:
    with pytest.raises(Refusal) as refused:
        job.of_app_json(value)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("bin/report --daily", "report"),
        ("./Send_Mail.sh", "send-mail-sh"),
        ("2>&1", "job"),
        ("/", "job"),
        ("next", "next-2"),
        ("x" * 90, "x" * 30),
    ],
)
def test_a_job_is_called_after_its_commands_first_word(command: str, name: str) -> None:
    assert job.free_id(command, set()) == name
    assert job.check_id(name)
    assert job.free_id(command, {name}) == (name.removesuffix("-2") + ("-3" if name.endswith("-2") else "-2"))


def test_a_job_keeps_its_name_from_release_to_release() -> None:
    daily, hourly, other = Job("", "bin/report", "@daily"), Job("", "bin/report", "@hourly"), Job("", "bin/x", "@daily")
    first = job.named((daily, hourly, other), ())
    assert [each.id for each in first] == ["report", "report-2", "x"]
    assert [each.id for each in job.named((hourly, other), first)] == ["report-2", "x"]
    assert [each.id for each in job.named((hourly._replace(schedule="@weekly"),), first[1:])] == ["report-2"]
    assert [each.id for each in job.named((daily,), (), {"report"})] == ["report-2"]
    assert [each.id for each in job.named((daily,), first, {"report"})] == ["report-2"]


def test_a_job_that_was_added_keeps_its_name_when_an_earlier_release_has_one_called_so() -> None:
    record = Release(ReleaseName("my-app", 3), "push", "ada", 0, cron=(Job("report", "bin/report", "@daily"),))
    added = Choices(cron={"report": {"command": "bin/other", "schedule": "@hourly"}})
    found = jobs.every(App("my-app"), added, record)
    assert {name: each.command for name, each in found.items()} == {"report": "bin/other", "report-2": "bin/report"}
    assert jobs.every(App("my-app"), added, None) == {}


def test_nothing_runs_of_an_app_that_is_shut_but_what_is_for_maintenance() -> None:
    plain, patient = Job("a", "true", "@daily"), Job("b", "true", "@daily", maintenance=True)
    assert jobs.passes(Choices(), plain) == ""
    assert jobs.passes(Choices(maintenance=True), plain) == "is in maintenance"
    assert jobs.passes(Choices(maintenance=True), patient) == ""
    assert jobs.passes(Choices(stopped=True, maintenance=True), patient) == "is stopped"
    assert jobs.passes(Choices(disabled=True), patient) == "is disabled"


NOON = 43_200.0


@pytest.mark.parametrize(
    ("began", "ended", "now", "late"),
    [
        (NOON - 90, NOON + 5, NOON + 5.2, True),
        (NOON - 60, NOON - 5, NOON + 0.4, False),
        (NOON - 60, NOON + 0.2, NOON + 0.4, True),
        (NOON + 0.3, NOON + 20, NOON + 60.5, False),
        (NOON - 7200, NOON - 3600, NOON + 17, False),
    ],
)
def test_a_run_whose_time_fell_into_the_one_before_it_is_passed_over(
    began: float, ended: float, now: float, late: bool
) -> None:
    assert turn.is_late(Run("a", "true", "my-app.1.cron.a.1", began, ended, "ok"), now) is late
    assert not turn.is_late(None, now)


def test_a_run_has_the_unit_of_its_job() -> None:
    first = ContainerName.parse("my-app.42.cron.report.1")
    assert (str(first.release), first.job, first.ordinal) == ("my-app.42", "report", 1)
    assert str(first) == "my-app.42.cron.report.1"
    assert first.unit == "mooring-cron@my-app.report.service"
    assert ContainerName.parse("my-app.42.cron.report.2").unit == "mooring-cron@my-app.report.2.service"
    assert first.runs_once
    process = ContainerName.parse("my-app.42.cron.1")
    assert (process.process, process.job, process.runs_once) == ("cron", "", False)


def test_the_drop_ins_say_what_differs_in_words_that_systemd_does_not_expand() -> None:
    each = Job("report", "date +%d \\n", "@daily", "allow", timeout=60, persistent=True)
    text = timers.text_of_timer("my-app", each, ["*-*-* 00:00:00", "2027-03-28 01:00:00 UTC"])
    assert text.splitlines() == [
        "[Unit]",
        "Description=Mooring will run date +%%d \\n of my-app",
        "[Timer]",
        "OnCalendar=",
        "OnCalendar=*-*-* 00:00:00",
        "OnCalendar=2027-03-28 01:00:00 UTC",
        "Persistent=yes",
        "Unit=mooring-cron@my-app.report.next.service",
    ]
    service = timers.text_of_service("my-app", Job("report", "x" * 5000, "@daily", timeout=60))
    assert service.splitlines()[2:] == ["[Service]", "RuntimeMaxSec=60"]
    assert len(service) < 300
