"""Backups: where they go, when, which are kept, and what restic says of them."""

import time
from datetime import datetime
from pathlib import Path

import pytest

from mooring.backup import (
    copies,
    destination,
    of_service,
    outcome,
    overdue,
    proof,
    report,
    repository,
    retention,
    schedule,
    secret,
)
from mooring.backup.copies import Copy, Snapshot
from mooring.backup.destination import Destination
from mooring.backup.schedule import Plan
from mooring.commands import backup as commands
from mooring.host import names, paths, systemd
from mooring.host.refusal import Refusal
from mooring.service import kind


@pytest.mark.parametrize(
    "url",
    ["/mnt/backups", "/home/ada/backups", "sftp:ada@host:/folder", "sftp:host:folder", "sftp://ada@host:2222//folder",
     "sftp://[2001:db8::1]/folder", "s3:s3.amazonaws.com/bucket/folder", "s3:http://10.0.0.1:9000/bucket",
     "b2:bucket:folder", "rest:https://host:8000/folder/"],
)  # fmt: skip
def test_backups_go_where_restic_can_bring_them(url: str) -> None:
    assert destination.parse(url) == url


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("backups", "is nowhere to back up to"),
        ("", "is nowhere to back up to"),
        ("rclone:remote:folder", "is nowhere to back up to"),
        ("/", "is no folder to back up to"),
        ("/mnt/a\nb", "is no folder to back up to"),
        ("/mnt/../etc/x", "do not go below /etc"),
        ("/tmp/backups", "do not go below /tmp"),
        ("/var/lib/mooring/volumes/v", "do not go below /var/lib/mooring"),
        ("sftp:host", "is no address of sftp"),
        ("sftp:host:2222/folder", "is no address of sftp"),
        ("sftp:-oProxyCommand=x:/folder", "is no address of sftp"),
        ("sftp:ada:secret@host:/folder", "a password does not belong into an address"),
        ("rest:https://ada:secret@host/folder", "a password does not belong into an address"),
        ("s3:bucket", "is no address of s3"),
    ],
)
def test_where_they_cannot_go_is_said_in_a_line(url: str, said: str) -> None:
    with pytest.raises(Refusal) as refused:
        destination.parse(url)
    assert said in refused.value.message
    assert "secret" not in str(refused.value)


def test_credentials_are_restics_and_no_others() -> None:
    text = "AWS_ACCESS_KEY_ID=a\nexport AWS_SECRET_ACCESS_KEY='b c'\nRESTIC_PASSWORD=d\n"
    assert destination.parse_credentials(text) == {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b c",
        "RESTIC_PASSWORD": "d",
    }
    with pytest.raises(Refusal, match="LD_PRELOAD is no credential"):
        destination.parse_credentials("LD_PRELOAD=/x\n")


def test_ssh_is_told_the_port_and_the_user_of_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret, "public_key", str)
    for url, end in (
        ("sftp://ada@host:2222//folder", "-p2222 -lada host -s sftp"),
        ("sftp:host:/folder", "IdentitiesOnly=yes host -s sftp"),
        ("sftp://[2001:db8::1]/folder", "IdentitiesOnly=yes 2001:db8::1 -s sftp"),
    ):
        assert secret.sftp_command(Destination(url)).endswith(end)


def test_a_password_of_a_rest_server_is_in_the_environment_and_in_no_message(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(secret, "make_password", lambda: None)
    to = Destination("rest:https://host/x/", {"RESTIC_REST_USERNAME": "ada", "RESTIC_REST_PASSWORD": "a/b"})
    assert repository.environment(to)["RESTIC_REPOSITORY"] == "rest:https://ada:a%2Fb@host/x/"
    assert repository.reason(to, "one\nFatal: at https://ada:a%2Fb@host: no\n\n") == "at https://…:…@host: no"
    said = "Fatal: create repository at rest:x failed: Fatal: unable to open repository at rest:https://host/x/: 401"
    assert repository.reason(to, said) == "401"
    tried = 'Stat(<config/>) returned error, retrying after 1.1s: Head "http://h": connection refused'
    assert repository.reason(to, tried) == 'Head "http://h": connection refused'
    assert repository.reason(to, '{"message_type": "exit_error", "message": "no space left"}\n') == "no space left"
    assert "a/b" not in " ".join(repository.argv(to, "snapshots"))


@pytest.mark.parametrize(
    ("text", "keep"),
    [("7d,4w,6m", {"daily": 7, "weekly": 4, "monthly": 6}), ("10", {"last": 10}),
     ("24h, 2Y", {"hourly": 24, "yearly": 2}),
     ("", {})],
)  # fmt: skip
def test_what_is_kept_is_restics_policy(text: str, keep: dict[str, int]) -> None:
    assert retention.parse(text) == keep
    assert retention.parse(retention.written(keep)) == keep


@pytest.mark.parametrize("text", ["0d", "d7", "7d,7d", ",", "-1d", "7 days", "99999d", "7d 4w"])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="--keep"):
        retention.parse(text)


@pytest.mark.parametrize("text", ["@reboot", "daily", "* * *", "61 * * * *", ""])
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        schedule.parse(text)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("30 3 * * *", datetime(2026, 3, 10, 3, 30)),
        # It has an hour to begin.
        ("30 11 * * *", datetime(2026, 3, 9, 11, 30)),
        ("0 4 * * sun", datetime(2026, 3, 8, 4, 0)),
        ("0 0 29 2 *", datetime(2024, 2, 29, 0, 0)),
        ("*/20 * * * *", datetime(2026, 3, 10, 11, 0)),
    ],
)
def test_a_backup_is_due_at_the_last_of_its_times(text: str, due: datetime) -> None:
    now = datetime(2026, 3, 10, 12, 10).timestamp()
    assert schedule.due(Plan(text), now) == due.timestamp()
    assert schedule.due(Plan(text, since=due.timestamp() + 1), now) == 0


def test_a_copy_is_there_when_its_last_snapshot_and_all_pieces_are() -> None:
    def piece(identity: str, run: str, **tags: str) -> Snapshot:
        return Snapshot(
            identity, 1.0, "here", f"{identity}.dump", {"mooring": "", "subject": "a.b", "run": run, **tags}
        )

    last = piece("m1", "r1", whole="", pieces="2", bytes="7", version="17")
    found = [piece("p1", "r1", database="x"), piece("p2", "r1", database="y"), last]
    cut, emptied = piece("p3", "r2", database="x"), piece("m4", "r4", whole="", pieces="1")
    (copy,) = copies.whole([*found, cut, emptied])
    assert (copy.id, copy.pieces, copy.files["y"], copy.bytes) == ("m1", {"x": "p1", "y": "p2"}, "p2.dump", 7)
    assert copies.left_over([*found, cut, emptied]) == ["p3", "m4"]


def test_times_are_read_as_go_writes_them() -> None:
    for text in ("2026-11-27T15:49:40.413314983Z", "2026-11-27T16:49:40.413314+01:00", "2026-11-27T15:49:40.413314Z"):
        assert copies.moment(text) == pytest.approx(1795794580.413314)
    assert copies.moment("2026-11-27T15:49:40Z") == 1795794580


def test_the_newest_is_this_servers_where_it_has_one() -> None:
    made = [
        Copy(each, "", 0, host, "a.b", "", 0, "", {}, {}, "") for each, host in (("1", "elsewhere"), ("2", "elsewhere"))
    ]
    assert copies.newest(made).id == "1"


def test_a_restored_database_has_what_was_noted() -> None:
    assert proof.compared("", ["db0 2"], ["db0 2"]) == ["db0 2"]
    assert "was written to" in proof.compared("x", ["t 1"], None)[-1]
    with pytest.raises(Refusal, match="x: it has t 1, and should have t 2"):
        proof.compared("x", ["t 1"], ["t 2"])


@pytest.mark.parametrize("name", kind.names())
def test_what_a_backup_asks_of_a_kind_is_there(name: str) -> None:
    read = kind.of(name)
    words = [*read.backup.export, *read.backup.check, *read.backup.databases]
    assert all(each.removeprefix("--file=/mooring/") in read.files for each in words if "--file=/mooring/" in each)
    assert not read.backup.check or read.dump.export


def test_a_database_that_is_called_as_its_service_is_called_as_the_new_one() -> None:
    from mooring.service.services import Service

    service = Service(names.ServiceName("postgres", "my-copy"), "17", "", 1, 1, "", "")
    assert of_service.database_in(service, "my_orders", "my_orders") == "my_copy"
    assert of_service.database_in(service, "my_orders", "yearly") == "yearly"


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A server where nothing is at work."""
    monkeypatch.setattr(paths, "BACKUPS", tmp_path)
    monkeypatch.setattr(systemd, "state_of", lambda unit: "inactive")
    return tmp_path


def test_a_backup_is_overdue_an_hour_after_its_time_and_told_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(report, "tell", lambda subject, event, details: told.append(event))
    plan = Plan("0 0 1 1 *", {}, since=1.0)
    schedule.save("redis.cache", plan)
    assert 0 < overdue.since("redis.cache", plan) < time.time() - schedule.GRACE
    overdue.tell_all()
    overdue.tell_all()
    assert told == ["backup:overdue"]
    outcome.end("redis.cache", outcome.begin("redis.cache"), "ok")
    assert not overdue.since("redis.cache", plan)


def test_a_run_that_was_cut_off_has_failed_and_the_last_good_one_is_known(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(report, "tell", lambda subject, event, details: told.append(details["reason"]))
    good = outcome.end("redis.cache", outcome.begin("redis.cache"), "ok")
    outcome.begin("redis.cache")
    assert "at work" in outcome.told("redis.cache")
    report.settle_all()
    report.settle_all()
    last = outcome.look("redis.cache")
    assert last is not None
    assert (last.result, last.succeeded) == ("failed", good.began)
    assert told == ["it was cut off: killed, or the server went down"]


def test_a_place_that_backups_still_go_to_on_time_is_not_forgotten(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "owner_of", lambda service: service or destination.SERVER)
    for owner in (destination.SERVER, "redis.cache"):
        destination.save(owner, Destination(f"/srv/{owner}"))
    schedule.save("redis.cache", Plan("@daily"))
    commands.unset(service="")
    with pytest.raises(Refusal, match=r"redis\.cache is backed up there on time"):
        commands.unset(service="redis.cache")
    destination.save(destination.SERVER, Destination("/srv/all"))
    commands.unset(service="redis.cache")
    assert destination.of("redis.cache").url == "/srv/all"
    with pytest.raises(Refusal, match="backed up there on time"):
        commands.unset(service="")
