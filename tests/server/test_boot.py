"""What the acceptance tests stand on: throwaway servers behave as servers do."""

from collections.abc import Callable

import pytest

from tests.server.ssh import ssh_key
from tests.server.throwaway import Server


@pytest.mark.parametrize("suite", ["trixie", "bookworm"])
def test_a_bare_server_boots_healthy_and_lets_its_owner_in(suite: str, bare_server: Callable[..., Server]) -> None:
    server = bare_server(suite)
    assert server.run(["systemctl", "is-system-running"], check=False).stdout == "running\n"
    assert suite in server.ssh("root", ssh_key("root"), "cat", "/etc/os-release").stdout
    assert server.run(["sh", "-c", "command -v docker nginx git"], check=False).stdout == ""


def test_files_survive_a_reboot_and_a_power_cut_but_processes_do_not(
    bare_server: Callable[..., Server],
) -> None:
    server = bare_server("trixie")
    for switch_off in (server.shutdown, server.power_cut):
        server.put("/var/lib/kept", "kept")
        server.run(["systemd-run", "--unit=sleeper", "sleep", "infinity"])
        switch_off()
        server.boot()
        assert server.read("/var/lib/kept") == "kept"
        assert server.run(["pgrep", "sleep"], check=False).returncode == 1
    assert len(server.run(["journalctl", "--list-boots", "--quiet"]).stdout.splitlines()) >= 3


def test_two_servers_reach_each_other_and_share_nothing(bare_server: Callable[..., Server]) -> None:
    one, other = bare_server("trixie", hostname="one"), bare_server("trixie", hostname="other")
    one.put("/srv/only-here", "one")
    banner = 'exec 3<>"/dev/tcp/$0/22" && head -c 4 <&3'
    assert one.run(["bash", "-c", banner, other.address]).stdout == "SSH-"
    assert other.run(["test", "-e", "/srv/only-here"], check=False).returncode == 1
    one.power_cut()
    assert other.run(["hostname"]).stdout == "other\n"
    assert other.run(["systemctl", "is-system-running"], check=False).stdout == "running\n"
