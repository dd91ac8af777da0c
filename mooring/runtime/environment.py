"""What a container finds in its environment."""

import time

from mooring.host import settings
from mooring.host.names import ContainerName
from mooring.release import releases
from mooring.release.process import DEFAULT_PORT, Process
from mooring.release.releases import Release


def of(record: Release, container: ContainerName, process: Process) -> dict[str, str]:
    """What the process finds in its environment: the release's config vars, and what Mooring decided."""
    config = releases.config(record.name)
    return {
        **record.defaults,
        **elsewhere(record, container),
        **config,
        "MOORING_APP": record.name.app,
        "MOORING_RELEASE": f"v{record.name.number}",
        "MOORING_PROCESS": container.label,
        "SOURCE_VERSION": record.commit,
        "PORT": str(process.port or config.get("PORT") or DEFAULT_PORT),
    }


def elsewhere(record: Release, container: ContainerName) -> dict[str, str]:
    """What apps made for Heroku (devcenter.heroku.com/articles/dyno-metadata) and Dokku look for, by their names."""
    app, created = record.name.app, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
    commit = {"GIT_REV": record.commit, "HEROKU_SLUG_COMMIT": record.commit, "HEROKU_BUILD_COMMIT": record.commit}
    return {
        "DYNO": container.label,
        "DOKKU_APP_NAME": app,
        "HEROKU_APP_NAME": app,
        "HEROKU_APP_DEFAULT_DOMAIN_NAME": f"{app}.{settings.load().domain}",
        "HEROKU_RELEASE_VERSION": f"v{record.name.number}",
        "HEROKU_RELEASE_CREATED_AT": created,
        **(commit if record.commit else {}),
    }
