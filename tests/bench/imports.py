"""What every program of a push imports, and what that takes: `python -X importtime`, on the server.

The stages are run so by systemd, for one more push: what they import late is counted as well. The others are only
imported.
"""

import re

from tests.bench.pushes import APP, push, targets
from tests.server.throwaway import Server
from tests.server.user import Repo

PYTHON = "/opt/mooring/venv/bin/python"
STAGES = {
    "build": "builders.build",
    "launch": "units.pipeline.launch",
    "app": "units.app.serve",
    "route": "nginx.route",
    "retire": "units.pipeline.retire",
}
OTHERS = ("hooks.gate", "hooks.pre_receive", "units.pipeline.dispatch", "mooring.__main__")
LINE = re.compile(r"import time: +(\d+) \| +(\d+) \| ( *)(\S+)")
"""Microseconds of the module itself, and with all that it imports; how deep it is nested; its name."""
LEAST = 3000
"""Microseconds from which on what is imported is told."""


def table(repo: Repo) -> list[str]:
    """A line for each program: milliseconds of its imports, and the largest of them."""
    server = repo.user.server
    lines = ["what is imported, in ms (with all that is imported by it):"]
    for module in OTHERS:
        done = server.run([PYTHON, "-I", "-X", "importtime", "-c", f"import {module}"])
        lines.append(line_of(module, done.stderr))
    for stage, text in of_stages(repo).items():
        lines.append(line_of(f"{STAGES[stage]} (as it ran)", text))
    return lines


def of_stages(repo: Repo) -> dict[str, str]:
    """What each stage said of its imports when it ran for one more push."""
    server = repo.user.server
    for stage, module in STAGES.items():
        drop_in(server, stage, f"[Service]\nExecStart=\nExecStart={PYTHON} -I -X importtime -m {module} %i\n")
    try:
        repo.commit({"importtime": "once more"})
        push(repo, targets(server)["mooring"])
        server.wait_for(["sh", "-c", f'test -z "$(ls -A /var/spool/mooring/run/retire)" && mooring ps {APP}'])
    finally:
        for stage in STAGES:
            drop_in(server, stage, "")
    number = server.run(["mooring", "releases", APP]).stdout.splitlines()[1].split()[0].lstrip("v")
    return {
        stage: server.run(["journalctl", "-o", "cat", "-u", f"mooring-{stage}@{APP}.{number}.*"]).stdout
        for stage in STAGES
    }


def drop_in(server: Server, stage: str, text: str) -> None:
    server.put(f"/run/systemd/system/mooring-{stage}@.service.d/importtime.conf", text)
    server.run(["systemctl", "daemon-reload"])


def line_of(program: str, text: str) -> str:
    found = LINE.findall(text)
    total = sum(int(own) for own, _, _, _ in found)
    large = sorted(((int(whole), name) for _, whole, _, name in found if int(whole) >= LEAST), reverse=True)
    told = ", ".join(f"{name} {whole / 1000:.0f}" for whole, name in large[:12])
    return f"  {total / 1000:6.0f}  {program:32} {len(found):3} modules: {told}"
