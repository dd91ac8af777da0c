"""The server itself: `version`, `help`."""

from mooring import __version__, commands
from mooring.access.actor import is_admin
from mooring.commands import argument, command


@command("version", "mooring version", for_all=True)
def version() -> None:
    """Print Mooring's version."""
    print(f"mooring {__version__}")


@command("help", "mooring help config:set", argument("name", metavar="COMMAND", nargs="?", default=""),
         for_all=True)  # fmt: skip
def help_(name: str) -> None:
    """List the commands, or explain one."""
    if name:
        found = commands.find(name)
        if found is None:
            raise commands.Misuse(commands.unknown(name))
        found.parser().print_help()
        return
    print("mooring COMMAND …    on the server, or ssh mooring@HOST COMMAND … with an admin key\n")
    every = [each for each in commands.listed() if is_admin() or each.is_for_developers]
    width = max(len(each.name) for each in every)
    group = ""
    for each in every:
        if group and each.name.partition(":")[0] != group:
            print()
        group = each.name.partition(":")[0]
        print(f"  {each.name:{width}}  {each.summary}")
    from mooring.service import kind

    print(f"\nKIND is one of {', '.join(kind.names())}.")
    print(f"Defined by their documentation, and never run by Mooring's tests: {', '.join(kind.untried())}.")
    print("mooring COMMAND --help explains one. git push mooring@HOST:APP main deploys.")
