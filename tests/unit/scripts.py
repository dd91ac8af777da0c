"""Running a part of a buildpack's scripts by itself, as they run it: by bash, in the folder of an app."""

import subprocess
from pathlib import Path

PACKS = Path(__file__).resolve().parents[2] / "buildpacks"


def bash(script: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a script in an app's folder; `$PACKS` is where our buildpacks are."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        text=True,
        capture_output=True,
        check=False,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "PACKS": str(PACKS), **environment},
    )
