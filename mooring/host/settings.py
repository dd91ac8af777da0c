"""The host's settings: /etc/mooring/mooring.toml, edited by people."""

import re
import tomllib
from typing import Any, NamedTuple

from mooring.host import paths
from mooring.host.refusal import die


class Settings(NamedTuple):
    """Times are in seconds; each field's file name is its group, a dot, and its key.

    `builds_memory` ("4g", "50%" of the server's) and `builds_pids` are what all builds may have together.
    `builds_cache` ("10g", or a part of the disk, "20%") is what the nightly cleanup leaves.
    `certs_addresses` are those of the server that it does not know of itself, separated by commas; `certs_directory`
    and `certs_ca` are the authority that gives certificates, and a file with who vouches for that authority's own.
    """

    domain: str = "localhost"
    apps_auto_create: bool = True
    builds_cache: str = "10g"
    builds_detect_timeout: int = 60
    builds_memory: str = "80%"
    builds_parallel: int = 2
    builds_pids: int = 8192
    builds_timeout: int = 3600
    certs_addresses: str = ""
    certs_auto: bool = False
    certs_ca: str = ""
    certs_directory: str = "https://acme-v02.api.letsencrypt.org/directory"
    certs_dns_check: bool = True
    certs_eab_kid: str = ""
    certs_email: str = ""
    checks_timeout: int = 60
    drain_timeout: int = 60
    git_max_pack_size: str = "512m"
    network_pool: str = "10.90.0.0/16"
    releases_keep: int = 5
    releases_records: int = 100
    stop_timeout: int = 30


def parse(text: str) -> Settings:
    """Read the settings file's text; raise Refusal that names the key with a wrong value."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        die(f"{paths.SETTINGS} is not TOML: {error}", "mend that line")
    values: dict[str, Any] = {}
    for group, content in table.items():
        for key, value in content.items() if isinstance(content, dict) else [("", content)]:
            name = f"{group}_{key}" if key else group
            shown = f"{group}.{key}" if key else group
            if name not in Settings._fields:
                die(f"{paths.SETTINGS} has an unknown key {shown}", "mooring.toml is described in docs/settings.md")
            default = Settings._field_defaults[name]
            if type(value) is not type(default) or (isinstance(value, int) and value < 0) or _wrong(name, value):
                die(f"{paths.SETTINGS}: {shown} is {value!r}", f"write it like {default!r}")
            values[name] = value
    return Settings(**values)


def _wrong(name: str, value: Any) -> bool:
    """Whether a value of the right kind would break later what it is for."""
    if name == "domain":
        return not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", value)
    if name in ("builds_parallel", "builds_pids", "builds_timeout", "builds_detect_timeout"):
        return bool(value < 1)
    if name == "builds_memory":
        return not re.fullmatch(r"[1-9][0-9]*[mg]|[1-9][0-9]?%|100%", value, re.IGNORECASE)
    if name == "builds_cache":
        return not re.fullmatch(r"[0-9]+[kmg]?|[1-9][0-9]?%", value, re.IGNORECASE)
    if name == "git_max_pack_size":
        return not re.fullmatch(r"[0-9]+[kmg]?", value, re.IGNORECASE)
    if name == "certs_directory":
        return not re.fullmatch(r"https://[^\s\"']+", value)
    if name == "certs_addresses":
        import ipaddress

        try:
            return not all(ipaddress.ip_address(each) for each in value.split(",") if each)
        except ValueError:
            return True
    if name == "network_pool":
        import ipaddress

        try:
            return ipaddress.IPv4Network(value).prefixlen > 25  # what an app gets of it
        except ValueError:
            return True
    return False


def size(text: str) -> int:
    """The bytes of a size such as "512m"."""
    powers = {"k": 10, "m": 20, "g": 30}
    unit = powers.get(text[-1:].lower(), 0)
    return int(text[:-1] if unit else text) << unit


def load() -> Settings:
    """The host's settings; the defaults where there is no file."""
    try:
        return parse(paths.SETTINGS.read_text())
    except FileNotFoundError:
        return Settings()
