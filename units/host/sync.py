"""Deploy what is new in the repository that an app follows: what the app's timer starts.

python -m units.host.sync my-app
"""

import os
import sys

from mooring.app import apps, sync
from mooring.host.refusal import Refusal
from mooring.pipeline import intake


def main() -> None:
    os.umask(0o022)
    os.environ["MOORING_ACTOR"] = "sync"
    try:
        app = apps.find(sys.argv[1])
        if followed := sync.load(app):
            intake.sync(app, followed, "sync", polled=True)
    except Refusal as refusal:
        sys.exit(str(refusal))


if __name__ == "__main__":
    main()
