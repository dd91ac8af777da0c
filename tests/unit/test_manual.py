"""What is made from the commands: the pages, the completion, the table of roles."""

import subprocess

import pytest

from mooring import commands, manual
from mooring.host.settings import Settings
from mooring.service import kind
from tests.server.cache import CHECKOUT


def test_the_table_of_roles_in_the_manual_is_that_of_the_code() -> None:
    """`python -m mooring.manual FOLDER` writes it to roles.md."""
    page = (CHECKOUT / "docs/access.md").read_text()
    assert page.partition("## Who may give which command\n\n")[2] == manual.roles_table()


def test_a_command_is_for_developers_where_it_is_about_one_app() -> None:
    assert commands.find("config:set").is_for_developers  # type: ignore[union-attr]
    for name in ("access:add", "apps:rename", "deploy:allow", "nginx:include", "rebuild:all", "stack:update"):
        assert not commands.find(name).is_for_developers, name  # type: ignore[union-attr]


def test_every_command_and_unit_is_in_its_page() -> None:
    page = manual.mooring_1().replace("\\-", "-")
    for command in commands.listed():
        assert f"mooring {command.name}" in page
    assert f"KIND is one of {', '.join(kind.names())}." in page
    units = manual.mooring_units_7().replace("\\-", "-")
    for unit in (CHECKOUT / "units").glob("mooring*.*"):
        assert unit.name in units


def test_roffs_own_characters_are_escaped() -> None:
    assert manual.escaped(".x\\y-z") == "\\&.x\\ey\\-z"


@pytest.mark.parametrize("shell", ["bash"])
def test_the_completion_is_a_script(shell: str) -> None:
    assert subprocess.run([shell, "-n"], input=manual.bash_completion(), text=True, check=False).returncode == 0


def test_every_setting_is_explained_by_its_own_line_of_the_page() -> None:
    page = manual.SETTINGS_PAGE.read_text()
    said = manual.settings_said(page)
    assert said["builds_timeout"] != said["stop_timeout"] != said["checks_timeout"]
    assert set(said) == set(Settings._fields)
