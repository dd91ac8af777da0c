"""ExecStart of mooring-verify@: restore the newest backup of a service into one that is made for that, and compare.

python -m units.backup.verify postgres.orders
"""

import os
import sys

from mooring.backup import proof


def main() -> None:
    os.umask(0o022)
    given = proof.give(sys.argv[1])
    for line in given.lines:
        print(line, flush=True)
    sys.exit(given.why if given.result != "ok" else 0)


if __name__ == "__main__":
    main()
