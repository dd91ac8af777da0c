"""The image of a kind's server: the official one, or one of the distribution's packages where no registry has it."""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from mooring.host import paths, program
from mooring.host.refusal import die
from mooring.runtime import engine, images
from mooring.service.kind import VERSION, Kind

RECIPE = "mooring.recipe"
STACK = "mooring-stack:run"
PULL_TIMEOUT = 600
Say = Callable[[str], None]


def check_version(kind: Kind, version: str) -> str:
    """The version that a person asks for, the default for none; raise Refusal for one that there is not."""
    if not version:
        return kind.versions[0]
    main = next((each for each in kind.versions if re.fullmatch(rf"{re.escape(each)}([.-].+)?", version)), None)
    if main is None or not VERSION.fullmatch(version):
        die(f"there is no {kind.title} {version[:40]}", f"there are {', '.join(kind.versions)}")
    return version


def get(kind: Kind, version: str, say: Say) -> str:
    """The id of the image, which comes now if it is not here; raise Refusal where it cannot be had."""
    official, packaged = kind.image.replace("{version}", version), f"mooring-service/{kind.name}:{version}"
    if found := _look(official):
        return str(found["Id"])
    if (found := _look(packaged)) and (found["Config"].get("Labels") or {}).get(RECIPE) == recipe(kind):
        return str(found["Id"])
    say(f"-----> Pulling {official}")
    why = _pull(official)
    if found := _look(official):
        return str(found["Id"])
    if version not in kind.packaged:
        die(
            f"no registry gives {official}{'' if kind.packaged else f': {why}'}",
            f"the distribution's packages have {' and '.join(kind.packaged)}: --version" if kind.packaged
            else "is Docker Hub reachable from here?",
        )  # fmt: skip
    say(f"       No registry gives it: {kind.title} {version} of the distribution's packages, which takes a minute")
    build(kind, version, packaged)
    found = _look(packaged)
    assert found
    return str(found["Id"])


def recipe(kind: Kind) -> str:
    return hashlib.sha256((kind.folder / "Dockerfile").read_bytes()).hexdigest()[:16]


def _look(reference: str) -> Mapping[str, Any] | None:
    status, answer = engine.request("GET", f"/images/{reference}/json")
    return answer if status == 200 else None


def _pull(reference: str) -> str:
    """The last that was said of it: why it cannot be had, where it is not there afterwards."""
    said = [""]
    try:
        program.follow("docker", "pull", reference, line=said.append, timeout=PULL_TIMEOUT)
    except TimeoutError:
        return f"it did not come in {PULL_TIMEOUT} s"
    return said[-1].removeprefix("Error response from daemon: ")[:300]


def build(kind: Kind, version: str, tag: str) -> None:
    """Build the kind's Dockerfile on the stack's base; raise Refusal, with its last lines, where that fails."""
    if not _look(STACK):
        program.follow(str(paths.PYTHON), "-I", "-m", "builders.stack", line=lambda _: None)
    lines: list[str] = []
    status = program.follow(
        "docker", "build", "--progress=plain", f"--tag={tag}", f"--build-arg=VERSION={version}",
        f"--label={RECIPE}={recipe(kind)}", "--cgroup-parent=/mooring_builds.slice",
        *(f"--build-arg={name}" for name in ("http_proxy", "https_proxy", "no_proxy")),
        str(kind.folder),
        line=lines.append,
    )  # fmt: skip
    if status:
        said = [line for line in lines if re.match(r"#\d+ [\d.]+ (E: |.*error)", line)] or lines
        why = re.sub(r"^#\d+ [\d.]+ ", "", said[-1])[:300] if said else f"status {status}"
        die(f"the image of {kind.title} {version} could not be made: {why}",
            "is the distribution's mirror reachable?")  # fmt: skip


def owner(image: str, user: str) -> tuple[int, int]:
    """The numbers of a user of the image's; raise Refusal where it has none of that name."""
    if re.fullmatch(r"[0-9]+:[0-9]+", user):
        uid, gid = user.split(":")
        return int(uid), int(gid)
    try:
        passwd = images.read_file(image, "/etc/passwd")
    except FileNotFoundError:
        passwd = ""
    for line in passwd.splitlines():
        fields = line.split(":")
        if fields[0] == user and len(fields) > 3:
            return int(fields[2]), int(fields[3])
    die(f"the image has no user {user}", "`user` of its service.toml may be numbers too: 999:999")
