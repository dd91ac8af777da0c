"""Remove what no release needs any more: every night, by mooring-cleanup.timer.

python -m units.host.cleanup
"""

import os
import sys

from mooring.backup import overdue
from mooring.host.refusal import Refusal
from mooring.pipeline import cleanup


def main() -> None:
    os.umask(0o022)
    overdue.tell_all()
    try:
        cleanup.alone(lambda line: print(line, flush=True))
    except Refusal as refusal:
        sys.exit(str(refusal))


if __name__ == "__main__":
    main()
