"""Mooring's own files below /opt/mooring, where Python finds them, and the command `mooring`."""

import shutil
import tomllib
from datetime import UTC, datetime
from pathlib import Path

from mooring.host import files
from mooring.host.paths import CODE, PYTHON
from mooring.host.refusal import die
from mooring.setup import CHECKOUT, OPT
from mooring.setup.file import place, remove
from mooring.setup.program import answer, run, shown, succeeds
from mooring.setup.terminal import detail, step

ROOMS = ("hooks", "builders", "buildpacks", "units", "nginx", "services", "mooring", "examples", "docs")
LAUNCHER = Path("/usr/local/bin/mooring")
VENV = PYTHON.parents[1]


def set_up() -> bool:
    """Put the checkout's code in place; whether it is another than before."""
    step("Installing Mooring")
    draft = OPT / ".new"
    remove(draft)
    for room in ROOMS:
        if (CHECKOUT / room).is_dir():
            compiled = shutil.ignore_patterns("__pycache__")
            shutil.copytree(CHECKOUT / room, draft / room, symlinks=True, ignore=compiled)
    run("chmod", "-R", "u=rwX,go=rX", str(draft))
    updated = not succeeds("diff", "-rq", "--no-dereference", "--exclude=__pycache__", str(draft), f"{CODE}/")
    if updated:
        begin(draft)
    else:
        remove(draft)
        detail(f"{CODE.readlink()} is there already")
    site = answer(str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    place(Path(site) / "mooring.pth", f"{CODE}\n")
    place(LAUNCHER, f'#!/bin/sh\nexec {PYTHON} -I -m mooring "$@"\n', 0o755)
    used = (VENV.name, CODE.readlink().name)
    remove(*(old for old in OPT.iterdir() if old.is_dir() and not old.is_symlink() and old.name not in used))
    return updated


def begin(draft: Path) -> None:
    """Let a draft be the code that is used, from one moment to the next."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    name = f"{project['version']}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    if not shown(str(PYTHON), "-m", "compileall", "-q", "-s", str(draft), "-p", str(CODE), str(draft)):
        die("Mooring's Python files do not compile", "is the checkout whole? `git status` shows")
    draft.rename(OPT / name)
    files.point(CODE, name)
    detail(name)


def take_down() -> None:
    remove(OPT, LAUNCHER)
