"""The firewall: it is the operator's, and is only spoken of."""

from mooring.setup.program import heard
from mooring.setup.terminal import warn


def set_up() -> None:
    if heard("ufw", "status").startswith("Status: active"):
        warn("the firewall is on: `ufw allow 80/tcp && ufw allow 443/tcp` lets people reach the apps")
