"""What Mooring puts on a server and takes away again: a module a thing, `set_up` and `take_down` side by side in it.

install.sh runs it out of its checkout, with the server's own Python: it takes Mooring away also where /opt/mooring is
half there or not at all. So it imports the standard library, and nothing of Mooring's that needs more.
"""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

OPT = Path("/opt/mooring")
ETC = Path("/etc/mooring")
VAR = Path("/var/lib/mooring")
SYSTEM = Path("/etc/systemd/system")

NOTES = VAR / "installed"
"""What was changed that was not Mooring's own, for --uninstall."""
