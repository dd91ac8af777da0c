"""The last words of an install: what there is now, and what to type next."""

from mooring.host.paths import AUTHORIZED_KEYS, GIT_USER
from mooring.setup import sample, settings
from mooring.setup.program import succeeds
from mooring.setup.terminal import detail, step, warn


def say() -> None:
    domain = settings.current_domain()
    step("Mooring is installed")
    if sample.LIVE.exists():
        detail(f"The sample: {sample.url()}")
    if not AUTHORIZED_KEYS.exists() or not AUTHORIZED_KEYS.stat().st_size:
        detail(f"Your key:   cat ~/.ssh/id_ed25519.pub | ssh YOU@{domain} sudo mooring access:add YOUR-NAME")
    detail(f"Your app:   git push {GIT_USER}@{domain}:my-app main")
    if not domain.endswith(".sslip.io") and not succeeds("getent", "ahosts", f"my-app.{domain}"):
        warn(f"my-app.{domain} does not resolve yet: make a DNS record *.{domain} with this server's address")
