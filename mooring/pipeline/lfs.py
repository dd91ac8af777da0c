"""Files that git-LFS keeps elsewhere: git has pointers to them only, and so has the source that is built.

They are uploaded to an LFS server of the pusher's choice, which a push does not name.
"""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from mooring.host import files

SIGNATURE = b"version https://git-lfs.github.com/spec/"
"""What a pointer begins with (git-lfs, docs/spec.md); it has less than 1024 bytes."""
SHOWN = 3


def note(place: Path, environment: Mapping[str, str]) -> None:
    """Write the pointers of a work tree down beside it, for the build stage to tell."""
    # The index has every file's name, and one without attributes has no pointers.
    if b".gitattributes" not in (place / ".git/index").read_bytes():
        return
    listing = subprocess.run(
        ["git", "-C", str(place), "ls-files", "-z", "--", ":(attr:filter=lfs)"],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    found = [name for name in listing.stdout.split("\0")[:-1] if is_pointer(place / name)]
    if found:
        (place.parent / "pointers").write_text("\n".join(found))


def is_pointer(path: Path) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size >= 1024:
        return False
    return path.read_bytes().startswith(SIGNATURE)


def told(place: Path) -> str:
    """What is said of the pointers that were written down beside a work tree; empty where there are none."""
    try:
        found = files.read_untrusted(place.parent / "pointers").split("\n")
    except FileNotFoundError:
        return ""
    return message(found)


def message(found: list[str]) -> str:
    shown = ", ".join("".join(c if c.isprintable() else "?" for c in each[:100]) for each in found[:SHOWN])
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    what = "1 file is a git-LFS pointer" if len(found) == 1 else f"{len(found)} files are git-LFS pointers"
    return (
        f"{what} without the content, which git does not have: {shown}{more} "
        "(`git lfs migrate export --everything --include='*'` puts it into git; or let the build download it)"
    )
