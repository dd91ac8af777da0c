"""Jobs run on time, in containers of their own out of what is live then, and people are told how they ended."""

import json

import pytest

from tests.server import apps
from tests.server.jobs import APP, WAITS, job, let_go, listed, running, says, timers, well, with_jobs
from tests.server.throwaway import Server
from tests.server.user import Repo, User
from tests.server.user import admin as administrator

MINUTE = job("echo minute of $MOORING_RELEASE", "* * * * *")
POLICIES = {"forbidding": "forbid", "allowing": "allow", "replacing": "replace"}
HELD = [job(f"{name}=1; {WAITS}", "* * * * *", concurrency_policy=policy) for name, policy in POLICIES.items()]
FAILING = job("sh -c 'echo I am about to fail; exit 3'")


@pytest.fixture(scope="module")
def owner(server: Server, tmp_path_factory: pytest.TempPathFactory) -> User:
    return administrator(server, tmp_path_factory.mktemp("owner"))


@pytest.fixture(scope="module")
def repo(owner: User) -> Repo:
    """An app with jobs that is live."""
    repo = owner.repo(APP, {**apps.site("one"), **with_jobs(MINUTE, *HELD, FAILING)})
    assert repo.push(APP).ok
    owner.server.wait_for(["systemctl", "is-active", f"mooring-cron@{APP}.echo.timer"])
    return repo


def test_a_person_finds_jobs_and_their_lines_with_systemd_alone(repo: Repo, owner: User, server: Server) -> None:
    assert timers(server) == ["allowing", "echo", "forbidding", "replacing", "sh"]
    shown = server.run(["systemctl", "status", f"mooring-cron@{APP}.echo.timer"]).stdout
    assert f"Mooring will run echo minute of $MOORING_RELEASE of {APP}" in shown
    units = [f"mooring-cron@{APP}.{name}.{kind}" for name in ("echo", "sh") for kind in ("timer", "service")]
    verified = server.run(["systemd-analyze", "verify", *units], check=False)
    assert (verified.stdout + verified.stderr, verified.returncode) == ("", 0)
    assert well(owner, "cron:run", APP, "echo") == "minute of v1\n"
    for match in (["-u", f"mooring-cron@{APP}.*"], [f"MOORING_APP={APP}"]):
        assert "minute of v1" in server.run(["journalctl", "-o", "cat", *match]).stdout
    assert "cron.echo.1: minute of v1" in well(owner, "logs", APP, "-p", "cron.echo")


def test_a_job_that_fails_is_an_event_with_its_last_lines_and_in_doctor(
    repo: Repo, owner: User, server: Server
) -> None:
    ran = owner.ssh("cron:run", APP, "sh")
    assert (ran.returncode, ran.stdout) == (3, "I am about to fail\n")
    assert "sh ended with status 3" in ran.stderr
    assert listed(owner)["sh"]["ended"] == "failed: ended with status 3"
    event = server.run(["journalctl", "-o", "json", "MOORING_EVENT=cron:failed", f"MOORING_APP={APP}"]).stdout
    details = json.loads(json.loads(event.splitlines()[-1])["MOORING_DETAILS"])
    assert (details["job"], details["exit"], details["lines"]) == ("sh", 3, ["I am about to fail"])
    assert "cron:failed" in well(owner, "events", APP)
    found = server.run(["mooring", "doctor"], check=False).stdout
    assert f"{APP} sh: the last run of this job ended with status 3" in found
    assert server.run(["docker", "ps", "-aq", "--filter", f"name={APP}.*cron.sh"]).stdout == ""


def test_a_job_is_added_suspended_and_removed_and_has_limits_a_timeout_and_a_time_zone(
    repo: Repo, owner: User, server: Server
) -> None:
    assert "nightly runs next at" in well(
        owner, "cron:add", APP, "--id", "nightly", "--timeout", "2s", "'0 2 * * *'", "'echo slow; sleep 60'"
    )
    shown = server.run(["systemctl", "show", "-p", "TimersCalendar", f"mooring-cron@{APP}.nightly.timer"]).stdout
    assert "02:00:00 ;" in shown
    well(owner, "cron:set", APP, "timezone", "Asia/Tokyo")
    shown = server.run(["systemctl", "show", "-p", "TimersCalendar", f"mooring-cron@{APP}.nightly.timer"]).stdout
    assert "02:00:00 Asia/Tokyo" in shown
    assert "T17:00:00+00:00" in listed(owner)["nightly"]["next"]
    well(owner, "cron:set", APP, "timezone")
    late = owner.ssh("cron:run", APP, "nightly")
    assert late.returncode != 0
    assert "took longer than its timeout" in late.stderr
    well(owner, "cron:suspend", APP, "nightly")
    assert "nightly" not in timers(server)
    assert listed(owner)["nightly"]["next"] == "suspended"
    well(owner, "cron:resume", APP, "nightly")
    assert "nightly" in timers(server)
    well(owner, "cron:remove", APP, "nightly")
    assert "nightly" not in listed(owner)
    assert "nightly" not in timers(server)
    well(owner, "ps:limit", APP, "cron", "--memory", "64m")
    well(owner, "cron:add", APP, "--id", "cgroup", "@yearly",
         "'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null'")  # fmt: skip
    assert f"{64 << 20}\n" in owner.ssh("cron:run", APP, "cgroup").stdout
    well(owner, "cron:remove", APP, "cgroup")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("cron:add", APP, "'61 * * * *'", "true"), "the minute is '61'"),
        (("cron:add", APP, "'* * * *'", "true"), "has 4 fields"),
        (("cron:add", APP, "@daily"), "there is no command to run"),
        (("cron:add", APP, "@daily", "''"), "there is no command to run"),
        (("cron:add", APP, "--id", "../x", "@daily", "true"), "'../x' cannot name a job"),
        (("cron:add", APP, "--id", "echo", "@daily", "true"), "has a job echo already"),
        (("cron:add", APP, "--timeout", "soon", "@daily", "true"), "--timeout is 'soon'"),
        (("cron:add", APP, "--concurrency", "both", "@daily", "true"), "--concurrency is 'both'"),
        (("cron:set", APP, "timezone", "Mars/Olympus"), "'Mars/Olympus' is no time zone"),
        (("cron:set", APP, "timezone", "../../etc/passwd"), "is no time zone"),
        (("cron:run", APP, "nothing"), f"{APP} has no job 'nothing'"),
        (("cron:remove", APP, "echo"), "echo is in app.json"),
        (("cron:add", "no-such-app", "@daily", "true"), "there is no app no-such-app"),
    ],
)
def test_bad_input_is_refused_in_one_line(repo: Repo, owner: User, words: tuple[str, ...], said: str) -> None:
    before = listed(owner).keys()
    refused = owner.ssh(*words)
    assert refused.returncode == 1, refused.stdout
    assert said in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert listed(owner).keys() == before


def test_an_app_that_was_never_deployed_has_no_job(owner: User, app_name: str) -> None:
    well(owner, "apps:create", app_name)
    refused = owner.ssh("cron:add", app_name, "@daily", "true")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert f"{app_name} was never deployed" in refused.stderr
    well(owner, "apps:destroy", app_name, "--force")


def test_a_push_with_a_broken_job_is_refused_and_names_the_key(repo: Repo, owner: User, server: Server) -> None:
    repo.commit(with_jobs(MINUTE, job("true", "0 25 * * *")))
    pushed = repo.push(APP)
    assert not pushed.ok
    assert "app.json: cron[1].schedule: the hour is '25'" in pushed.output
    repo.git("reset", "-q", "--hard", "HEAD~1")
    assert "echo" in timers(server)


def test_a_run_goes_on_over_a_deploy_and_jobs_come_and_go_with_the_release(
    repo: Repo, owner: User, server: Server
) -> None:
    if not running(server, "forbidding"):
        well(owner, "cron:run", APP, "forbidding", "--detach")
    says(server, "forbidding", "began v")
    before = running(server, "forbidding")
    again = owner.ssh("cron:run", APP, "forbidding")
    assert again.returncode == 1
    assert "forbidding runs already" in again.stderr
    repo.commit(with_jobs(MINUTE, *HELD, job("true --new")))
    assert repo.push(APP).ok
    server.wait_for(["systemctl", "is-active", f"mooring-cron@{APP}.true.timer"])
    assert timers(server) == ["allowing", "echo", "forbidding", "replacing", "true"]
    server.wait_for(["sh", "-c", f"! docker ps --format '{{{{.Names}}}}' | grep -q '^{APP}.1.web.1'"])
    assert running(server, "forbidding") == before
    release = json.loads(well(owner, "apps:info", APP, "--json"))["release"]
    assert well(owner, "cron:run", APP, "echo") == f"minute of {release}\n"
    assert owner.ssh("rollback", APP, "v1").returncode == 0
    server.wait_for(["systemctl", "is-active", f"mooring-cron@{APP}.sh.timer"])
    assert timers(server) == ["allowing", "echo", "forbidding", "replacing", "sh"]
    assert running(server, "forbidding") == before


def test_the_timer_alone_runs_jobs_and_does_with_those_that_go_on_as_they_say(
    repo: Repo, owner: User, server: Server
) -> None:
    says(server, "echo", "minute of", timeout=70)
    server.wait_for(["sh", "-c", "docker ps --format '{{.Names}}' | grep -q cron.allowing.2"], timeout=130)
    assert len(running(server, "allowing")) >= 2
    says(server, "replacing", "replacing is ended: the time of the next run has come", timeout=70)
    assert len(running(server, "replacing")) <= 1
    assert len(running(server, "forbidding")) == 1
    began = listed(owner)["forbidding"]["last"]
    let_go(server, "forbidding")
    says(server, "forbidding", "forbidding is passed over: the run before it went on when its time came")
    assert listed(owner)["forbidding"]["last"] == began
    assert listed(owner)["forbidding"]["ended"] == "ok"
    ran = server.run(["journalctl", "-o", "cat", "MOORING_PROCESS=cron.echo.1"]).stdout
    assert ran.count("minute of") >= 3


def test_nothing_runs_of_an_app_in_maintenance_but_what_is_for_it(repo: Repo, owner: User, server: Server) -> None:
    repo.commit(with_jobs(MINUTE, job("echo for $MOORING_APP", "* * * * *", maintenance=True)))
    assert repo.push(APP).ok
    well(owner, "maintenance:on", APP)
    assert listed(owner)["echo"]["next"] == f"not while {APP} is in maintenance"
    says(server, "echo-2", f"for {APP}", timeout=70)
    says(server, "echo", f"echo is passed over: {APP} is in maintenance", timeout=70)
    well(owner, "maintenance:off", APP)
    well(owner, "apps:disable", APP)
    assert "is disabled" in owner.ssh("cron:run", APP, "echo").stderr
    well(owner, "apps:destroy", APP, "--force")
    assert timers(server) == []
    left = server.run(
        ["sh", "-c", f"ls /run/systemd/system /run/mooring/cron | grep {APP}; docker ps -a | grep {APP}"], check=False
    )
    assert left.stdout == ""
