"""What install.sh hands over to, as soon as the server has Python.

    python3 -m mooring.setup users
    /opt/mooring/venv/bin/python -m mooring.setup pins
    python3 -m mooring.setup install --called ./install.sh [--domain DOMAIN] [--admin-key FILE] [--no-sample] [--no-stack]
    python3 -m mooring.setup uninstall [--purge] [--yes]

Exit status: 0, or 1 after a line that says what stopped it. Every step is safe to run again.
"""

import argparse
import os
import sys
from pathlib import Path

from mooring.setup.terminal import step, told


def main() -> int:
    parser = argparse.ArgumentParser(prog="mooring.setup")
    verbs = parser.add_subparsers(required=True)
    verbs.add_parser("users").set_defaults(story=begin)
    verbs.add_parser("pins").set_defaults(story=say_pins)
    verb = verbs.add_parser("install")
    verb.set_defaults(story=install)
    verb.add_argument("--called", required=True)
    verb.add_argument("--domain", default="")
    verb.add_argument("--admin-key", default="")
    verb.add_argument("--no-sample", action="store_true")
    verb.add_argument("--no-stack", action="store_true")
    verb = verbs.add_parser("uninstall")
    verb.set_defaults(story=uninstall)
    verb.add_argument("--purge", action="store_true")
    verb.add_argument("--yes", action="store_true")
    os.umask(0o022)
    words = parser.parse_args()
    return told(lambda: words.story(words))


def begin(words: argparse.Namespace) -> None:
    from mooring.setup import users

    users.set_up()


def say_pins(words: argparse.Namespace) -> None:
    from mooring.setup import pins

    pins.say()


def install(words: argparse.Namespace) -> None:
    # Here, so that a checkout with a file missing is told of like all else that goes wrong.
    from mooring.setup import apps, code, docker, firewall, journal, key, manual, nginx, sample, settings, ssh, stack
    from mooring.setup import sudo, summary, units

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
    if not words.no_stack:
        stack.set_up(words.called)
    if not words.no_sample:
        sample.set_up()
    summary.say()
    firewall.set_up()


def uninstall(words: argparse.Namespace) -> None:
    from mooring.setup import apps, code, consent, docker, journal, manual, nginx, ssh, stack, sudo, units, users

    if not words.yes:
        consent.ask(words.purge)
    apps.take_down()
    if words.purge:
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
    users.take_down(words.purge)


if __name__ == "__main__":
    sys.exit(main())
