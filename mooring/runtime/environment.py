"""What a container finds in its environment."""

from mooring.host.names import ContainerName
from mooring.release import releases
from mooring.release.process import DEFAULT_PORT, Process
from mooring.release.releases import Release


def of(record: Release, container: ContainerName, process: Process) -> dict[str, str]:
    """What the process finds in its environment: the release's config vars, and what Mooring decided."""
    port = process.port or (DEFAULT_PORT if process.command else None)
    return {
        **record.defaults,
        **releases.config(record.name),
        "MOORING_APP": record.name.app,
        "MOORING_RELEASE": f"v{record.name.number}",
        "MOORING_PROCESS": container.label,
        "SOURCE_VERSION": record.commit,
        **({"PORT": str(port)} if port else {}),
    }
