"""The command line: `mooring COMMAND …` on the server, and `ssh mooring@HOST COMMAND …` through the gate.

    mooring [--key FINGERPRINT] COMMAND ARGUMENTS…

`--key` is what the gate adds: the role of that key is looked up again here, where root begins.
"""

import difflib
import os
import sys
from typing import NoReturn

from mooring import commands
from mooring.commands import Command
from mooring.refusal import Refusal, die

USAGE = 2
INTERRUPTED = 130


def main() -> None:
    os.umask(0o022)
    words = sys.argv[1:]
    try:
        if words[:1] == ["--key"] and len(words) > 1:
            words = admit(words[1], words[2:])
        elif os.geteuid() != 0:
            die("this needs root", "`sudo mooring …`, or `ssh mooring@HOST …` with an admin key")
        status = run(words or ["help"])
        sys.stdout.flush()
    except Refusal as refusal:
        print(f"mooring: {refusal}".replace("\n", " "), file=sys.stderr)
        status = 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    except KeyboardInterrupt:
        print("\nmooring: stopped looking; what was begun goes on (`mooring releases APP` shows it)", file=sys.stderr)
        status = INTERRUPTED
    except Exception as error:
        report(error)
        status = 1
    sys.exit(status)


def admit(fingerprint: str, words: list[str]) -> list[str]:
    """The words, if the key may have them run as root; raise Refusal otherwise."""
    from mooring import keys, settings

    key = keys.find(fingerprint)
    os.environ["MOORING_ACTOR"] = key.name
    if key.role == "admin":
        return words
    first_push = len(words) == 2 and words[0] == "apps:create" and words[1] in key.apps
    if not (first_push and settings.load().apps_auto_create):
        die(f"the key {key.name} may push and nothing else", "git push mooring@HOST:APP main")
    return words


def run(words: list[str]) -> int:
    if words[0] in ("-h", "--help"):
        words = ["help"]
    command = commands.find(words[0])
    if command is None:
        misused(unknown(words[0]))
    parser = command.parser()
    parser.error = lambda message: misused(f"{command.name}: {message}; {usage(command)}")  # type: ignore[method-assign]
    arguments = vars(parser.parse_args(words[1:]))
    return command.run(**arguments) or 0


def usage(command: Command) -> str:
    return " ".join(command.parser().format_usage().split())


def unknown(word: str) -> str:
    near = difflib.get_close_matches(word, [each.name for each in commands.every()], n=1)
    shown = word[:60].encode("unicode_escape").decode()
    return f"there is no command {shown!r}" + (
        f" (did you mean {near[0]}?)" if near else " (`mooring help` lists them)"
    )


def misused(message: str) -> NoReturn:
    print(f"mooring: {message}".replace("\n", " "), file=sys.stderr)
    sys.exit(USAGE)


def report(error: Exception) -> None:
    """One line for the person, the rest for the journal."""
    import traceback

    from systemd import journal

    text = "".join(traceback.format_exception(error))
    journal.send(text, SYSLOG_IDENTIFIER="mooring", PRIORITY="3")
    reason = " ".join(str(error).split())[:300]
    print(f"mooring: that broke: {reason} (`journalctl -t mooring` has the details)", file=sys.stderr)


if __name__ == "__main__":
    main()
