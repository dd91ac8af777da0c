"""What is shown of a server when something on it went wrong."""

import contextlib

from tests.server.throwaway import Server


def diagnostics(server: Server) -> dict[str, str]:
    """What a person would look at first."""
    if not server.alive():
        said = server.console.read_text(errors="replace") if server.console.exists() else ""
        return {"console": said[-4000:]}
    units = ["mooring*", "docker*", "nginx*"]
    looks = {
        "units": ["systemctl", "list-units", "--all", "--no-pager", "--full", *units],
        "containers": ["docker", "ps", "-a"],
        "spool": ["find", "/var/spool/mooring", "-type", "f"],
        "journal": ["journalctl", "-b", "--no-pager", "-n", "200", "-o", "short-precise"],
    }
    shown = {}
    for title, argv in looks.items():
        with contextlib.suppress(Exception):
            done = server.run(argv, check=False, timeout=20)
            # containerd tells its whole configuration at every start.
            lines = (done.stdout + done.stderr).splitlines(keepends=True)
            shown[title] = "".join(line for line in lines if " containerd[" not in line)
    return shown
