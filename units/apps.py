"""Start every process of every live release: what mooring.target wants, at boot and when an operator starts it.

python -m units.apps
"""

import os

from mooring import app as apps
from mooring import release


def units() -> list[str]:
    return [
        container.unit
        for app in apps.every()
        if (live := app.live) and not ((choices := app.choices()).stopped or choices.disabled)
        for container in release.load(live).containers
    ]


def main() -> None:
    if wanted := units():
        os.execv("/usr/bin/systemctl", ["systemctl", "start", "--no-block", *wanted])  # noqa: S606


if __name__ == "__main__":
    main()
