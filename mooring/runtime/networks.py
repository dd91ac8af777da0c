"""The networks of apps: one for each, on a subnet of its own."""

from collections.abc import Iterable
from typing import Any

from mooring.host import files, names, paths
from mooring.host.refusal import die
from mooring.runtime import engine

SUBNET_PREFIX = 25


def subnet_of(app: str) -> str | None:
    """The subnet of the app's network; None if it has no network yet."""
    try:
        return str(engine.ask("GET", f"/networks/{names.network_of(app)}")["IPAM"]["Config"][0]["Subnet"])
    except engine.EngineError as error:
        if error.status != engine.NOT_FOUND:
            raise
        return None


def ensure(app: str, pool: str, subnet: str = "") -> str:
    """Make the app's network if there is none: on `subnet`, else on a free one of `pool`. Returns its subnet."""
    if existing := subnet_of(app):
        return existing
    import ipaddress

    client = engine.client()
    # Of two at once both would find the same one free, or make the same one.
    with files.locked(paths.RUN):
        if existing := subnet_of(app):
            return existing
        subnet = subnet or free_subnet(pool, [s for n in client.networks() for s in subnets(n)])
        gateway = str(next(ipaddress.ip_network(subnet).hosts()))
        client.create_network(
            names.network_of(app),
            driver="bridge",
            ipam={"Config": [{"Subnet": subnet, "Gateway": gateway}]},
            labels={"mooring.app": app},
        )
    return subnet


def remove(app: str) -> None:
    try:
        engine.client().remove_network(names.network_of(app))
    except engine.missing():
        return


def every() -> list[str]:
    """The apps that have a network."""
    return [each["Labels"]["mooring.app"] for each in engine.client().networks(filters={"label": "mooring.app"})]


def subnets(network: dict[str, Any]) -> list[str]:
    return [each["Subnet"] for each in network["IPAM"]["Config"] or [] if "Subnet" in each]


def free_subnet(pool: str, taken: Iterable[str]) -> str:
    """The first subnet of `pool` that overlaps none of `taken`; raise Refusal when the pool is used up."""
    import ipaddress

    used = [network for each in taken if (network := ipaddress.ip_network(each, strict=False)).version == 4]
    for subnet in ipaddress.ip_network(pool).subnets(new_prefix=SUBNET_PREFIX):
        if not any(subnet.overlaps(each) for each in used):
            return str(subnet)
    die(f"every subnet of {pool} is taken", "set network.pool in mooring.toml to a larger free range")
