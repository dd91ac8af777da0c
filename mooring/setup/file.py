"""Files that are put on a server: whole, and only where they are not there already."""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

from mooring.host import files
from mooring.host.refusal import die


def place(target: Path, text: str, mode: int = 0o644) -> bool:
    """Have a file say `text`; whether it was not there, or different."""
    if target.is_file() and not target.is_symlink() and target.read_bytes() == text.encode():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    files.write(target, text, mode)
    return True


def place_checked(target: Path, text: str, mode: int, passes: Callable[[], bool]) -> bool:
    """As `place`; where `passes` says no, what was there comes back, and a Refusal is raised."""
    restore = kept(target)
    changed = place(target, text, mode)
    if not passes():
        restore()
        die(f"{target} did not pass and was taken back", "what is wrong is above")
    return changed


def kept(path: Path) -> Callable[[], None]:
    """What brings a file back as it is now, or takes it away where there is none now."""
    if not path.exists():
        return lambda: path.unlink(missing_ok=True)
    content, was = path.read_bytes(), path.stat()

    def restore() -> None:
        path.write_bytes(content)
        os.chown(path, was.st_uid, was.st_gid)
        path.chmod(stat.S_IMODE(was.st_mode))

    return restore


def remove(*paths: Path) -> None:
    """Take files, links and folders away, where they are there."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def remove_drop_in(path: Path) -> None:
    """Take a file away, and the folder that it was alone in."""
    remove(path)
    if path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()
