"""What app.json's `addons` ask for: services that somebody has to bring."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mooring.host.refusal import die

KINDS = {
    "postgres": ("postgres", "DATABASE_URL"),
    "mysql": ("mariadb", "DATABASE_URL"),
    "mariadb": ("mariadb", "DATABASE_URL"),
    "jawsdb": ("mariadb", "DATABASE_URL"),
    "cleardb": ("mariadb", "DATABASE_URL"),
    "redis": ("redis", "REDIS_URL"),
    "key-value": ("redis", "REDIS_URL"),
    "memcache": ("memcached", "MEMCACHE_SERVERS"),
    "amqp": ("rabbitmq", "RABBITMQ_URL"),
    "rabbitmq": ("rabbitmq", "RABBITMQ_URL"),
    "mongo": ("mongodb", "MONGO_URL"),
    "elasticsearch": ("elasticsearch", "ELASTICSEARCH_URL"),
}
"""By what is in the name of an add-on: the kind of service that it is here, and the config var that has its address."""


class Addon(NamedTuple):
    """One add-on: the name of its plan, and the kind and the config var where those are known."""

    plan: str
    kind: str = ""
    variable: str = ""


def parse(addons: Any) -> tuple[Addon, ...]:
    """Read `addons` of app.json: names, or objects with a `plan`; raise Refusal naming the place of what is wrong."""
    if addons is None:
        return ()
    if not isinstance(addons, list):
        die(f"app.json: addons is {addons!r:.60}", '["heroku-postgresql"]')
    return tuple(_one(f"app.json: addons[{place}]", entry) for place, entry in enumerate(addons))


def _one(where: str, entry: Any) -> Addon:
    table = entry if isinstance(entry, dict) else {"plan": entry}
    for key in ("plan", "as"):
        value = table.get(key, "" if key == "as" else None)
        if not isinstance(value, str):
            die(
                f"{where}{f'.{key}' if table is entry else ''} is {value!r:.60}",
                '"heroku-postgresql", or {"plan": "…"}',
            )
    name = table["plan"].lower()
    kind, variable = next((found for word, found in KINDS.items() if word in name), ("", ""))
    given = table.get("as", "")
    return Addon(table["plan"], kind, f"{given.upper()}_URL" if given else variable)


def lacking(addons: tuple[Addon, ...], config: Mapping[str, str]) -> list[Addon]:
    """Those whose address the app has not."""
    return [each for each in addons if not each.variable or each.variable not in config]
