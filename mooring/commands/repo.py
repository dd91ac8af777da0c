"""What builds keep of an app: `repo:*`."""

from mooring.app import apps
from mooring.commands import APP, command


@command("repo:purge-cache", "mooring repo:purge-cache my-app", APP)
def purge_cache(app: str) -> None:
    """Throw away what an app's buildpacks keep from build to build."""
    target = apps.find(app)
    target.purge_build_cache()
    print(f"The next build of {app} begins with an empty cache")
