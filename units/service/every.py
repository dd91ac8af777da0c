"""Start every service, and what lets others reach it: what mooring-services.target wants.

python -m units.service.every
"""

from mooring.host import systemd
from mooring.service import exposure, services


def main() -> None:
    known = list(services.every())
    units = [each.name.unit for each in known if not each.stopped]
    units += [exposure.unit(each.name) for each in known if each.expose]
    if units:
        systemd.start(units, "--no-block")


if __name__ == "__main__":
    main()
