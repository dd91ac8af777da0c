"""Whether it is meant that Mooring goes."""

import sys

from mooring.host.refusal import die
from mooring.setup import VAR


def ask(purge: bool) -> None:
    """Ask the person at the terminal; raise Refusal unless the answer is `yes`."""
    what = f"Mooring goes, and its apps stop; their data stays in {VAR}."
    if purge:
        what = "Mooring goes, with every app, its config, its releases and its data."
    if not sys.stdin.isatty():
        die("nobody is here to answer whether to uninstall", "add --yes")
    print(f"{what} Go on? (yes/no) ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != "yes":
        die("nothing was changed", "answer `yes` to uninstall")
