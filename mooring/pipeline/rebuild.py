"""Making a release out of the commit, or the image, that the app has already."""

import time

from mooring.app import apps
from mooring.app.apps import App
from mooring.host.refusal import die
from mooring.pipeline import deployment, intake
from mooring.pipeline.order import Order
from mooring.release import releases


def rebuild(app: App, actor: str, *, fresh: bool) -> int:
    """Build the commit of the live (else the newest) release again, wait for its end, return the exit status.

    One that was made from an image is made from it again. `fresh` uses no cached layer. Raises Refusal where there is
    no commit.
    """
    apps.refuse_disabled(app)
    live = releases.load(app.live) if app.live else None
    if live and live.from_image:
        return intake.image(app, live.from_image, actor)
    known = [r for r in releases.every(app) if r.commit]
    record = next((r for r in known if r.name == app.live), known[0] if known else None)
    if record is None:
        die(f"{app.name} has never been pushed to", "`git push` first")
    if fresh:
        app.purge_build_cache()
    return deployment.build(app, Order("rebuild", record.commit, record.branch, actor, time.time(), fresh))
