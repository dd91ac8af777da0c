"""ExecStopPost of mooring-backup@ and mooring-verify@: tell of one that failed; remove what was made for a proof.

    python -m units.backup.end backup postgres.orders

Whatever has ended it: what it could not do itself is done here.
"""

import os
import sys

from mooring.backup import outcome, proof, report


def main() -> None:
    os.umask(0o022)
    _, what, subject = sys.argv
    if what == outcome.PROOF:
        proof.clear(subject)
    report.settle(subject, what)


if __name__ == "__main__":
    main()
