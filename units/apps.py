"""Start every process of every live release, and what is attached to apps: what mooring.target wants.

python -m units.apps
"""

import os

from mooring import app as apps
from mooring import attachment, drain, hook, release


def units() -> list[str]:
    drains = [drain.unit(each) for each in attachment.of(drain.KIND)]
    hooks = [hook.path_unit(each) for each in attachment.of(hook.KIND)]
    return [*drains, *hooks] + [
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
