"""The command line: `mooring COMMAND …` on the server, and `ssh mooring@HOST COMMAND …` through the gate.

    mooring [--key FINGERPRINT] COMMAND ARGUMENTS…

`--key` is what the gate adds: the role of that key is looked up again here, where root begins. Its command may
come as a JSON list in the environment's MOORING_COMMAND instead: arguments are in the process list and in sudo's log,
and among them are config vars.
"""

import contextlib
import json
import os
import sys
from typing import Any

from mooring import commands
from mooring.access.actor import RESTRICTED, is_admin, may_see
from mooring.commands import Command, Misuse
from mooring.host import interrupt
from mooring.host.refusal import Refusal, die
from mooring.telling import audit

USAGE = 2
INTERRUPTED = 130


def main() -> None:
    os.umask(0o022)
    for stream in filter(None, (sys.stdin, sys.stdout, sys.stderr)):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    interrupt.listen()
    status = attempt(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


def attempt(words: list[str]) -> int:
    """Run a command; whatever comes in the way of it is one line on stderr. Returns the exit status."""
    try:
        return run(admit(words) or ["help"])
    except Refusal as refusal:
        say(str(refusal))
        return 1
    except Misuse as misuse:
        say(str(misuse))
        return USAGE
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt as end:
        if end.args:
            say(str(end))
        return INTERRUPTED
    except Exception as error:
        report(error)
        return 1


def admit(words: list[str]) -> list[str]:
    """The command, if whoever gave it may have it run as root; raise Refusal otherwise."""
    if os.geteuid() != 0:
        die("run it with sudo, or over ssh", "`sudo mooring …`, `ssh mooring@HOST …` with an admin key")
    handed_on = os.environ.pop("MOORING_COMMAND", "")
    by_key = words[:1] == ["--key"] and len(words) > 1
    command = words[2:] if by_key else words
    if by_key and not command and handed_on:
        command = [str(word) for word in json.loads(handed_on)]
    if not all(map(is_text, command)):
        die("an argument is not UTF-8", "type it in a terminal that writes UTF-8")
    return admit_key(words[1], command) if by_key else command


def admit_key(fingerprint: str, words: list[str]) -> list[str]:
    from mooring.access import keys
    from mooring.host import settings

    key = keys.find(fingerprint)
    os.environ["MOORING_ACTOR"] = key.name
    if key.role == "admin":
        return words
    first_push = len(words) == 2 and words[0] == "apps:create" and words[1] in key.apps
    first_push = first_push and settings.load().apps_auto_create
    if key.role == "deploy" and not first_push:
        die(f"the key {key.name} may push and nothing else", "git push mooring@HOST:APP main")
    os.environ[RESTRICTED] = " ".join([*key.develops, *(words[1:] if first_push else [])])
    return words


def is_text(word: str) -> bool:
    """Whether the bytes of an argument were UTF-8 (os.fsdecode keeps others as surrogates)."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def run(words: list[str]) -> int:
    name = {"-h": "help", "--help": "help", "--version": "version"}.get(words[0], words[0])
    command = commands.find(name)
    if command is None:
        raise Misuse(commands.unknown(name))
    arguments = vars(command.parser().parse_args(words[1:]))
    refuse_developer(command, arguments)
    return audit.observed(command.name, arguments, command.run)


def refuse_developer(command: Command, arguments: dict[str, Any]) -> None:
    """Raise Refusal where a developer's key gives a command that is not for its own apps."""
    app = arguments.get("app") or ""
    if is_admin() or (command.is_for_all and not app):
        return
    if command.is_for_users:
        refuse_stranger(command.kind, arguments["name"])
        return
    if not command.is_for_developers:
        die(f"{command.name} is for admins", "`mooring help` lists what a developer may do")
    if not may_see(app):
        die(
            f"this key is no developer's of {app[:60] or 'every app'}",
            "an admin runs `mooring developer:allow APP < key.pub`",
        )


def refuse_stranger(kind: str, name: str) -> None:
    """Raise Refusal where none of the developer's apps uses a service."""
    from mooring.app import link
    from mooring.host import names

    if not any(may_see(each.app) for each in link.of_service(names.check_service(kind, name))):
        die(f"no app of yours uses {name[:60]}", "`mooring services` lists what they use")


def say(message: str) -> None:
    """One line on stderr, whatever is in the message."""
    line = "".join(c if c.isprintable() else " " for c in " ".join(message.split()))
    with contextlib.suppress(BrokenPipeError):
        print(f"mooring: {line}", file=sys.stderr, flush=True)


def report(error: Exception) -> None:
    """One line for the person, the rest for the journal."""
    import traceback

    from systemd import journal

    text = "".join(traceback.format_exception(error))
    journal.send(text, SYSLOG_IDENTIFIER="mooring", PRIORITY="3")
    say(f"that broke: {str(error)[:300] or type(error).__name__} (`journalctl -t mooring` has the details)")


if __name__ == "__main__":
    main()
