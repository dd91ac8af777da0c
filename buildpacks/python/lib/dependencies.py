"""dependencies.py PYPROJECT OUT: write [project] dependencies of a pyproject.toml as a requirements file."""

import sys
import tomllib
from pathlib import Path

source, out = map(Path, sys.argv[1:])
try:
    project = tomllib.loads(source.read_text("utf-8-sig"))["project"]
except tomllib.TOMLDecodeError as error:
    sys.exit(f"error: it is not TOML: {error}")
except KeyError:
    sys.exit("error: it has no [project] and no [build-system]: write the dependencies there, or a requirements.txt")
out.write_text("".join(f"{line}\n" for line in project.get("dependencies", [])))
