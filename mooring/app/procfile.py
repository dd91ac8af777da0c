"""The Procfile: `name: command` lines (Heroku's format)."""

from mooring.host import names
from mooring.host.refusal import die

OWN_WORDS = ("web", names.RELEASE_PHASE, names.ONE_OFF)
"""The names that mean something to Mooring."""

OF_MOORING = {
    names.ONE_OFF: "one-off containers",
    **dict.fromkeys((names.PREDEPLOY, names.POSTDEPLOY, names.SETUP), "the containers of app.json's scripts"),
}
"""The names that Mooring gives to what is no process of an app's."""


def parse(text: str) -> dict[str, str]:
    """The command of each process type, in the file's order; raise Refusal naming the line that is wrong."""
    processes: dict[str, str] = {}
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith(("#", "//")):
            continue
        name, colon, command = (part.strip() for part in line.partition(":"))
        if not colon or not command:
            die(f"Procfile line {number} is not `name: command`", f"it is {line[:60]!r}")
        if not names.PROCESS.fullmatch(name):
            die(f"Procfile line {number}: {name[:60]!r} cannot name a process", names.PROCESS_RULE)
        if name in OF_MOORING:
            die(f"Procfile line {number} names a process {name}, as {OF_MOORING[name]} are", "call it otherwise")
        if name in processes:
            die(f"Procfile line {number} names {name} again", "one line for each process")
        # Host names, by which processes reach each other, are the same in capitals.
        alike = next((each for each in (*OWN_WORDS, *processes) if each.lower() == name.lower()), "")
        if alike not in ("", name):
            die(
                f"Procfile line {number}: {name} differs from {alike} in capitals alone",
                f"write {alike}, or another name",
            )
        processes[name] = command
    return processes
