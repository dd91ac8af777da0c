"""Docker, by its Engine API (docs.docker.com/reference/api/engine): the few things that Mooring asks of it."""

import functools
import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from mooring.host import names
from mooring.host.names import ContainerName
from mooring.host.refusal import die

if TYPE_CHECKING:
    from mooring.release.process import Limits

SUBNET_PREFIX = 25
PIDS_LIMIT = 4096
SOCKET = "/run/docker.sock"
NOT_FOUND = 404
CONFLICT = 409


@functools.cache
def client() -> Any:
    """The Engine API's client, for what no deploy waits for: importing it takes a tenth of a second."""
    import docker

    return docker.APIClient(base_url="unix:///run/docker.sock", version="auto", timeout=600)


def missing() -> type[Exception]:
    """What is raised for a container, an image or a network that is not there."""
    from docker.errors import NotFound

    error: type[Exception] = NotFound
    return error


def request(method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """One request to the Engine, without the client library: for what a deploy does, or a crashed app waits for.

    Returns the HTTP status and the answer, parsed. Raises OSError when the Engine does not answer.
    """
    status, answer = exchange(method, path, body)
    return status, json.loads(answer) if answer.strip() else None


def refuse_silent() -> None:
    """Raise Refusal where the Engine does not answer."""
    try:
        request("GET", "/version")
    except (OSError, ValueError):
        die("Docker does not answer", "`systemctl status docker` says why")


def exchange(method: str, path: str, body: Any = None) -> tuple[int, bytes]:
    """`request`, the answer as it came."""
    import socket

    content = json.dumps(body).encode() if body is not None else b""
    head = f"{method} {path} HTTP/1.0\r\nHost: docker\r\nContent-Type: application/json\r\n"
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(600)
        connection.connect(SOCKET)
        connection.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    if not answer:
        raise ConnectionError("Docker ended the connection without an answer")
    header, _, text = answer.partition(b"\r\n\r\n")
    return int(header.split()[1]), text


def ask(method: str, path: str, body: Any = None) -> Any:
    """`request`, its answer; raise EngineError, with the Engine's message, unless it went well."""
    status, answer = request(method, path, body)
    if status >= 400:
        raise EngineError(status, str((answer or {}).get("message", "")))
    return answer


class EngineError(Exception):
    """The Engine refused."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Attached(NamedTuple):
    """Somebody's standard streams are the container's.

    `terminal` is the size (columns, rows) of theirs where they are a terminal: docker tells of it only when the
    command runs already.
    """

    terminal: os.terminal_size | None


def create(
    container: ContainerName,
    *,
    image: str,
    command: list[str] | None,
    environment: dict[str, str],
    address: str,
    stop_timeout: int,
    limits: "Limits",
    mounts: list[dict[str, Any]],
    attached: Attached | None = None,
) -> str:
    """Make a container of an app's process, not yet started; return its id. Raises EngineError.

    Its lines go to the journal of its unit, or to whom it is `attached`; its processes into its app's slice; its
    address is fixed; `mounts` are as `mounts.of` says. The app's other containers reach it by the name of its process.
    One of the same name that an interrupted start left is replaced.
    """
    app = container.release.app
    network = names.network_of(app)
    process = container.label
    labels = {
        # What is run for the release prints what belongs to what a push shows.
        **({"MOORING_STAGE": "launch"} if container.process in names.PHASES else {}),
        "OBJECT_SYSTEMD_UNIT": container.unit,
        "MOORING_APP": app,
        "MOORING_RELEASE": str(container.release),
        "MOORING_PROCESS": process,
    }
    body: dict[str, Any] = {
        "Image": image,
        "Cmd": command,
        "Hostname": process.replace(".", "-").replace("_", "-"),
        "Env": [f"{name}={value}" for name, value in environment.items()],
        "Labels": {**labels, "mooring.app": app},
        "StopTimeout": stop_timeout,
        "HostConfig": {
            "Init": True,
            "NetworkMode": network,
            "SecurityOpt": ["no-new-privileges"],
            "PidsLimit": limits.pids or PIDS_LIMIT,
            "Memory": limits.memory,
            # No swap beside it: what is over the limit is over it.
            "MemorySwap": limits.memory,
            "NanoCpus": int(limits.cpu * 1e9),
            "CgroupParent": names.slice_of(app),
            "Mounts": mounts,
            "LogConfig": {"Type": "journald", "Config": {"tag": f"{app}/{process}", "labels": ",".join(labels)}},
        },
        "NetworkingConfig": {
            "EndpointsConfig": {network: {"IPAMConfig": {"IPv4Address": address}, "Aliases": [container.process]}}
        },
    }
    if attached:
        body |= {"Tty": attached.terminal is not None, "OpenStdin": True, "StdinOnce": True, "AttachStdin": True}
        body |= {"AttachStdout": True, "AttachStderr": True}
        body["HostConfig"] |= {"LogConfig": {"Type": "none"}}
        if attached.terminal:
            body["HostConfig"] |= {"ConsoleSize": [attached.terminal.lines, attached.terminal.columns]}
    path = f"/containers/create?name={container}"
    try:
        made = ask("POST", path, body)
    except EngineError as error:
        if error.status != CONFLICT:
            raise
        remove(str(container))
        made = ask("POST", path, body)
    return str(made["Id"])


def start(identity: str) -> int:
    """Start a container; return the process id of its first process. Raises EngineError."""
    ask("POST", f"/containers/{identity}/start")
    return int(ask("GET", f"/containers/{identity}/json")["State"]["Pid"])


def remove(container: str) -> None:
    """Remove a container, running or not; one that is not there is fine. Raises EngineError."""
    status, answer = request("DELETE", f"/containers/{container}?force=true&v=true")
    if status >= 400 and status != NOT_FOUND:
        raise EngineError(status, str((answer or {}).get("message", "")))


def running(app: str) -> list[str]:
    """The names of the containers of an app that run."""
    found = ask("GET", f"/containers/json?filters={filters(label=f'mooring.app={app}')}")
    return [each["Names"][0].lstrip("/") for each in found]


def filters(**wanted: str) -> str:
    """The Engine API's `filters`, as it goes into a query."""
    from urllib.parse import quote

    return quote(json.dumps({name: [value] for name, value in wanted.items()}))


def containers(app: str | None = None) -> list[str]:
    """The names of Mooring's containers (of one app), running or not."""
    label = "mooring.app" if app is None else f"mooring.app={app}"
    found = ask("GET", f"/containers/json?all=true&filters={filters(label=label)}")
    return [each["Names"][0].lstrip("/") for each in found]
