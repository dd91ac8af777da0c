"""The images: the stack's, which apps without a Dockerfile are built in and run on, and those that came of pushes."""

from mooring.host.paths import PYTHON
from mooring.host.refusal import die
from mooring.setup import NOTES
from mooring.setup.program import answer, indented, succeeds
from mooring.setup.terminal import step

BASE = "debian:trixie-slim"
BASE_NOTE = NOTES / "base-image"
"""There where builders/stack/base made the image, and did not find or pull it."""


def set_up(called: str) -> None:
    """Make the stack image. A push that finds none makes it too. `called` is what the person typed."""
    step("Making the stack image for apps without a Dockerfile")
    if not indented(str(PYTHON), "-I", "-m", "builders.stack", errors=True):
        die("the stack image could not be made", f"the reason is above; without it: {called} --no-stack")


def take_down() -> None:
    """Take every image of Mooring's away."""
    if not succeeds("docker", "version"):
        return
    named = [
        "--filter",
        "reference=mooring/*",
        "--filter",
        "reference=mooring-stack",
        "--filter",
        "reference=mooring-service/*",
    ]
    if images := answer("docker", "images", *named, "--format", "{{.Repository}}:{{.Tag}}").split():
        answer("docker", "rmi", "-f", *images)
    if BASE_NOTE.exists():
        succeeds("docker", "rmi", BASE)
