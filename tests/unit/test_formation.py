"""How many of each process run, with which limits: what is chosen is checked, what happens is said."""

import os
from pathlib import Path

import pytest

from mooring.app.checks import DISABLED, Check
from mooring.app.choices import Choices
from mooring.doctor import host
from mooring.host.names import ReleaseName
from mooring.host.refusal import Refusal
from mooring.release import formation, releases
from mooring.release.process import Limits, Process
from mooring.release.releases import Release
from mooring.runtime import cgroup
from units.app import ending, limits, start

WEB = Process("web", port=8080, check=Check(kind="path", path="/up"))


def applied(**choices: object) -> Process:
    return formation.applied((WEB,), Choices(**choices))[0]  # type: ignore[arg-type]


def test_a_port_that_is_chosen_holds_until_it_is_taken_back() -> None:
    web, bot = Process("web", 1, port=8080, ports=(8080, 9000)), Process("bot", 1, "bot")
    chosen = formation.applied((web, bot), Choices(), 3000)
    assert [each.port for each in chosen] == [3000, None]
    assert chosen[0].ports == ()
    assert formation.applied(chosen, Choices(), 3000) == chosen
    assert [each.port for each in formation.applied(chosen, Choices())] == [8080, None]


def test_with_a_port_the_command_of_an_image_is_web() -> None:
    own, bot = Process("worker"), Process("worker", command="work")
    assert [(each.name, each.port) for each in formation.applied((own,), Choices(), 3000)] == [("web", 3000)]
    assert [(each.name, each.port) for each in formation.applied((bot,), Choices(), 3000)] == [("worker", None)]


@pytest.mark.parametrize(("text", "port"), [("3000", 3000), ("0", None), ("65536", None), ("x", None), ("", None)])
def test_the_port_is_the_config_var_of_that_name(text: str, port: int | None) -> None:
    assert formation.chosen_port({"PORT": text}) == port


def test_what_was_chosen_holds_and_what_the_source_says_is_kept_for_later() -> None:
    chosen = applied(scale={"web": 3}, limits={"web": {"memory": "256m", "cpu": 0.5}}, checks={"web": {"path": "/x"}})
    assert (chosen.quantity, chosen.limits) == (3, Limits(256 << 20, 0.5))
    assert chosen.readiness.path == "/x"
    again = formation.applied((chosen,), Choices())[0]
    assert again.readiness.path == "/up"
    assert again.limits == Limits()


def test_a_disabled_check_asks_nothing() -> None:
    process = applied(checks={"web": {"path": "/x", "disabled": True}}, liveness={"web": {"disabled": True}})
    assert process.readiness == DISABLED
    assert process.watch is None


@pytest.mark.parametrize(
    "choices",
    [{"scale": {"web": n}} for n in (-1, 51, True, "2", 1.5)]
    + [{"limits": {"web": table}} for table in ("256m", {"memory": "5m"}, {"memory": "x"}, {"memory": 1.5}, {"cpu": -1},
        {"cpu": "1"}, {"cpu": float("nan")}, {"pids": 1}, {"pids": True}, {"mem": "256m"}, {"memory": True})]
    + [{"checks": {"web": entry}} for entry in (5, {"path": "x"}, {"attempts": "3"})],
)  # fmt: skip
def test_a_choice_in_app_toml_that_is_none_is_refused_by_its_key(choices: dict[str, object]) -> None:
    with pytest.raises(Refusal, match=r"app\.toml: \w+\.web"):
        applied(**choices)


@pytest.mark.parametrize(
    ("word", "number"), [("256m", 256 << 20), ("2G", 2 << 30), ("6291456", 6 << 20), ("8192k", 8 << 20), ("0", 0)]
)
def test_a_size_is_written_as_docker_takes_it(word: str, number: int) -> None:
    assert formation.memory("--memory", word) == number


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 B"), (1023, "1023 B"), (256 << 20, "256 MiB"), (3 << 29, "1.5 GiB"), (5 << 40, "5 TiB")],
)
def test_a_size_is_written_for_people(number: int, words: str) -> None:
    assert formation.size(number) == words


def test_checks_and_limits_of_a_record_are_read_as_they_were_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mooring.host.paths.APPS", tmp_path)
    (tmp_path / "my-app" / "releases").mkdir(parents=True)
    process = applied(limits={"web": {"pids": 9}}, liveness={"web": {"path": "/alive"}}, checks={"web": {"path": "/x"}})
    process = process._replace(check=Check("path", "/up", others=(Check("command", command=("true", "x")),)))
    record = Release(ReleaseName("my-app", 1), kind="scale", actor="me", created=1, processes=(process,))
    assert releases.load(releases.save(record).name) == record


# -- what the kernel counts


def files(folder: Path, **content: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in content.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def test_usage_is_read_from_version_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = {"": files(
        tmp_path, memory__current="3000\n", memory__max="max\n", memory__stat="anon 1\ninactive_file 1000\n",
        memory__events="low 0\noom 2\noom_kill 2\n", cpu__stat="usage_usec 1500000\nthrottled_usec 500000\n",
        pids__current="7\n", pids__events="max 4\n",
    )}  # fmt: skip
    monkeypatch.setattr(cgroup, "folders", lambda pid: of)
    assert cgroup.usage(tmp_path.name, 1) == cgroup.Usage(1.5, 2000, 0, 7, 0.5, 2, 4)
    assert cgroup.usage("somebody-elses", 1) is None


def test_usage_is_read_from_version_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = {
        "": files(tmp_path / "unified"),
        "memory": files(
            tmp_path / "memory", memory__usage_in_bytes="3000", memory__limit_in_bytes="9223372036854771712",
            memory__stat="cache 1\ntotal_inactive_file 1000\n", memory__oom_control="under_oom 0\noom_kill 2\n",
        ),
        "cpu": files(tmp_path / "cpu", cpu__stat="nr_throttled 1\nthrottled_time 500000000\n"),
        "cpuacct": files(tmp_path / "cpu", cpuacct__usage="1500000000\n"),
        "pids": files(tmp_path / "pids", pids__current="7", pids__events="max 4"),
    }  # fmt: skip
    monkeypatch.setattr(cgroup, "folders", lambda pid: of)
    assert cgroup.usage(tmp_path.name, 1) == cgroup.Usage(1.5, 2000, 0, 7, 0.5, 2, 4)


def test_the_cgroups_of_a_process_are_found() -> None:
    assert all(str(folder).startswith("/sys/fs/cgroup") for folder in cgroup.folders(os.getpid()).values())


# -- what is said of it


@pytest.mark.parametrize(
    ("state", "size", "text"),
    [
        ({"OOMKilled": True, "ExitCode": 137}, "256 MiB", "was killed at its 256 MiB"),
        ({"OOMKilled": True, "ExitCode": 1}, "256 MiB", "ended with status 1; a process was killed at its 256 MiB"),
        ({"ExitCode": 137}, "256 MiB", "was killed, perhaps at its 256 MiB (status 137)"),
        ({"ExitCode": 137}, "", "was killed (status 137)"),
        ({"ExitCode": 0}, "", "ended with status 0"),
    ],
)
def test_why_a_process_ended(state: dict[str, object], size: str, text: str) -> None:
    assert ending.why(state, size) == text


@pytest.mark.parametrize(
    ("said", "limit"),
    [("setting cgroup config: unable to set memory limit to 6291456 (current usage: 10563584, peak usage: 1",
      "6 MiB"),
     ("unable to start container process: container init was OOM-killed (memory limit too low?)", "memory limit")],
)  # fmt: skip
def test_a_limit_that_leaves_no_room_to_begin_is_named(said: str, limit: str) -> None:
    assert ending.no_room(said, "ps:limit").startswith(f"it was killed at its {limit} before it was ready")
    assert ending.no_room("no such image", "ps:limit") == ""


def test_what_a_limit_did_is_said_in_a_sentence() -> None:
    chosen = Limits(memory=256 << 20, pids=50)
    assert (
        limits.said("web.1", chosen, "memory", 1) == "a process of web.1 was killed at its 256 MiB; the others run on"
    )
    assert limits.said("web.1", chosen, "pids", 3) == "web.1 was refused a process or thread 3 times: its limit is 50"


def test_a_crash_loop_slows_down_where_systemd_cannot_do_it() -> None:
    assert [start.pause(n) for n in (0, 1, 2, 3, 4, 7, 8, 9, 500)] == [0, 0, 1, 2, 4, 32, 60, 60, 60]


@pytest.mark.parametrize(("left", "count"), [(50, 0), (11, 0), (10, 1), (0, 1)])
def test_a_disk_is_nearly_full_when_a_tenth_is_left(left: int, count: int) -> None:
    disk = os.statvfs_result((4096, 4096, 100, left, left, 1000, 500, 500, 0, 255))
    assert len(list(host.fullness(Path("/"), disk))) == count
