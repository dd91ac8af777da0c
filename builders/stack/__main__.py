"""python -m builders.stack: make the stack images where they are missing, as install.sh does."""

import sys

from builders import stack
from mooring.refusal import Refusal

if __name__ == "__main__":
    try:
        stack.make(lambda line: print(line, flush=True))
    except Refusal as refusal:
        sys.exit(f" !     {refusal}")
