"""The Procfile: `name: command` lines (Heroku's format)."""

from mooring.host import names
from mooring.host.refusal import die


def parse(text: str) -> dict[str, str]:
    """The command of each process type, in the file's order; raise Refusal naming the line that is wrong."""
    processes: dict[str, str] = {}
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        name, colon, command = (part.strip() for part in line.partition(":"))
        if not colon or not command or not names.PROCESS.fullmatch(name):
            die(f"Procfile line {number} is not `name: command`", f"it is {line[:60]!r}")
        if name == names.ONE_OFF:
            die(f"Procfile line {number} names a process {name}, as one-off containers are", "call it otherwise")
        if name in processes:
            die(f"Procfile line {number} names {name} again", "one line for each process")
        processes[name] = command
    return processes
