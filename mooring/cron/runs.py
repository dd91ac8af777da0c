"""The units of a job's runs."""

from mooring.host import systemd

MOST = 20
"""Runs of a job at a time, where it allows several."""


def unit(app: str, job: str, number: int = 1) -> str:
    """`mooring-cron@my-app.report.service`, and that of the second run at a time, `…report.2.service`."""
    return f"mooring-cron@{app}.{job}{f'.{number}' if number > 1 else ''}.service"


def free(app: str, job: str) -> str:
    """The first of a job's units that runs nothing; empty where all do."""
    units = [unit(app, job, number) for number in range(1, MOST + 1)]
    return next((each for each in units if systemd.state_of(each) in ("inactive", "failed")), "")
