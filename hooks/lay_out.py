"""Lay a commit that the repository has out as the source of a release, as the git user: `rebuild` runs this.

python -m hooks.lay_out my-app.42 COMMIT [ADDRESS that it is from]
"""

import sys

from mooring.app.apps import App
from mooring.host.names import ReleaseName
from mooring.host.refusal import Refusal
from mooring.pipeline import source


def main() -> None:
    name = ReleaseName.parse(sys.argv[1])
    repository = App(name.app).repository
    try:
        source.lay_out(name, sys.argv[2], [repository / "objects"], source.shallow(repository), *sys.argv[3:4])
        source.keep(name)
    except Refusal as refusal:
        sys.exit(str(refusal))


if __name__ == "__main__":
    main()
