"""What install.sh hands over to, as soon as the server has Python.

    python3 -m mooring.setup users
    /opt/mooring/venv/bin/python -m mooring.setup pins
    python3 -m mooring.setup install --called ./install.sh [--domain DOMAIN] [--admin-key FILE]
                                     [--email EMAIL] [--no-sample] [--no-stack]
    python3 -m mooring.setup uninstall [--purge] [--yes]

Exit status: 0, or 1 after a line that says what stopped it. Every step is safe to run again.
"""

import argparse
import os
import signal
import sys

from mooring.setup.terminal import told


def main() -> int:
    parser = argparse.ArgumentParser(prog="mooring.setup")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("users")
    verbs.add_parser("pins")
    verb = verbs.add_parser("install")
    verb.add_argument("--called", required=True)
    verb.add_argument("--domain", default="")
    verb.add_argument("--admin-key", default="")
    verb.add_argument("--email", default="")
    verb.add_argument("--no-sample", action="store_true")
    verb.add_argument("--no-stack", action="store_true")
    verb = verbs.add_parser("uninstall")
    verb.add_argument("--purge", action="store_true")
    verb.add_argument("--yes", action="store_true")
    words = parser.parse_args()
    os.umask(0o022)
    for stream in (sys.stdout, sys.stderr):
        # What programs say is handed on as it is.
        stream.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
    for number in (signal.SIGHUP, signal.SIGTERM):
        # A connection that is lost, an end that is asked for: what is put up for a moment is still taken away.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda number, frame: sys.exit(128 + number))
    # It leads here, and is of no use to the programs that are run.
    os.environ.pop("PYTHONPATH", None)
    return told(lambda: run(words))


def run(words: argparse.Namespace) -> None:
    # Here, so that a checkout of which a part is missing is told of in one line too.
    from mooring.setup import pins, story, users

    match words.verb:
        case "users":
            users.set_up()
        case "pins":
            pins.say()
        case "install":
            story.install(words)
        case "uninstall":
            story.uninstall(purge=words.purge, sure=words.yes)


if __name__ == "__main__":
    sys.exit(main())
