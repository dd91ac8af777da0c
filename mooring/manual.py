"""The manual that is made from the code: man pages, shell completion, who may give which command.

    python -m mooring.manual FOLDER

writes `mooring.1`, `mooring.toml.5`, `mooring-units.7`, `mooring.bash` and `_mooring` there; install.sh puts them in
their places. Source: man-pages(7), groff_man(7), bash(1) "Programmable Completion", zshcompsys(1).
"""

import argparse
import re
import sys
from pathlib import Path

from mooring import __version__, commands
from mooring.commands import Command, vocabulary
from mooring.host import settings
from mooring.service import kind

UNITS = Path(__file__).resolve().parent.parent / "units"
SETTINGS_PAGE = Path(__file__).resolve().parent.parent / "docs/settings.md"


def escaped(text: str) -> str:
    """Text as roff takes it: no escape, no request."""
    safe = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in safe.split("\n"))


def page(name: str, section: int, summary: str, *parts: str) -> str:
    head = (
        f'.TH {name.upper()} {section} "" "Mooring {__version__}"\n.SH NAME\n{escaped(name)} \\- {escaped(summary)}\n'
    )
    return head + "".join(parts)


def arguments_of(command: Command) -> list[tuple[str, str]]:
    """(how it is written, what it is) of each argument that has something said of it."""
    found = []
    for argument in command.arguments:
        metavar = argument.options.get("metavar") or argument.names[0].upper().lstrip("-")
        takes_value = argument.options.get("action") not in ("store_true", "store_false")
        written = ", ".join(argument.names)
        if argument.names[0].startswith("-"):
            written += f" {metavar}" if takes_value else ""
        else:
            written = str(metavar)
        if argument.options.get("help"):
            found.append((written, str(argument.options["help"])))
    return found


def usage_of(command: Command) -> str:
    usage = command.parser().format_usage()
    return " ".join(usage.removeprefix("usage: ").split())


def mooring_1() -> str:
    """mooring(1): every command."""
    aliases = ", ".join(f"{alias} ({name})" for alias, name in sorted(vocabulary.ALIASES.items()))
    parts = [
        ".SH SYNOPSIS\n.B mooring\n.I COMMAND \\fR[\\fIARGUMENT\\fR...]\n.br\n.B ssh mooring@HOST\n.I COMMAND"
        " \\fR[\\fIARGUMENT\\fR...]\n.br\n.B git push mooring@HOST:APP main\n",
        ".SH DESCRIPTION\n",
        escaped(
            "Mooring runs apps that are pushed with git. Its commands are given at the server's shell, as root, or "
            "over ssh with the key of an admin or a developer. A command of an app is open to its developers, but for "
            "those that say otherwise. A kind of service has every command that is told of as KIND:create and so on; "
            f"KIND is one of {', '.join(kind.names())}.\n"
        ),
        ".SH COMMANDS\n",
    ]
    for command in commands.listed():
        parts.append(f".TP\n.B {escaped(usage_of(command))}\n{escaped(command.summary)}\n")
        if not command.is_for_developers:
            parts.append("For admins.\n")
        for written, said in arguments_of(command):
            parts.append(f".RS\n.TP\n.I {escaped(written)}\n{escaped(said)}\n.RE\n")
        parts.append(f".RS\n.PP\nExample: {escaped(command.example)}\n.RE\n")
    parts.append(f".SH ALIASES\n{escaped(aliases)}\n")
    parts.append(
        ".SH EXIT STATUS\n0 it was done; 1 it could not be, and a line says why; 2 the command was not understood.\n"
    )
    parts.append(
        ".SH SEE ALSO\n.BR mooring.toml (5),\n.BR mooring\\-units (7),\n.BR systemctl (1),\n.BR journalctl (1)\n"
    )
    return page("mooring", 1, "apps that are pushed with git, run by systemd", *parts)


def settings_said(page: str) -> dict[str, str]:
    """What the comments of the page's example say of each setting, by its field's name: `builds_timeout`."""
    found, group = {}, ""
    for line in page.splitlines():
        if header := re.fullmatch(r"\[(\w+)\]", line):
            group = f"{header[1]}_"
        elif setting := re.match(r"(\w+) = .*?#\s*(.+)$", line):
            found[group + setting[1]] = setting[2]
    return found


def mooring_toml_5() -> str:
    """mooring.toml(5): every setting with its default, and what docs/settings.md says of it."""
    said = settings_said(SETTINGS_PAGE.read_text())
    parts = [
        ".SH DESCRIPTION\nThe settings of a server, /etc/mooring/mooring.toml, read anew whenever they are needed.\n"
    ]
    parts.append(".SH SETTINGS\n")
    for name, default in settings.Settings()._asdict().items():
        group, _, key = name.partition("_")
        written = f"[{group}] {key}" if key else group
        parts.append(f".TP\n.B {escaped(written)}\n{escaped(said[name])}\n")
        parts.append(f"Default: {escaped(repr(default))}\n")
    parts.append(".SH SEE ALSO\n.BR mooring (1)\n")
    return page("mooring.toml", 5, "the settings of a Mooring server", *parts)


def mooring_units_7() -> str:
    """mooring-units(7): every unit, by its file."""
    parts = [".SH DESCRIPTION\nWhat systemd runs for Mooring. %i is an app's release, process or name.\n.SH UNITS\n"]
    for unit in sorted(UNITS.glob("*/mooring*.*")):
        text = unit.read_text()
        if found := re.search(r"^Description=(.+)$", text, re.MULTILINE):
            parts.append(f".TP\n.B {escaped(unit.name)}\n{escaped(found[1])}\n")
    parts.append(".SH SEE ALSO\n.BR mooring (1),\n.BR systemd.unit (5)\n")
    return page("mooring-units", 7, "the units of Mooring", *parts)


def options_of(command: Command) -> list[str]:
    return [name for argument in command.arguments for name in argument.names if name.startswith("--")] + ["--help"]


def takes_app(command: Command) -> bool:
    return any(argument.names[0] in ("app", "apps") for argument in command.arguments)


def bash_completion() -> str:
    """Completion for bash: commands, then apps, then options; the apps are the listing of their folder."""
    names = [each.name for each in commands.every()] + sorted(vocabulary.ALIASES)
    options = "\n".join(f"        {each.name}) options='{' '.join(options_of(each))}' ;;" for each in commands.every())
    apps = "|".join(each.name for each in commands.every() if takes_app(each))
    return f"""# bash completion of mooring; made by mooring.manual.
_mooring() {{
    local word options=''
    COMPREPLY=()
    # A colon is a word of its own to bash: put the words together again.
    local line=${{COMP_LINE:0:COMP_POINT}}
    read -ra words <<<"$line"
    [[ $line != *' ' ]] || words+=('')
    word=${{words[-1]}}
    if ((${{#words[@]}} <= 2)); then
        COMPREPLY=($(compgen -W '{" ".join(names)}' -- "$word"))
        # What is before the last colon stands there already.
        local before=${{word%"${{word##*:}}"}}
        COMPREPLY=("${{COMPREPLY[@]#"$before"}}")
        return
    fi
    case ${{words[1]}} in
{options}
    esac
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$word"))
    elif [[ ${{words[1]}} =~ ^({apps})$ ]]; then
        COMPREPLY=($(compgen -W "$(command ls /var/lib/mooring/apps 2>/dev/null)" -- "$word"))
    fi
}}
complete -F _mooring mooring
"""


def zsh_completion() -> str:
    """Completion for zsh: commands with their summaries, then apps and options."""

    def described(command: Command) -> str:
        name = command.name.replace(":", "\\:")
        summary = command.summary.replace("'", "")
        return f"        '{name}:{summary}'"

    lines = "\n".join(map(described, commands.every()))
    options = "\n".join(f"        {each.name}) options=({' '.join(options_of(each))}) ;;" for each in commands.every())
    return f"""#compdef mooring
# zsh completion of mooring; made by mooring.manual.
_mooring() {{
    local -a commands options
    commands=(
{lines}
    )
    if ((CURRENT == 2)); then
        _describe command commands
        return
    fi
    case $words[2] in
{options}
    esac
    if [[ $PREFIX == -* ]]; then
        compadd -- $options
    else
        compadd -- /var/lib/mooring/apps/*(N:t)
    fi
}}
_mooring "$@"
"""


def roles_table() -> str:
    """Which command each role may give, as the Markdown table of docs/access.md."""
    lines = ["| command | admin | developer of the app | deploy key |", "|---|---|---|---|"]
    for command in commands.listed():
        lines.append(f"| `{command.name}` | yes | {'yes' if command.is_for_developers else 'no'} | no |")
    return "\n".join(lines) + "\n"


FILES = {
    "mooring.1": mooring_1,
    "mooring.toml.5": mooring_toml_5,
    "mooring-units.7": mooring_units_7,
    "mooring.bash": bash_completion,
    "_mooring": zsh_completion,
    "roles.md": roles_table,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m mooring.manual")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(sys.argv[1:]).folder
    for name, text in FILES.items():
        (folder / name).write_text(text())


if __name__ == "__main__":
    main()
