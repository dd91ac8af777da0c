"""Make the stack images: where they are missing, as install.sh does, or anew, as `mooring stack:update` does.

python -m builders.stack [--fresh]
"""

import sys

from builders import stack
from mooring.host.refusal import Refusal

if __name__ == "__main__":
    try:
        stack.make(lambda line: print(line, flush=True), fresh="--fresh" in sys.argv[1:])
    except Refusal as refusal:
        sys.exit(f" !     {refusal}")
