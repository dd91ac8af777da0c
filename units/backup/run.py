"""ExecStart of mooring-backup@: back a service up; exit status 1 where that failed.

python -m units.backup.run postgres.orders
"""

import os
import sys

from mooring.backup import run


def main() -> None:
    os.umask(0o022)
    made = run.make(sys.argv[1])
    if made.result == "ok":
        print(f"{made.id[:8]}: {made.bytes} bytes in {made.ended - made.began:.1f} s", flush=True)
    sys.exit(made.why if made.result != "ok" else 0)


if __name__ == "__main__":
    main()
