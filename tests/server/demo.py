"""install.sh --throwaway: Mooring on a throwaway server, to look at."""

import contextlib
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.server.cache import CHECKOUT, Failure
from tests.server.installed import SOURCE
from tests.server.throwaway import Server

ADMIN_KEY = "/root/admin.pub"
LAST_WORDS = b"-----> Mooring is installed"
"""From here on install.sh speaks to somebody at the server."""


def step(text: str) -> None:
    print(f"-----> {text}", flush=True)


def detail(text: str) -> None:
    print(f"       {text}", flush=True)


def install(name: str, options: list[str], admin_key: str, boot: Callable[[], Server]) -> None:
    """Put this checkout on a server and run its install.sh there, with these of its options; again: upgrade it.

    `admin_key` is the file of a public key, or "". `boot` gives the server, and says so where it has to boot it.
    """
    server = boot()
    detail(f"{name} has the address {server.address}")
    step("Copying this checkout to it")
    copy_checkout(server)
    if admin_key:
        server.put(ADMIN_KEY, Path(admin_key).read_text())
        options = [*options, "--admin-key", ADMIN_KEY]
    run_install(server, options)
    step(f"The throwaway server is at {server.address}")
    with contextlib.suppress(AssertionError):
        host = server.run(["mooring", "url", "hello"]).stdout.strip().partition("://")[2]
        detail(f"See it:     curl -H 'Host: {host}' http://{server.address}/")
    if not admin_key:
        detail(f"Your key:   sudo tests/throwaway shell {name} mooring access:add me < ~/.ssh/id_ed25519.pub")
    detail(f"Your app:   git push mooring@{server.address}:my-app main")
    detail(f"Its shell:  sudo tests/throwaway shell {name}")
    detail(f"Remove it:  sudo tests/throwaway down {name}")


def copy_checkout(server: Server) -> None:
    left_out = [f"--exclude={pattern}" for pattern in (".git", "__pycache__", ".*_cache")]
    with subprocess.Popen(["tar", "-C", CHECKOUT, *left_out, "-c", "."], stdout=subprocess.PIPE) as tar:
        unpack = f"rm -rf {SOURCE} && mkdir {SOURCE} && tar -C {SOURCE} -x --no-same-owner"
        status = server.popen(["sh", "-c", unpack], stdin=tar.stdout).wait()
    if status or tar.returncode:
        raise Failure("this checkout could not be copied to the server")


def run_install(server: Server, options: list[str]) -> None:
    """Show what it says, but for its last words: this machine's are other ones."""
    argv = [f"{SOURCE}/install.sh", *options]
    with server.popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout
        lines = iter(process.stdout)
        for line in lines:
            if line.startswith(LAST_WORDS):
                break
            print(line.decode(errors="replace"), end="", flush=True)
        for _ in lines:
            pass
    if process.returncode:
        raise SystemExit(1)
