"""Building again: `rebuild*`."""

from mooring.access.actor import actor
from mooring.app import apps
from mooring.app.apps import App
from mooring.commands import APP, command
from mooring.host.refusal import Refusal
from mooring.pipeline.rebuild import rebuild


@command("rebuild", "mooring rebuild my-app", APP)
def again(app: str) -> int:
    """Build the live commit again and deploy it."""
    return rebuild(apps.find(app), actor(), fresh=False)


@command("rebuild:force", "mooring rebuild:force my-app", APP)
def force(app: str) -> int:
    """Build the live commit again from nothing, without any cached layer or dependency, and deploy it."""
    return rebuild(apps.find(app), actor(), fresh=True)


@command("rebuild:all", "mooring rebuild:all")
def every() -> int:
    """Rebuild every app that is live, one after the other; goes on when one fails."""
    failed = [app.name for app in apps.every() if app.live and not goes_well(app)]
    if failed:
        print(f" !     Not rebuilt: {', '.join(failed)}.")
    return 1 if failed else 0


def goes_well(app: App) -> bool:
    print(f"-----> {app.name}", flush=True)
    try:
        return rebuild(app, actor(), fresh=False) == 0
    except Refusal as refusal:
        print(f" !     {refusal}", flush=True)
        return False
