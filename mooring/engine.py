"""Docker, by its Engine API (docs.docker.com/reference/api/engine): the few things that Mooring asks of it."""

import functools
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from mooring import names
from mooring.names import ContainerName
from mooring.refusal import die

if TYPE_CHECKING:
    from mooring.release import Limits

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
    """Somebody's standard streams are the container's; `terminal` says whether they are a terminal."""

    terminal: bool


def create(
    container: ContainerName,
    *,
    image: str,
    command: list[str] | None,
    environment: dict[str, str],
    address: str,
    stop_timeout: int,
    limits: "Limits",
    attached: Attached | None = None,
) -> str:
    """Make a container of an app's process, not yet started; return its id. Raises EngineError.

    Its lines go to the journal of its unit, or to whom it is `attached`; its processes into its app's slice; its
    address is fixed. The app's other containers reach it by the name of its process. One of the same name that an
    interrupted start left is replaced.
    """
    app = container.release.app
    network = names.network_of(app)
    process = container.label
    labels = {
        # What the release phase prints belongs to what a push shows.
        **({"MOORING_STAGE": "launch"} if container.process == names.RELEASE_PHASE else {}),
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
            "LogConfig": {"Type": "journald", "Config": {"tag": f"{app}/{process}", "labels": ",".join(labels)}},
        },
        "NetworkingConfig": {
            "EndpointsConfig": {network: {"IPAMConfig": {"IPv4Address": address}, "Aliases": [container.process]}}
        },
    }
    if attached:
        body |= {"Tty": attached.terminal, "OpenStdin": True, "StdinOnce": True, "AttachStdin": True}
        body |= {"AttachStdout": True, "AttachStderr": True}
        body["HostConfig"] |= {"LogConfig": {"Type": "none"}}
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


def read_file(image: str, path: str) -> str:
    """The text of a file in an image; raise FileNotFoundError where there is none, EngineError for other trouble."""
    import io
    import tarfile

    made = ask("POST", "/containers/create", {"Image": image, "Entrypoint": ["/none"], "Labels": {"mooring.app": ""}})
    try:
        status, answer = exchange("GET", f"/containers/{made['Id']}/archive?path={path}")
        if status == NOT_FOUND:
            raise FileNotFoundError(path)
        if status >= 400:
            raise EngineError(status, answer.decode(errors="replace"))
        with tarfile.open(fileobj=io.BytesIO(answer)) as archive:
            member = archive.next()
            content = archive.extractfile(member) if member else None
            return content.read().decode(errors="replace") if content else ""
    finally:
        remove(made["Id"])


def stop(container: str) -> None:
    """Stop a container as it wants to be, and return when it has ended; one that is not there is fine.

    Raises EngineError.
    """
    status, answer = request("POST", f"/containers/{container}/stop")
    if status >= 400 and status != NOT_FOUND:
        raise EngineError(status, str((answer or {}).get("message", "")))


def filters(**wanted: str) -> str:
    """The Engine API's `filters`, as it goes into a query."""
    from urllib.parse import quote

    return quote(json.dumps({name: [value] for name, value in wanted.items()}))


def containers(app: str | None = None) -> list[str]:
    """The names of Mooring's containers (of one app), running or not."""
    label = "mooring.app" if app is None else f"mooring.app={app}"
    found = ask("GET", f"/containers/json?all=true&filters={filters(label=label)}")
    return [each["Names"][0].lstrip("/") for each in found]


def subnet_of(app: str) -> str | None:
    """The subnet of the app's network; None if it has no network yet."""
    try:
        return str(ask("GET", f"/networks/{names.network_of(app)}")["IPAM"]["Config"][0]["Subnet"])
    except EngineError as error:
        if error.status != NOT_FOUND:
            raise
        return None


def ensure_network(app: str, pool: str, subnet: str = "") -> str:
    """Make the app's network if there is none: on `subnet`, else on a free one of `pool`. Returns its subnet."""
    if existing := subnet_of(app):
        return existing
    import ipaddress

    from mooring import files, paths

    engine = client()
    # Of two at once both would find the same one free.
    with files.locked(paths.RUN):
        subnet = subnet or free_subnet(pool, [s for n in engine.networks() for s in _subnets(n)])
        gateway = str(next(ipaddress.ip_network(subnet).hosts()))
        engine.create_network(
            names.network_of(app),
            driver="bridge",
            ipam={"Config": [{"Subnet": subnet, "Gateway": gateway}]},
            labels={"mooring.app": app},
        )
    return subnet


def remove_network(app: str) -> None:
    try:
        client().remove_network(names.network_of(app))
    except missing():
        return


def networks() -> list[str]:
    """The apps that have a network."""
    return [each["Labels"]["mooring.app"] for each in client().networks(filters={"label": "mooring.app"})]


def _subnets(network: dict[str, Any]) -> list[str]:
    return [each["Subnet"] for each in network["IPAM"]["Config"] or [] if "Subnet" in each]


def free_subnet(pool: str, taken: Iterable[str]) -> str:
    """The first subnet of `pool` that overlaps none of `taken`; raise Refusal when the pool is used up."""
    import ipaddress

    used = [network for each in taken if (network := ipaddress.ip_network(each, strict=False)).version == 4]
    for subnet in ipaddress.ip_network(pool).subnets(new_prefix=SUBNET_PREFIX):
        if not any(subnet.overlaps(each) for each in used):
            return str(subnet)
    die(f"every subnet of {pool} is taken", "set network.pool in mooring.toml to a larger free range")


def images(app: str) -> list[str]:
    """The tags of an app's images."""
    found = ask("GET", f"/images/json?filters={filters(reference=f'mooring/{app}')}")
    return [tag for each in found for tag in each["RepoTags"] or []]


def remove_image(tag: str) -> None:
    """Remove an image's tag, and the image with its last one; one that is in use or not there is left alone."""
    try:
        ask("DELETE", f"/images/{tag}")
    except EngineError as error:
        if error.status not in (NOT_FOUND, CONFLICT):
            raise
