"""The paths and links of an archive that anybody may have packed: those that stay in it."""

import posixpath

from mooring.host.refusal import die

LONGEST_PATH = 1000


def plain(path: str, *, for_git: bool = True) -> str:
    """The path without `./` and doubled slashes; raise Refusal for one that leaves the archive, or is too long.

    `for_git`: and for one that git, or a file system of another kind, would stumble over.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or not parts:
        die(f"the archive has the path {shown(path)}, which leaves it", "pack with paths below one folder")
    if for_git and any(part.lower() in (".git", "git~1") for part in parts):
        die(f"the archive has the path {shown(path)}", "pack without .git, e.g. `git archive HEAD`")
    if len(path) > LONGEST_PATH or (for_git and not is_text(path)):
        die(f"the archive has the path {shown(path)}, which is too long or no plain text", "rename that file")
    return "/".join(parts)


def is_text(path: str) -> bool:
    return not any(ord(each) < 0x20 or each == "\x7f" or 0xD800 <= ord(each) < 0xE000 for each in path)


def refuse_leaving(path: str, target: str) -> None:
    """Raise Refusal where a symbolic link at `path` points out of the archive."""
    if leaves(path, target):
        die(f"the link {shown(path)} points out of the archive", "pack what it points to instead")


def leaves(path: str, target: str) -> bool:
    """Whether a symbolic link at `path` points out of the tree."""
    reached = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    outside = not target or target.startswith("/") or reached.split("/")[0] == ".."
    return outside or not is_text(target) or len(target) > LONGEST_PATH


def refuse_device(path: str) -> None:
    die(f"{shown(path)} is a device or a pipe", "pack files and folders only")


def refuse_unknown(path: str) -> None:
    die(f"{shown(path)} is another name of what the archive has not", "pack it anew")


def shown(path: str) -> str:
    return repr(path[:80])
