"""Where things are on a server. The listing of these directories is the state of Mooring."""

from pathlib import Path

CODE = Path("/opt/mooring/current")
PYTHON = Path("/opt/mooring/venv/bin/python")

SETTINGS = Path("/etc/mooring/mooring.toml")
KEYS = Path("/etc/mooring/keys.toml")
AUTHORIZED_KEYS = Path("/etc/mooring/authorized_keys")

APPS = Path("/var/lib/mooring/apps")
BUILDS = Path("/var/lib/mooring/builds")
"""What is being built, a folder for each app, root's alone."""
DRAINS = Path("/var/lib/mooring/drains")
HOOKS = Path("/var/lib/mooring/hooks")
"""The log drains and the webhooks of apps, a file each, root's alone."""
VOLUMES = Path("/var/lib/mooring/volumes")
"""What apps keep: a folder for each volume, and beside it a hidden one with what is known of it."""
SERVICES = Path("/var/lib/mooring/services")
"""The databases and caches beside the apps: a folder for each kind, and in it one for each service."""
CERTIFICATES = Path("/var/lib/mooring/certificates")
"""The certificates of all apps and their keys, root's alone."""
CHALLENGES = Path("/var/lib/mooring/challenges")
"""What nginx serves to authorities below /.well-known/acme-challenge/, and nothing else is in it (RFC 8555, 8.3)."""
BACKUPS = Path("/var/lib/mooring/backups")
"""Where backups go, the password and the key that they take, and how the last ones ended; root's alone."""
SPOOL = Path("/var/spool/mooring")
RUN = Path("/run/mooring")

GIT_USER = "mooring"
