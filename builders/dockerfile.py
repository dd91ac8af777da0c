"""Build an image from the repository's own Dockerfile."""

from pathlib import Path

from builders import buildkit, complaint
from builders.workspace import Workspace
from mooring.app.choices import Choices
from mooring.host.refusal import die
from mooring.pipeline.journal import Log

MISSING_STAGE = "could not be found"


def detect(place: Workspace, choices: Choices) -> bool:
    """Whether this is how the app is built; raise Refusal where the Dockerfile that was chosen is not there."""
    found = path(place, choices).is_file()
    if choices.dockerfile_path and choices.builder != "buildpack" and not found:
        die(
            f"the repository has no {wanted(choices)}, which is the app's dockerfile-path",
            f"push one that has, or `mooring builder:set {place.release.app} dockerfile-path PATH`",
        )
    return found


def wanted(choices: Choices) -> str:
    """The Dockerfile's place in the repository, as people write it."""
    name = choices.dockerfile_path or "Dockerfile"
    return f"{choices.build_dir}/{name}" if choices.build_dir else name


def path(place: Workspace, choices: Choices) -> Path:
    """The Dockerfile. It may be a link, which does not leave the repository: BuildKit itself follows none."""
    found = place.folder / (choices.dockerfile_path or "Dockerfile")
    target = found.resolve()
    return target if target.is_relative_to(place.repository.resolve()) else found


def build(place: Workspace, log: Log, *, choices: Choices, commit: str, fresh: bool) -> None:
    """Make the release's image by the app's Dockerfile, which may copy what is in the repository.

    Raises Refusal when it fails; `fresh` uses no cached layer.
    """
    log.step(f"{choices.dockerfile_path or 'Dockerfile'} found: building")
    progress = buildkit.Progress(log)
    stage = choices.build_target

    def failed(status: int) -> None:
        if stage and f'"{stage}" {MISSING_STAGE}' in progress.error:
            die(
                f"the Dockerfile has no stage {stage}, which is the app's target",
                f"write `FROM … AS {stage}`, or `mooring builder:set {place.release.app} target` for the last one",
            )
        if not progress.error:
            die(f"the Dockerfile does not build: docker ended with status {status}", "push again")
        why, hint = complaint.explain(progress.complaint)
        die(f"the Dockerfile does not build: {why}", hint)

    # Heroku's name of the commit, and Dokku's: a stage that declares no ARG of that name does not see it.
    arguments = {"SOURCE_VERSION": commit, "GIT_REV": commit, **choices.build_args}
    dockerfile = path(place, choices)
    buildkit.build(
        place.release,
        place.repository,
        progress,
        *([] if dockerfile == place.repository / "Dockerfile" else [f"--file={dockerfile}"]),
        *([f"--target={stage}"] if stage else []),
        *(f"--build-arg={name}={value}" for name, value in arguments.items()),
        *(["--no-cache", "--pull"] if fresh else []),
        failed=failed,
    )
