"""What bin/release of a buildpack printed (buildpack API): YAML with `default_process_types` and `config_vars`."""

from typing import Any

from mooring.host import env_file, names
from mooring.host.refusal import Refusal, die
from mooring.release.plan import Results
from mooring.runtime import images

ABOUT = "/usr/share/mooring"
HINT = "mend that buildpack, or choose another"


def told(buildpacks: str, release: str) -> Results | None:
    """What the build said of its buildpacks, each file in base64; None where it said nothing of use.

    Raises Refusal naming what is wrong.
    """
    import base64

    try:
        packs, text = (base64.b64decode(each, validate=True).decode() for each in (buildpacks, release))
    except ValueError:
        return None
    return results(packs, text) if packs.endswith("\n") else None


def read(image: str) -> Results:
    """What the buildpacks of an image left in it; raise Refusal naming what is wrong."""
    packs = images.read_file(image, f"{ABOUT}/buildpacks")
    try:
        text = images.read_file(image, f"{ABOUT}/release.yml")
    except FileNotFoundError:
        text = ""
    return results(packs, text)


def results(buildpacks: str, release: str) -> Results:
    packs = tuple(buildpacks.split("\n")[:-1])
    found = parse(release, packs[-1])
    return Results(packs, found.processes, found.config)


def parse(text: str, pack: str) -> Results:
    """Read what bin/release of `pack` printed; raise Refusal naming what is wrong."""
    import yaml

    try:
        table = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        die(
            f"bin/release of the buildpack {pack} printed what is not YAML:{where} {getattr(error, 'problem', '')}",
            HINT,
        )
    except (RecursionError, ValueError):
        die(f"bin/release of the buildpack {pack} printed what is not YAML", HINT)
    if table is None:
        return Results()
    if not isinstance(table, dict):
        die(f"bin/release of the buildpack {pack} printed YAML that is no mapping", HINT)
    processes = mapping(table, "default_process_types", pack)
    config = mapping(table, "config_vars", pack)
    for name in processes:
        if not names.PROCESS.fullmatch(name):
            die(f"bin/release of the buildpack {pack} names a process {name[:40]!r}", HINT)
    for name in config:
        try:
            env_file.check_name(name)
        except Refusal as refusal:
            die(f"bin/release of the buildpack {pack}: {refusal.message}", HINT)
    return Results((), processes, config)


def mapping(table: dict[Any, Any], key: str, pack: str) -> dict[str, str]:
    """One of its mappings, as text; empty where there is none."""
    value = table.get(key) or {}
    if not isinstance(value, dict) or not all(isinstance(each, str | int | float) for each in value.values()):
        die(f"bin/release of the buildpack {pack}: {key} is no mapping of names to text", HINT)
    return {str(name): str(each) for name, each in value.items()}
