"""A release out of an image that is made already: in a registry, or on this server."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from mooring.access.actor import is_admin
from mooring.app.apps import App
from mooring.host import program
from mooring.host.names import ReleaseName
from mooring.host.refusal import die
from mooring.release import plan
from mooring.release.process import Process
from mooring.runtime import engine

ID = re.compile(r"(sha256:)?[0-9a-f]{1,64}", re.IGNORECASE)
"""Docker takes as few digits of an id as only one image has."""
SHOWN = ("Digest:", "Status:")


def get(reference: str, say: Callable[[str], None]) -> tuple[Mapping[str, Any], bool]:
    """The image (Engine API, ImageInspect), and whether it came only now.

    What a registry has is pulled anew, what was made here is taken as it is. Raises Refusal where there is none.
    """
    here = _inspect(reference)
    if here and not here["RepoDigests"]:
        say(f"-----> Taking {reference}, which was made on this server")
        return here, False
    say(f"-----> Pulling {reference}")
    last = ""

    def take(line: str) -> None:
        nonlocal last
        last = line or last
        if line.startswith(SHOWN):
            say(f"       {line}")

    if program.follow("docker", "pull", reference, line=take):
        why = last.removeprefix("Error response from daemon: ")[:300]
        if not here:
            die(f"{reference} cannot be pulled: {why}", "is its name right? `docker login` as root lets this server in")
        say(f" !     It cannot be pulled ({why}): what this server has of it is taken.")
        return here, False
    found = _inspect(reference)
    if not found:
        die(f"{reference} is gone again", "try it once more")
    return found, not here


def refuse_foreign(reference: str, app: str) -> None:
    """Raise Refusal where an image is another app's, by its name or by what it is, and a developer asks for it."""
    found = _inspect(reference) or {}
    labels = (found.get("Config") or {}).get("Labels") or {}
    tags = [reference.removeprefix("index.").removeprefix("docker.io/")]
    if ID.fullmatch(reference):
        tags += found.get("RepoTags") or []
    owners = {tag.split("/")[1].partition(":")[0] for tag in tags if tag.startswith("mooring/")}
    owners |= {owner} if (owner := labels.get("mooring.app")) else set()
    if owners - {app} and not is_admin():
        die(f"{reference[:60]} is the image of another app", f"an admin may give it to {app}")


def _inspect(reference: str) -> Mapping[str, Any] | None:
    status, answer = engine.request("GET", f"/images/{reference}/json")
    return answer if status == 200 else None


def processes(image: Mapping[str, Any], reference: str, app: App) -> tuple[Process, ...]:
    """What the image runs, as of an app with a Dockerfile and no Procfile; raise Refusal where it runs nothing."""
    config = image["Config"] or {}
    if not (config.get("Cmd") or config.get("Entrypoint")):
        die(f"{reference} has no CMD: nothing says how to start it", "name an image that runs something")
    exposed = list(config.get("ExposedPorts") or {})
    port, heard = plan.unexposed(app, plan.Said())
    check = plan.image_check(config.get("Healthcheck") or {})
    return plan.processes({}, exposed, {}, {}, check, unexposed=port, heard=heard)


def keep(image: Mapping[str, Any], name: ReleaseName) -> None:
    """Give the image the name of the release."""
    engine.ask("POST", f"/images/{image['Id']}/tag?repo=mooring/{name.app}&tag={name.number}")


def forget(reference: str) -> None:
    """Take its other name from an image that came only for a release, so that it goes when its releases do."""
    engine.request("DELETE", f"/images/{reference}?noprune=true")


def read_file(image: str, path: str) -> str:
    """The text of a file in an image; raise FileNotFoundError where there is none, EngineError for other trouble."""
    import io
    import tarfile

    made = engine.ask(
        "POST", "/containers/create", {"Image": image, "Entrypoint": ["/none"], "Labels": {"mooring.app": ""}}
    )
    try:
        status, answer = engine.exchange("GET", f"/containers/{made['Id']}/archive?path={path}")
        if status == engine.NOT_FOUND:
            raise FileNotFoundError(path)
        if status >= 400:
            raise engine.EngineError(status, answer.decode(errors="replace"))
        with tarfile.open(fileobj=io.BytesIO(answer)) as archive:
            member = archive.next()
            content = archive.extractfile(member) if member else None
            return content.read().decode(errors="replace") if content else ""
    finally:
        engine.remove(made["Id"])


def tags(app: str) -> list[str]:
    """The tags of an app's images."""
    found = engine.ask("GET", f"/images/json?filters={engine.filters(reference=f'mooring/{app}')}")
    return [tag for each in found for tag in each["RepoTags"] or []]


def remove_tag(tag: str) -> None:
    """Remove an image's tag, and the image with its last one; one that is in use or not there is left alone."""
    try:
        engine.ask("DELETE", f"/images/{tag}")
    except engine.EngineError as error:
        if error.status not in (engine.NOT_FOUND, engine.CONFLICT):
            raise
