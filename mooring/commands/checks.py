"""How an app's processes are asked whether they are ready, and whether they are alive: `checks*`."""

from typing import Any

from mooring.app import apps, checks
from mooring.app.apps import App
from mooring.app.checks import Check
from mooring.commands import APP, JSON, argument, command
from mooring.commands.listing import show
from mooring.host.refusal import die
from mooring.pipeline import choice
from mooring.release import releases
from mooring.release.process import Process

PROCESS = argument("process", metavar="PROCESS", help="e.g. web")
PROCESSES = argument("process", metavar="PROCESS", nargs="?", default="", help="all without it")
LIVENESS = argument("--liveness", action="store_true", help="the check of whether it is alive, not whether it is ready")
KEYS = ("path", "content", "port", "attempts", "wait", "timeout", "initialDelay", "uptime", "listening", "command")


@command("checks", "mooring checks my-app", APP, JSON)
def list_(app: str, json: bool) -> None:
    """Show how the processes of an app are asked whether they are ready (startup), and alive (liveness)."""
    from mooring.commands import ps

    target = apps.find(app)
    rows = []
    for process in ps.processes_of(target):
        rows.append(row("startup", process, process.readiness, process.chosen_check))
        if alive := process.watch or process.chosen_liveness or process.liveness:
            rows.append(row("liveness", process, alive, process.chosen_liveness))
    show(rows, as_json=json, empty=f"{app} was never deployed: its app.json says how it is asked")


def row(kind: str, process: Process, check: Check, chosen: Check | None) -> dict[str, Any]:
    asks = question(check, process)
    return {
        "process": process.name,
        "type": kind,
        "asks": asks,
        "attempts": check.attempts if asks.startswith(("GET", "runs")) or kind == "liveness" else "",
        "wait": check.wait,
        "timeout": check.timeout,
        "chosen-by": "checks:set" if chosen else "its source" if check != Check() else "default",
    }


def question(check: Check, process: Process) -> str:
    """What a check asks, for people."""
    return ", then ".join(asked(each, process) for each in (check, *check.others))


def asked(check: Check, process: Process) -> str:
    port = check.port or process.port
    if check == checks.DISABLED:
        return "nothing: disabled"
    if check.kind == "image":
        return "the image's HEALTHCHECK"
    if check.kind == "command":
        return f"runs {' '.join(check.command)}"
    if port is None or check.kind == "uptime":
        return f"alive for {check.uptime:g} s"
    if check.kind == "path":
        return f"GET {check.path} on port {port}"
    return f"port {port} answers GET /" if check.kind == "" and port == process.port else f"port {port} listens"


@command(
    "checks:set",
    "mooring checks:set my-app web path=/up attempts=10 wait=2",
    LIVENESS,
    APP,
    PROCESS,
    argument("pairs", metavar="KEY=VALUE", nargs="+", help=f"of app.json's: {', '.join(KEYS)}"),
)
def set_(app: str, process: str, pairs: list[str], liveness: bool) -> None:
    """Ask a process otherwise than its app.json says, from the next release on."""
    target, known = found(app, process)
    given = parse(pairs)
    table = table_of(liveness)

    def changed(now: dict[str, Any] | None) -> dict[str, Any]:
        return {**{key: value for key, value in (now or {}).items() if key != "disabled"}, **given}

    entry = changed(getattr(target.choices(), table).get(process))
    check = checks.parse_one(f"{table}.{process}", entry)
    if liveness and (check.kind == "uptime" or (check.kind != "command" and known and not (check.port or known.port))):
        die(f"that asks nothing of whether {process} is alive", "path=/up or listening=true (and port=N), or command=…")
    target.choose(**{table: lambda now: choice.merged(now, {process: changed})})
    asked = checks.of_liveness(check) if liveness else check
    say(target, f"{process} is asked so: {question(asked, known or Process(process))}")


@command("checks:unset", "mooring checks:unset my-app web", LIVENESS, APP, PROCESS)
def unset(app: str, process: str, liveness: bool) -> None:
    """Ask a process as its app.json says, from the next release on."""
    target, _ = found(app, process)
    target.choose(**{table_of(liveness): lambda now: choice.merged(now, {process: None})})
    say(target, f"{process} is asked as its source says")


@command("checks:disable", "mooring checks:disable my-app web", LIVENESS, APP, PROCESSES)
def disable(app: str, process: str, liveness: bool) -> None:
    """Ask nothing, from the next release on: what has been started gets requests at once, ready or not."""
    change(app, process, liveness, disabled=True)


@command("checks:enable", "mooring checks:enable my-app web", LIVENESS, APP, PROCESSES)
def enable(app: str, process: str, liveness: bool) -> None:
    """Ask again what `checks:disable` left unasked, from the next release on."""
    change(app, process, liveness, disabled=None)


def change(app: str, process: str, liveness: bool, *, disabled: bool | None) -> None:
    target, _ = found(app, process)
    if not process and not target.live:
        die(f"{app} was never deployed", f"name a process: `mooring checks:disable {app} web`")
    live = releases.load(target.live).processes if target.live else ()
    wanted = [process] if process else [each.name for each in live if each.quantity]

    def changed(now: dict[str, Any]) -> dict[str, Any] | None:
        return choice.merged(now, {name: choice.merged(now.get(name, {}), {"disabled": disabled}) for name in wanted})

    target.choose(**{table_of(liveness): changed})
    kind = "alive" if liveness else "ready"
    say(target, f"{', '.join(wanted)}: {'not ' if disabled else ''}asked whether {kind}")


def table_of(liveness: bool) -> str:
    return "liveness" if liveness else "checks"


def found(app: str, process: str) -> tuple[App, Process | None]:
    """The app, and its process where it was deployed; raise Refusal for one that it does not have."""
    from mooring.commands import ps

    target = apps.find(app)
    known = ps.processes_of(target)
    if process:
        ps.check_process(target, known, process, {"release", "run"})
    return target, next((each for each in known if each.name == process), None)


def parse(pairs: list[str]) -> dict[str, Any]:
    """An entry of app.json's healthchecks, of KEY=VALUE words; raise Refusal for what is none."""
    import shlex

    entry: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if key not in KEYS or not equals:
            die(f"{pair[:60]!r} is no KEY=VALUE of a check", f"the keys are {', '.join(KEYS)}")
        try:
            entry[key] = shlex.split(value) if key == "command" else typed(key, value)
        except ValueError:
            die(f"{pair[:60]!r}: a quote is not closed", "e.g. command='test -e /tmp/ready'")
    return entry


def typed(key: str, value: str) -> Any:
    if key in ("path", "content"):
        return value
    if key == "listening":
        if value.lower() not in ("true", "false"):
            die(f"listening cannot be {value[:60]!r}", "listening=true or listening=false")
        return value.lower() == "true"
    try:
        return int(value) if key in ("port", "attempts") else float(value)
    except ValueError:
        return value


def say(app: App, text: str) -> None:
    now = "" if app.live is None else f" (now: `mooring ps:restart {app.name}`)"
    print(f"{text}, from the next release on{now}")
