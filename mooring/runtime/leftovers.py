"""What Docker keeps and no release needs: images, layers without a name, the cache of builds."""

import shutil
from collections.abc import Callable, Iterable

from mooring.host import names, settings
from mooring.runtime import engine

Say = Callable[[str], None]
MAX_USED_SPACE = (1, 48)
"""The version of the Engine API that prunes the build cache by `max-used-space`; earlier ones by `keep-storage`."""


def image_tags() -> dict[str, list[int]]:
    """The numbers of the images `mooring/APP:N`, by app."""
    found: dict[str, list[int]] = {}
    for image in engine.ask("GET", f"/images/json?filters={engine.filters(reference='mooring/*')}"):
        for tag in image["RepoTags"] or []:
            app, _, number = tag.removeprefix("mooring/").partition(":")
            if names.APP.fullmatch(app) and names.NUMBER.fullmatch(number):
                found.setdefault(app, []).append(int(number))
    return found


def remove_images(app: str, numbers: Iterable[int], say: Say) -> None:
    """Remove the app's images of these numbers; one that a container has is left alone."""
    gone = [each for each in sorted(numbers) if engine.request("DELETE", f"/images/mooring/{app}:{each}")[0] == 200]
    if gone:
        say(f"{app}: the images of {listed(gone)}")


def remove_dangling_images(say: Say) -> None:
    """Remove the images of Mooring's that have no name any more: those of a stack or an app that was made anew."""
    for label in ("mooring.app", "mooring.recipe"):
        answer = engine.ask("POST", f"/images/prune?filters={engine.filters(dangling='true', label=label)}")
        if deleted := [each for each in answer["ImagesDeleted"] or [] if "Deleted" in each]:
            say(f"{len(deleted)} layers of images without a name, {shown(answer['SpaceReclaimed'])}")


def trim_build_cache(limit: str, say: Say) -> None:
    """Remove what builds have not used for longest, until the cache of builds has at most this size."""
    version = tuple(int(part) for part in engine.ask("GET", "/version")["ApiVersion"].split("."))
    key = "max-used-space" if version >= MAX_USED_SPACE else "keep-storage"
    answer = engine.ask("POST", f"/build/prune?all=true&{key}={cache_size(limit)}")
    if answer["SpaceReclaimed"]:
        say(f"{shown(answer['SpaceReclaimed'])} of the cache of builds, which may have {limit}")


def cache_size(limit: str) -> int:
    """The bytes of "10g", or of "20%" of the disk that Docker's files are on."""
    if limit.endswith("%"):
        return shutil.disk_usage(engine.ask("GET", "/info")["DockerRootDir"]).total * int(limit[:-1]) // 100
    return settings.size(limit)


def listed(numbers: list[int]) -> str:
    """Numbers of releases, as people read them: "v1 to v4, v7"."""
    parts: list[tuple[int, int]] = []
    for number in numbers:
        if parts and parts[-1][1] == number - 1:
            parts[-1] = (parts[-1][0], number)
        else:
            parts.append((number, number))
    return ", ".join(f"v{first}" if first == last else f"v{first} to v{last}" for first, last in parts)


def shown(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
