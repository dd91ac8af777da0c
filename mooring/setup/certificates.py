"""Certificates that come by themselves, where an e-mail address was given. They are settings: they stay."""

from mooring.host.refusal import die
from mooring.setup.code import LAUNCHER
from mooring.setup.program import indented
from mooring.setup.terminal import step


def set_up(email: str) -> None:
    """Have every app get its certificates by itself; `email` is whom the authority writes to, empty to leave it."""
    if not email:
        return
    step("Switching https on")
    if not indented(str(LAUNCHER), "certs:auto-global", "on", "--email", email):
        die("certificates cannot be got by themselves", "the reason is above; run this again when it is gone")
