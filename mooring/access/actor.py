"""Who is doing this: recorded with every release."""

import os

RESTRICTED = "MOORING_DEVELOPS"
"""In the environment of a developer's command: the apps that it may be given for."""


def is_admin() -> bool:
    """Whether everything is allowed: an admin's key, or root on the server itself."""
    return RESTRICTED not in os.environ


def is_here() -> bool:
    """Whether root gives the command on the server itself, and no key over ssh."""
    return "MOORING_ACTOR" not in os.environ


def may_see(app: str) -> bool:
    """Whether whoever is doing this may know of the app."""
    return is_admin() or app in os.environ[RESTRICTED].split()


def actor() -> str:
    """The name of the admin's key, or of the user of the server behind sudo, or root."""
    return os.environ.get("MOORING_ACTOR") or os.environ.get("SUDO_USER") or "root"
