"""Jobs over a reboot."""

from collections.abc import Callable

from tests.server import apps
from tests.server.jobs import APP, job, listed, says, timers, well, with_jobs
from tests.server.throwaway import Server
from tests.server.user import User


def test_jobs_come_back_with_a_reboot_which_some_wait_for_and_some_make_up_for(
    own_server: Server, admin_of: Callable[[Server], User]
) -> None:
    user = admin_of(own_server)
    sleeper = job("echo made up", "0 0 * * *", persistent=True)
    files = with_jobs(job("echo booted", "@reboot"), sleeper, job("echo not made up", "0 0 * * *"))
    assert user.repo(APP, {**apps.site("one"), **files}).push(APP).ok
    own_server.wait_for(["systemctl", "is-active", f"mooring-cron@{APP}.echo-2.timer"])
    assert timers(own_server) == ["echo-2", "echo-3"]
    well(user, "cron:add", APP, "--id", "added", "@yearly", "true")
    stamps = "/var/lib/systemd/timers"
    assert own_server.run(["sh", "-c", f"ls {stamps} | grep cron"]).stdout == f"stamp-mooring-cron@{APP}.echo-2.timer\n"
    # As if it was off for two days.
    own_server.run(["touch", "-d", "2 days ago", f"{stamps}/stamp-mooring-cron@{APP}.echo-2.timer"])
    own_server.reboot()
    says(own_server, "echo", "booted")
    says(own_server, "echo-2", "made up")
    own_server.wait_for(["systemctl", "is-active", f"mooring-cron@{APP}.added.timer"])
    assert timers(own_server) == ["added", "echo-2", "echo-3"]
    rows = listed(user)
    assert rows["echo"]["next"] == "at the next boot"
    assert [rows[name]["last"] for name in ("echo-3", "added")] == ["", ""]
    assert own_server.run(["journalctl", "-o", "cat", f"MOORING_APP={APP}"]).stdout.count("booted") == 1
    own_server.run(["systemctl", "stop", "mooring.target"])
    assert (
        own_server.run(["systemctl", "is-active", f"mooring-cron@{APP}.added.timer"], check=False).stdout != "active\n"
    )
    own_server.run(["systemctl", "start", "mooring.target"])
    own_server.wait_for(["systemctl", "is-active", f"mooring-cron@{APP}.added.timer"])
    assert own_server.run(["journalctl", "-o", "cat", f"MOORING_APP={APP}"]).stdout.count("booted") == 1
