"""ExecStart of mooring-expose@: listen where a service is exposed, and hand what comes to the service.

python -m units.service.expose postgres.orders
"""

import os
import pwd
import socket
import sys

from mooring.host.names import ServiceName
from mooring.service import exposure, services
from mooring.service.kind import of as kind_of

PROXY = "/usr/lib/systemd/systemd-socket-proxyd"
FIRST = 3
"""The descriptor of the first socket that a program is handed (sd_listen_fds(3))."""


def main() -> None:
    service = services.load(ServiceName.parse(sys.argv[1]))
    listener = exposure.listen(exposure.parse(service.expose))
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
    hand_over(listener, f"{service.address}:{kind_of(service.name.kind).port}")


def hand_over(listener: socket.socket, target: str) -> None:
    if listener.fileno() != FIRST:
        os.dup2(listener.fileno(), FIRST)
    os.set_inheritable(FIRST, True)
    environment = {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid()), "PATH": os.environ.get("PATH", "")}
    os.execve(PROXY, [PROXY, target], environment)  # noqa: S606


if __name__ == "__main__":
    main()
