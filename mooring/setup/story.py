"""What is put on a server, in its order, and what --uninstall takes away again."""

from argparse import Namespace
from pathlib import Path

from mooring.setup import (
    apps,
    certificates,
    code,
    consent,
    docker,
    firewall,
    journal,
    key,
    manual,
    nginx,
    sample,
    settings,
    ssh,
    stack,
    sudo,
    summary,
    units,
    users,
)
from mooring.setup.terminal import step


def install(words: Namespace) -> None:
    """Put all but packages, users and Python's environment on the server; `words` are install.sh's options."""
    updated = code.set_up()
    manual.set_up()
    settings.set_up(words.domain, words.called)
    docker.set_up()
    journal.set_up()
    changed = units.set_up()
    step("Opening the front door")
    sudo.set_up()
    ssh.set_up()
    nginx.set_up(updated)
    apps.set_up(changed, updated)
    settings.change_domain(words.domain)
    if words.admin_key:
        key.set_up(Path(words.admin_key))
    certificates.set_up(words.email)
    if not words.no_stack:
        stack.set_up(words.called)
    if not words.no_sample:
        sample.set_up()
    summary.say()
    firewall.set_up()


def uninstall(*, purge: bool, sure: bool) -> None:
    """Take it all away, except for the packages; with `purge` the apps' data too. Asks first, unless `sure`."""
    if not sure:
        consent.ask(purge)
    apps.take_down()
    if purge:
        stack.take_down()
    docker.take_down()
    step("Removing units and configuration")
    journal.take_down()
    ssh.take_down()
    sudo.take_down()
    nginx.take_down()
    units.take_down()
    step("Removing Mooring")
    code.take_down()
    manual.take_down()
    users.take_down(purge)
