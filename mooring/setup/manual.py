"""The manual pages, and the completion of commands in bash and zsh."""

import tempfile
from pathlib import Path

from mooring.host.paths import PYTHON
from mooring.host.refusal import die
from mooring.setup.file import place, remove
from mooring.setup.program import shown
from mooring.setup.terminal import step

PAGES = {
    "mooring.1": Path("/usr/local/share/man/man1/mooring.1"),
    "mooring.toml.5": Path("/usr/local/share/man/man5/mooring.toml.5"),
    "mooring-units.7": Path("/usr/local/share/man/man7/mooring-units.7"),
    "mooring.bash": Path("/usr/share/bash-completion/completions/mooring"),
    "_mooring": Path("/usr/local/share/zsh/site-functions/_mooring"),
}


def set_up() -> None:
    step("Installing the manual")
    with tempfile.TemporaryDirectory() as folder:
        if not shown(str(PYTHON), "-I", "-m", "mooring.manual", folder):
            die("the manual could not be made", "is the checkout whole?")
        for name, target in PAGES.items():
            place(target, (Path(folder) / name).read_text())


def take_down() -> None:
    remove(*PAGES.values())
