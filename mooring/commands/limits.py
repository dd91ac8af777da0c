"""How limits are typed and shown. (Not a command.)"""

from mooring.app.apps import App
from mooring.commands import listing
from mooring.host.names import JOB, ONE_OFF
from mooring.host.refusal import die
from mooring.release import formation
from mooring.release.process import Process


def show(app: App, known: tuple[Process, ...], process: str, json: bool) -> None:
    """Show the limits of an app's processes, or of one, and those of what runs once."""
    run = formation.applied((Process(ONE_OFF, 0), Process(JOB, 0)), app.choices())
    shown = [each for each in (*known, *run) if process in ("", each.name)]
    rows = [{"process": each.name, **each.limits._asdict()} for each in shown]
    if not json:
        rows = [
            {
                "process": each.name,
                "memory": formation.size(each.limits.memory) if each.limits.memory else "no limit",
                "cpu": each.limits.cpu or "no limit",
                "pids": each.limits.pids or "4096",
            }
            for each in shown
        ]
    listing.show(rows, as_json=json)


def parse(kind: str, word: str) -> str | int | float | None:
    """What app.toml has of a limit that was typed, None for no limit; raise Refusal for what is none."""
    import os

    if kind == "memory":
        return word.lower() if formation.memory("--memory", word) else None
    try:
        number = int(word) if kind == "pids" else float(word)
    except ValueError:
        number = -1
    if kind == "pids":
        return formation.pids("--pids", int(number)) or None
    if number > (cores := os.cpu_count() or 1):
        die(f"--cpu is {word[:20]}, and this server has {cores} cores", f"a number up to {cores}, e.g. 0.5")
    return formation.cpu("--cpu", number) or None
