"""OnFailure of a stage: one that was killed again and again has failed its release, with the reason.

systemd comes here after every failure, also when it is about to run the stage again.

python -m units.pipeline.settle mooring-build@my-app.42
"""

import sys

from mooring.app import apps
from mooring.host import systemd
from mooring.host.names import ReleaseName
from mooring.pipeline import spool, stage
from mooring.pipeline.journal import Log


def main() -> None:
    unit = sys.argv[1].removeprefix("mooring-")
    which, _, instance = unit.partition("@")
    name = ReleaseName.parse(instance)
    if systemd.state_of(f"{sys.argv[1]}.service") != "failed":
        return
    for each in spool.STAGES:
        if each == which and spool.is_at_work(each, name):
            if apps.App(name.app).live == name:
                spool.finish(name, each)
                if each != "retire":
                    spool.put("retire", name)
            else:
                reason = f"the {each} stage was ended from outside: `journalctl -u {sys.argv[1]}` has the details"
                stage.fail(name, each, Log(name, each), reason)


if __name__ == "__main__":
    main()
