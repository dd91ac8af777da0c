"""The stack: the images that buildpack apps run on and are built in."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from mooring.app import stack
from mooring.app.choices import Choices
from mooring.host import paths
from mooring.host.program import ProgramError, follow, run
from mooring.host.refusal import die, die_as
from mooring.pipeline.journal import Log
from mooring.runtime import engine

HERE = Path(__file__).parent
RECIPE = "mooring.recipe"
AUTHORITIES = Path("/usr/local/share/ca-certificates")


def images(choices: Choices, log: Log) -> tuple[str, str]:
    """The images (to run on, to build in) of an app; Mooring's own are made where they are missing."""
    chosen = stack.images(choices)
    if chosen != stack.OURS:
        return chosen
    if not all(recipe_of(image) for image in stack.OURS):
        log.step("Making the stack image: once for all apps, some minutes")
        make(log.line)
    return chosen


def recipe_of(image: str) -> str:
    """What the image was made by; empty where there is none."""
    status, answer = engine.request("GET", f"/images/{image}/json")
    return str((answer["Config"].get("Labels") or {}).get(RECIPE, "unknown")) if status == 200 else ""


def recipe() -> str:
    """What decides how the images are made: the Dockerfile, and the server's own authorities."""
    parts = [HERE / "Dockerfile", *sorted(AUTHORITIES.glob("*.crt"))]
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:16]


def make(say: Callable[[str], None], *, fresh: bool = False) -> None:
    """Make Mooring's stack images where they are missing or of another recipe; raise Refusal where they cannot be.

    `fresh` makes them in any case, from nothing.

    Of two that want them at once the second waits, and finds them.
    """
    paths.RUN.mkdir(exist_ok=True)
    descriptor = os.open(paths.RUN / "stack.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if not fresh and {*map(recipe_of, stack.OURS)} == {recipe()}:
            return
        get_base(say, fresh=fresh)
        with tempfile.TemporaryDirectory() as name:
            context = Path(name)
            shutil.copy(HERE / "Dockerfile", context)
            (context / "authorities").mkdir()
            for certificate in AUTHORITIES.glob("*.crt"):
                shutil.copy(certificate, context / "authorities")
            for image in stack.OURS:
                build(context, image, say, fresh=fresh)
    finally:
        os.close(descriptor)


def get_base(say: Callable[[str], None], *, fresh: bool) -> None:
    """Get the image that the stack is made on; raise Refusal where it can neither be pulled nor made."""
    try:
        said = run(str(HERE / "base"), *(["--fresh"] if fresh else [])).strip()
    except ProgramError as error:
        die_as(error.output, "there is no base image")
    if said:
        say(said)


def build(context: Path, image: str, say: Callable[[str], None], *, fresh: bool) -> None:
    from builders import buildkit, complaint

    target = image.rpartition(":")[2]
    say(f"{image}: installing packages")
    lines: list[str] = []
    status = follow(
        "docker", "build", "--progress=plain", f"--target={target}", f"--tag={image}", f"--label={RECIPE}={recipe()}",
        *buildkit.proxies(),
        *(["--no-cache"] if fresh and target == "run" else []), str(context),
        line=lines.append, env={**os.environ, "DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"},
    )  # fmt: skip
    if status:
        for line in lines[-15:]:
            say(line)
        said = [step[2] for line in lines if (step := buildkit.OUTPUT.match(line))]
        die(
            f"the stack image could not be made: {complaint.cause(said or lines)}",
            "is the distribution's mirror reachable? `mooring stack:update` tries again",
        )
