"""The container of a service: a server that apps of several networks reach, and that leads from none to another."""

import ipaddress
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mooring.host import files, names, paths, settings
from mooring.host.names import ServiceName
from mooring.host.refusal import die
from mooring.runtime import engine, networks
from mooring.runtime.engine import PIDS_LIMIT

PREFIX = 29
"""Of the network of a service's own: the server's address, and its."""
LABEL = "mooring.service"
ANSWER_TIMEOUT = 120
"""Seconds for a command in the container that takes what it needs on standard input."""


class Spec(NamedTuple):
    """What a container of a service is made of. `mounts` has the folder of this server and whether it is read-only, by
    the place in the container; sizes are in bytes, `stop_timeout` in seconds."""

    image: str
    command: Sequence[str]
    user: str
    environment: Mapping[str, str]
    mounts: Mapping[str, tuple[Path, bool]]
    memory: int
    shared_memory: int
    stop_signal: str = "SIGTERM"
    stop_timeout: int = 30


class Joined(NamedTuple):
    """An app's network, in which a service has this address."""

    network: str
    address: str


def body(name: ServiceName, spec: Spec) -> dict[str, Any]:
    """What the Engine is asked for (Engine API, ContainerCreate)."""
    labels = {"OBJECT_SYSTEMD_UNIT": name.unit, "MOORING_SERVICE": str(name)}
    return {
        "Image": spec.image,
        "Entrypoint": list(spec.command),
        "Cmd": [],
        "User": spec.user,
        "Hostname": f"{name.name}-{name.kind}",
        "Env": [f"{key}={value}" for key, value in spec.environment.items()],
        "Labels": {**labels, LABEL: str(name)},
        "Healthcheck": {"Test": ["NONE"]},
        "StopSignal": spec.stop_signal,
        "StopTimeout": spec.stop_timeout,
        "HostConfig": {
            "Init": True,
            "SecurityOpt": ["no-new-privileges"],
            "CapDrop": ["ALL"],
            "PidsLimit": PIDS_LIMIT,
            "Memory": spec.memory,
            "MemorySwap": spec.memory,
            "ShmSize": spec.shared_memory,
            # Apps that share it are in networks of their own, and it is in all of these: none leads to another.
            "Sysctls": {"net.ipv4.ip_forward": "0"},
            "CgroupParent": name.slice,
            "Mounts": [
                {"Type": "bind", "Source": str(source), "Target": target, "ReadOnly": read_only}
                for target, (source, read_only) in spec.mounts.items()
            ],
            "LogConfig": {
                "Type": "journald",
                "Config": {"tag": f"{name.kind}/{name.name}", "labels": ",".join(labels)},
            },
        },
    }


def start(name: ServiceName, spec: Spec, address: str, joined: Sequence[Joined]) -> tuple[str, int]:
    """Make and start it; return its id and the process id of its first process. Raises EngineError.

    It is in the network of its own and in those of apps before it begins.
    """
    asked = body(name, spec)
    asked["HostConfig"]["NetworkMode"] = name.network
    asked["NetworkingConfig"] = {"EndpointsConfig": {name.network: {"IPAMConfig": {"IPv4Address": address}}}}
    path = f"/containers/create?name={name.key}"
    engine.remove(name.key)
    identity = str(engine.ask("POST", path, asked)["Id"])
    for each in joined:
        join(name, each)
    return identity, engine.start(identity)


def join(name: ServiceName, joined: Joined) -> None:
    """Let its container into a network; one that is in it already, or a network that is gone, is fine."""
    endpoint = {"IPAMConfig": {"IPv4Address": joined.address}, "Aliases": [name.host]}
    path = f"/networks/{joined.network}/connect"
    status, answer = engine.request("POST", path, {"Container": name.key, "EndpointConfig": endpoint})
    if status >= 400 and status != engine.NOT_FOUND and "already exists" not in str(answer):
        raise engine.EngineError(status, str((answer or {}).get("message", "")))


def leave(name: ServiceName, network: str) -> None:
    """Take its container out of a network; where there is nothing to take, that is fine."""
    engine.request("POST", f"/networks/{network}/disconnect", {"Container": name.key, "Force": True})


def run_once(name: ServiceName, spec: Spec, stdin: int | None = None) -> tuple[int, str]:
    """Run a command in a container of its own without a network, to its end; its status, and the last that it said.

    `stdin` is the descriptor that it reads.
    """
    asked = body(name, spec)
    asked["HostConfig"] |= {"NetworkMode": "none", "LogConfig": {"Type": "none"}}
    asked |= {"OpenStdin": stdin is not None, "StdinOnce": stdin is not None, "AttachStdin": stdin is not None}
    asked |= {"AttachStdout": True, "AttachStderr": True}
    identity = str(engine.ask("POST", "/containers/create", asked)["Id"])
    argv = ["docker", "start", "--attach", *(["--interactive"] if stdin is not None else []), identity]
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL if stdin is None else stdin, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", check=False, start_new_session=True,
        )  # fmt: skip
    finally:
        engine.remove(identity)
    return done.returncode, done.stdout.strip()


def is_running(name: ServiceName) -> bool:
    status, answer = engine.request("GET", f"/containers/{name.key}/json")
    return status == 200 and bool(answer["State"]["Running"])


def ask(name: ServiceName, words: Sequence[str], stdin: str, timeout: int = ANSWER_TIMEOUT) -> str:
    """Run a command in its container with this on standard input; what it printed. Raises Refusal where it fails."""
    argv = ["docker", "exec", "--interactive", name.key, *words]
    try:
        done = subprocess.run(
            argv, input=stdin, capture_output=True, text=True, errors="replace", check=False, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        die(f"{name.host} did not answer in {timeout} s", f"`mooring {name.kind}:logs {name.name}` may say why")
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines() or [f"status {done.returncode}"]
        die(f"{name.host} refused: {said[0][:300]}", f"`mooring {name.kind}:logs {name.name}` may say more")
    return done.stdout


def feed(name: ServiceName, words: Sequence[str], stdin: int) -> tuple[int, str]:
    """Run a command in its container with a descriptor as standard input; its status, and the last that it said."""
    argv = ["docker", "exec", "--interactive", name.key, *words]
    done = subprocess.run(
        argv, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        check=False, start_new_session=True,
    )  # fmt: skip
    return done.returncode, (done.stdout.strip().splitlines() or [""])[-1][:300]


def make_network(name: ServiceName, pool: str) -> tuple[str, str]:
    """Make the network of its own: its subnet, and the service's address there."""
    with files.locked(paths.RUN):
        taken = [subnet for each in engine.client().networks() for subnet in networks.subnets(each)]
        subnet = free_subnet(pool, taken)
        ensure_network(name, subnet)
    return subnet, str(list(ipaddress.ip_network(subnet).hosts())[1])


def ensure_network(name: ServiceName, subnet: str) -> None:
    """Make the network of its own where it is not there."""
    gateway = str(next(ipaddress.ip_network(subnet).hosts()))
    asked = {
        "Name": name.network,
        "Driver": "bridge",
        "CheckDuplicate": True,
        "IPAM": {"Config": [{"Subnet": subnet, "Gateway": gateway}]},
        "Labels": {LABEL: str(name)},
    }
    if engine.request("GET", f"/networks/{name.network}")[0] == engine.NOT_FOUND:
        engine.ask("POST", "/networks/create", asked)


def free_subnet(pool: str, taken: Sequence[str]) -> str:
    """The last small subnet of `pool` that overlaps none of `taken`: the first are those of apps."""
    whole = ipaddress.IPv4Network(pool)
    used = [ipaddress.ip_network(each, strict=False) for each in taken]
    step = 1 << (32 - PREFIX)
    for start in range(int(whole.broadcast_address) + 1 - step, int(whole.network_address) - 1, -step):
        subnet = ipaddress.IPv4Network((start, PREFIX))
        if not any(each.version == 4 and subnet.overlaps(each) for each in used):
            return str(subnet)
    die(f"every subnet of {pool} is taken", "set network.pool in mooring.toml to a larger free range")


def remove(name: ServiceName) -> None:
    """Remove its container and the network of its own."""
    engine.remove(name.key)
    engine.request("DELETE", f"/networks/{name.network}")


def every() -> list[tuple[str, ServiceName]]:
    """The containers of services: their ids, and whose they are."""
    found = engine.ask("GET", f"/containers/json?all=true&filters={engine.filters(label=LABEL)}")
    return [(each["Id"], ServiceName.parse(each["Labels"][LABEL])) for each in found]


def every_network() -> list[ServiceName]:
    """Whose networks there are."""
    found = engine.ask("GET", f"/networks?filters={engine.filters(label=LABEL)}")
    return [ServiceName.parse(each["Labels"][LABEL]) for each in found]


def network_of(app: str) -> str:
    """Make the network of an app where it has none; its subnet."""
    return networks.ensure(app, settings.load().network_pool)


def joined(app: str, address: str) -> Joined:
    return Joined(names.network_of(app), address)
