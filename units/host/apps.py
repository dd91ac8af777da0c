"""Start every service, every process of every live release, and what is attached to apps: what mooring.target wants.

python -m units.host.apps
"""

import os

from mooring.app import apps, attachment
from mooring.release import releases
from mooring.service import exposure, services
from mooring.telling import drain, webhook


def units() -> list[str]:
    drains = [drain.unit(each) for each in attachment.of(drain.KIND)]
    hooks = [webhook.path_unit(each) for each in attachment.of(webhook.KIND)]
    known = list(services.every())
    servers = [each.name.unit for each in known if not each.stopped]
    servers += [exposure.unit(each.name) for each in known if each.expose]
    return [*servers, *drains, *hooks] + [
        container.unit
        for app in apps.every()
        if (live := app.live) and not ((choices := app.choices()).stopped or choices.disabled)
        for container in releases.load(live).containers
    ]


def main() -> None:
    if wanted := units():
        os.execv("/usr/bin/systemctl", ["systemctl", "start", "--no-block", *wanted])  # noqa: S606


if __name__ == "__main__":
    main()
