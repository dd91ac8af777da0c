"""What an operator would look at, looked at: findings, each with what to do."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from mooring.host.refusal import Refusal


class Finding(NamedTuple):
    """Something that is not as it should be: where, what, and what to do or type."""

    where: str
    problem: str
    remedy: str


Examination = Callable[[], Iterable[Finding]]


def examine() -> list[Finding]:
    """Every finding; the examinations run side by side, for most of them wait for a program."""
    from concurrent.futures import ThreadPoolExecutor

    from mooring.doctor import apps, backups, certificates, cron, host, pipeline, volumes

    modules = (host, pipeline, apps, certificates, volumes, cron, backups)
    examinations = tuple(each for module in modules for each in module.EXAMINATIONS)
    with ThreadPoolExecutor(len(examinations)) as pool:
        return [finding for found in pool.map(run, examinations) for finding in found]


def run(examination: Examination) -> list[Finding]:
    """What one examination finds; that it cannot examine is a finding too."""
    try:
        return list(examination())
    except Refusal as refusal:
        return [Finding(examination.__name__, refusal.message, refusal.hint or "mend it")]
    except Exception as error:
        return [Finding(examination.__name__, f"could not be examined: {error!s:.200}", "`journalctl -t mooring`")]


def output(*argv: str) -> tuple[int, str]:
    """Exit status and all that a program printed; 127 where it is not there."""
    import subprocess

    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError:
        return 127, f"{argv[0]} is not installed"
    return done.returncode, done.stdout + done.stderr


def show(units: list[str], properties: str) -> dict[str, dict[str, str]]:
    """What systemd says of units (systemctl(1), show), by their names."""
    if not units:
        return {}
    _, text = output("systemctl", "show", f"--property=Id,{properties}", *units)
    blocks = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in text.split("\n\n")]
    return {block["Id"]: block for block in blocks if "Id" in block}
