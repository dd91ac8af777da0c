"""What an app printed: `logs`."""

from typing import Any

from mooring import app as apps
from mooring.commands import APP, argument, command
from mooring.refusal import die


@command(
    "logs",
    "mooring logs my-app -f -p web",
    APP,
    argument("-f", "--follow", action="store_true", help="go on with what comes"),
    argument("-n", "--lines", type=int, default=100, metavar="N", help="begin with the last N lines (100)"),
    argument("-p", "--process", default="", metavar="PROCESS", help="web, or web.1"),
)
def logs(app: str, follow: bool, lines: int, process: str) -> None:
    """Show the lines that an app's processes printed, across releases and restarts."""
    from systemd import journal

    apps.find(app)
    if lines < 0:
        die(f"-n is {lines}", "a number of lines, e.g. -n 100")
    reader = journal.Reader()
    reader.add_match(MOORING_APP=app)
    reader.seek_tail()
    found: list[dict[str, Any]] = []
    while len(found) < lines and (entry := reader.get_previous()):
        if wanted(entry, process):
            found.append(entry)
    for entry in reversed(found):
        print(line_of(entry))
    if not follow:
        return
    reader.seek_tail()
    reader.get_previous()
    while True:
        for entry in reader:
            if wanted(entry, process):
                print(line_of(entry), flush=True)
        reader.wait(0.25)


def wanted(entry: dict[str, Any], process: str) -> bool:
    """Whether an entry is a line of a container, of the process where one was named."""
    name = str(entry.get("MOORING_PROCESS", ""))
    return "CONTAINER_NAME" in entry and (not process or process in (name, name.rpartition(".")[0]))


def line_of(entry: dict[str, Any]) -> str:
    when = entry["__REALTIME_TIMESTAMP"].astimezone().isoformat(timespec="milliseconds")
    return f"{when} {entry.get('MOORING_PROCESS', '')}: {str(entry.get('MESSAGE', '')).rstrip()}"
