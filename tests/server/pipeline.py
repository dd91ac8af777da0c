"""Whether the pipeline of a server is at rest, and an app whole."""

import json

from tests.server.throwaway import Server
from tests.server.user import User

DOMAIN = "apps.test"


def served(user: User, app: str) -> str:
    return user.curl(f"{app}.{DOMAIN}").body


def settled(server: Server) -> None:
    """Return when nothing is in the pipeline and systemd has no job left."""
    server.wait_for(
        ["sh", "-c", 'test -z "$(find /var/spool/mooring -type f ! -name .lock ! -path "*/failed/*")" && '
         'test -z "$(systemctl list-jobs --plain --no-legend)"'],
        timeout=90,
    )  # fmt: skip


def leftovers(server: Server, app: str, release: int) -> dict[str, str]:
    """What is there beyond the app's live release; empty where there is nothing."""
    own, mine = f"^{app}.{release}.web.1$", f"mooring-app@{app}.{release}.web.1"
    containers = f"docker ps -a --filter label=mooring.app={app} --format '{{{{.Names}}}}'"
    units = f"systemctl list-units --plain --no-legend --state=active,activating 'mooring-*@{app}.*'"
    looks = {
        "containers": f"{containers} | grep -v '{own}'",
        "units": f"{units} | grep -v {mine}",
        "networks": "docker network ls --filter label=mooring.app --format '{{.Name}}' | sort | uniq -d",
        "sources": f"ls -A /var/lib/mooring/apps/{app}/sources",
        "workspaces": "ls -A /var/lib/mooring/builds",
        "markers": "find /var/spool/mooring -type f ! -name .lock",
        "temporary": "find /var/lib/mooring /var/spool/mooring -name '.tmp-*' -o -name 'tmp_objdir*'",
    }
    found = {name: server.run(["sh", "-c", look], check=False).stdout.strip() for name, look in looks.items()}
    return {name: text for name, text in found.items() if text}


def check_whole(owner: User, server: Server, app: str, bodies: dict[int, str]) -> None:
    """The app serves one of its releases whole, the other is settled, and nothing is left over."""
    settled(server)
    releases = json.loads(owner.ssh("releases", app, "--json").stdout)
    live = [each for each in releases if each["status"] == "live"]
    assert len(live) == 1
    number = int(live[0]["number"])
    server.wait_for(["systemctl", "is-active", f"mooring-app@{app}.{number}.web.1"])
    assert served(owner, app) == bodies[number]
    for each in releases:
        assert each["status"] in ("live", "retired", "failed"), each
        assert each["status"] != "failed" or each["reason"]
    assert leftovers(server, app, number) == {}
