"""Build an image by buildpacks (devcenter.heroku.com/articles/buildpack-api), in the Dockerfile beside this."""

import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from builders import buildkit, complaint, stack
from builders.buildpack import candidates, results, texts
from builders.workspace import Workspace
from mooring.app import link
from mooring.app.apps import App
from mooring.app.choices import Choices
from mooring.host import files, paths, settings
from mooring.host.refusal import die
from mooring.pipeline.journal import Log
from mooring.release.plan import Results

HERE = Path(__file__).parent
REFUSAL = re.compile(r"mooring-refusal: (.*)")
FAILURE = re.compile(r"mooring-failed: (.*)")
LAST_FAILURE = re.compile(r"mooring-last-failure: (.*)")
ABOUT = re.compile(r"mooring-about: (\S+) ?(\S*)")
REASON = re.compile(r" ! +(\S.*)")
"""How buildpacks say what is wrong: in one line or a block of them, the first of which is the summary."""
STEP = re.compile(r"(?:-----|=====)> *(.*\S)")
HEROKU = re.compile(r"----->|=====>|       | !     ")
SOURCES = {"pip": Path("/etc/pip.conf"), "npm": Path("/etc/npmrc")}
"""The host's own, of where packages come from: they may hold a password, so no layer gets them."""


class Progress(buildkit.Progress):
    """What the buildpacks print, as Heroku shows it; nothing of the Dockerfile that runs them."""

    refusal = ""
    failure = ""
    command = ""
    reason = ""
    in_reason = False
    about: tuple[str, str] = ("", "")

    def step(self, number: str, text: str) -> None:
        pass

    def cached(self) -> None:
        pass

    def output(self, text: str) -> None:
        if said := REFUSAL.match(text):
            self.refusal = said[1]
            return
        if said := FAILURE.match(text):
            self.failure = said[1]
            return
        if said := LAST_FAILURE.match(text):
            self.command = said[1]
            return
        if said := ABOUT.match(text):
            self.about = (said[1], said[2])
            return
        is_reason = text.startswith(" !")
        if is_reason and not self.in_reason:
            self.reason = ""
        if (said := REASON.match(text)) and not self.reason:
            self.reason = said[1]
        self.in_reason = is_reason
        if HEROKU.match(text):
            self.log.raw(text)
        else:
            self.log.line(text)


def cause(output: Iterable[str], command: str) -> str:
    """Why a buildpack that did not say so itself ended: what was printed after its last step, or that nothing was.

    `command` is the one of bin/compile that failed last, where that is known.
    """
    step, after = "", list[str]()
    for line in output:
        if line.startswith("mooring-"):
            continue
        if said := STEP.match(line):
            step, after = said[1], []
        else:
            after.append(line)
    if reason := complaint.cause(after):
        return reason
    return (
        "it said nothing" + (f" after {step!r}" if step else "") + (f", and ended with `{command}`" if command else "")
    )


def build(workspace: Workspace, log: Log, *, choices: Choices, commit: str, fresh: bool) -> Results:
    """Make the release's image; raise Refusal when no buildpack takes the app, or the one that does fails.

    Returns what the buildpacks say of it.

    `fresh` uses no cached layer.
    """
    app = App(workspace.release.app)
    config = link.merged(app)
    run_image, build_image = stack.images(choices, log)
    texts.settle(workspace.folder, workspace.repository, log)
    candidates.lay_out(workspace, choices, config, log)
    shutil.copy(HERE / "Dockerfile", workspace.root)
    shutil.copytree(HERE / "inside", workspace.root / "inside", dirs_exist_ok=True)
    progress = Progress(log)

    def failed(status: int) -> None:
        if progress.failure:
            reason = progress.reason or cause(progress.complaint.output, progress.command)
            die(f"{progress.failure}: {reason}", "" if reason.endswith(")") else "mend that, then push again")
        if progress.refusal:
            die(progress.refusal)
        if not progress.error:
            die(f"the build failed: docker ended with status {status}", "push again")
        why, hint = complaint.explain(progress.complaint)
        die(f"the build failed: {why}", hint)

    with tempfile.NamedTemporaryFile(dir=paths.RUN, prefix="config.") as secret:
        secret.write("".join(f"{key}={value}\0" for key, value in config.items()).encode())
        secret.flush()
        arguments = {
            "BUILD_IMAGE": build_image,
            "RUN_IMAGE": run_image,
            "BUILD_SUBDIR": workspace.subfolder,
            "REQUEST_ID": str(workspace.release),
            "SOURCE_VERSION": commit,
            "GIT_REV": commit,
            "DETECT_TIMEOUT": str(settings.load().builds_detect_timeout),
            "CACHE": f"{app.name}-{choices.build_cache}",
        }
        buildkit.build(
            workspace.release,
            workspace.root,
            progress,
            f"--secret=id=config,src={secret.name}",
            *(f"--secret=id={key},src={path}" for key, path in SOURCES.items() if path.exists()),
            *(f"--build-arg={key}={value}" for key, value in arguments.items()),
            *(["--no-cache"] if fresh else []),
            failed=failed,
        )
    files.remove_tree(workspace.root / "buildpacks")
    return results.told(*progress.about) or results.read(workspace.release.image)
