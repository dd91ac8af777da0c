"""Build an image from the repository's own Dockerfile."""

from pathlib import Path

from builders import buildkit, complaint
from mooring.host.names import ReleaseName
from mooring.host.refusal import die
from mooring.pipeline.journal import Log


def detect(folder: Path) -> bool:
    """Whether this is how the folder is built."""
    return (folder / "Dockerfile").is_file()


def build(name: ReleaseName, folder: Path, context: Path, log: Log, *, fresh: bool) -> None:
    """Make the release's image by the Dockerfile of `folder`, which may copy what is in `context`.

    Raises Refusal when it fails; `fresh` uses no cached layer.
    """
    log.step("Dockerfile found: building")
    progress = buildkit.Progress(log)

    def failed(status: int) -> None:
        if not progress.error:
            die(f"the Dockerfile does not build: docker ended with status {status}", "push again")
        why, hint = complaint.explain(progress.complaint)
        die(f"the Dockerfile does not build: {why}", hint)

    options = [] if folder == context else [f"--file={folder / 'Dockerfile'}"]
    options += ["--no-cache", "--pull"] if fresh else []
    buildkit.build(name, context, progress, *options, failed=failed)
