"""Start the releases whose turn it is in a stage: what its path unit begins.

python -m units.pipeline.dispatch build
"""

import sys

from mooring.host.refusal import Refusal
from mooring.pipeline import dispatch

if __name__ == "__main__":
    try:
        dispatch.dispatch(sys.argv[1])  # type: ignore[arg-type]
    except Refusal as refusal:
        sys.exit(str(refusal))
