"""Building again: `rebuild*`."""

from mooring import app as apps
from mooring import deploying
from mooring.actor import actor
from mooring.commands import APP, command


@command("rebuild", "mooring rebuild my-app", APP)
def rebuild(app: str) -> int:
    """Build the live commit again and deploy it."""
    return deploying.rebuild(apps.find(app), actor(), fresh=False)


@command("rebuild:force", "mooring rebuild:force my-app", APP)
def force(app: str) -> int:
    """Build the live commit again without any cached layer, and deploy it."""
    return deploying.rebuild(apps.find(app), actor(), fresh=True)


@command("rebuild:all", "mooring rebuild:all")
def every() -> int:
    """Rebuild every app that is live, one after the other; goes on when one fails."""
    failed = [app.name for app in apps.every() if app.live and deploying.rebuild(app, actor(), fresh=False)]
    if failed:
        print(f" !     not rebuilt: {', '.join(failed)}")
    return 1 if failed else 0
