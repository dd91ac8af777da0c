"""Who is doing this: recorded with every release."""

import os


def actor() -> str:
    """The name of the admin's key, or of the user of the server behind sudo, or root."""
    return os.environ.get("MOORING_ACTOR") or os.environ.get("SUDO_USER") or "root"
