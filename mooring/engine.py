"""Docker, by its Engine API (docs.docker.com/reference/api/engine): the few things that Mooring asks of it."""

import functools
import ipaddress
from collections.abc import Iterable
from typing import Any

from mooring import names
from mooring.names import ContainerName
from mooring.refusal import die

SUBNET_PREFIX = 25
PIDS_LIMIT = 4096
LABELS = ("OBJECT_SYSTEMD_UNIT", "MOORING_APP", "MOORING_RELEASE", "MOORING_PROCESS")


@functools.cache
def client() -> Any:
    """The Engine API's client. Imported late: it takes a tenth of a second."""
    import docker

    return docker.APIClient(base_url="unix:///run/docker.sock", version="auto", timeout=600)


def missing() -> type[Exception]:
    """What is raised for a container, an image or a network that is not there."""
    from docker.errors import NotFound

    return NotFound  # type: ignore[no-any-return]


def create(
    container: ContainerName,
    *,
    image: str,
    command: list[str] | None,
    environment: dict[str, str],
    address: str,
    stop_timeout: int,
) -> str:
    """Make a container of an app's process, not yet started; return its id.

    Its lines go to the journal of its unit, its processes into its app's slice, its address is fixed.
    """
    engine = client()
    app = container.release.app
    network = names.network_of(app)
    labels = {
        "OBJECT_SYSTEMD_UNIT": container.unit,
        "MOORING_APP": app,
        "MOORING_RELEASE": str(container.release),
        "MOORING_PROCESS": f"{container.process}.{container.index}",
        "mooring.app": app,
    }
    host = engine.create_host_config(
        init=True,
        network_mode=network,
        security_opt=["no-new-privileges"],
        pids_limit=PIDS_LIMIT,
        cgroup_parent=names.slice_of(app),
        log_config={
            "type": "journald",
            "config": {"tag": f"{app}/{container.process}.{container.index}", "labels": ",".join(LABELS)},
        },
    )
    made = engine.create_container(
        image,
        command,
        name=str(container),
        hostname=f"{container.process}-{container.index}".replace("_", "-"),
        environment=environment,
        labels=labels,
        stop_timeout=stop_timeout,
        host_config=host,
        networking_config=engine.create_networking_config(
            {network: engine.create_endpoint_config(ipv4_address=address)}
        ),
    )
    return str(made["Id"])


def remove(container: str) -> None:
    """Remove a container, running or not; one that is not there is fine."""
    try:
        client().remove_container(container, force=True, v=True)
    except missing():
        return


def containers(app: str | None = None) -> list[str]:
    """The names of Mooring's containers (of one app), running or not."""
    label = "mooring.app" if app is None else f"mooring.app={app}"
    return [each["Names"][0].lstrip("/") for each in client().containers(all=True, filters={"label": label})]


def subnet_of(app: str) -> str | None:
    """The subnet of the app's network; None if it has no network yet."""
    try:
        return str(client().inspect_network(names.network_of(app))["IPAM"]["Config"][0]["Subnet"])
    except missing():
        return None


def ensure_network(app: str, pool: str, subnet: str = "") -> str:
    """Make the app's network if there is none: on `subnet`, else on a free one of `pool`. Returns its subnet."""
    existing = subnet_of(app)
    if existing:
        return existing
    engine = client()
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
    used = [network for each in taken if (network := ipaddress.ip_network(each)).version == 4]
    for subnet in ipaddress.ip_network(pool).subnets(new_prefix=SUBNET_PREFIX):
        if not any(subnet.overlaps(each) for each in used):
            return str(subnet)
    die(f"every subnet of {pool} is taken", "set network.pool in mooring.toml to a larger free range")


def images(app: str) -> list[str]:
    """The tags of an app's images."""
    return [tag for each in client().images(f"mooring/{app}") for tag in each["RepoTags"] or []]


def remove_image(tag: str) -> None:
    """Remove an image's tag, and the image with its last one; one that is in use or not there is left alone."""
    from docker.errors import APIError

    try:
        client().remove_image(tag)
    except APIError as error:
        if error.status_code not in (404, 409):
            raise
