"""Servers with Mooring on them, as layers on the bare one: installed once, then upgraded to this checkout."""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.server import build_cache, registry, rootfs
from tests.server.cache import CHECKOUT, Failure, call, key, made, prune, say, step
from tests.server.diagnostics import diagnostics
from tests.server.network import Network
from tests.server.rootfs import Tree
from tests.server.ssh import ssh_key
from tests.server.throwaway import Server

DOMAIN = "apps.test"
SOURCE = "/root/mooring"


def installed(network: Network) -> Tree:
    """A trixie that `install.sh` of this checkout has run on, with an admin key and DOMAIN; switched off.

    The long part (packages, images) is kept for as long as what decides it stays the same; what the checkout
    changes on top is the upgrade that a user gets by running install.sh again.
    """
    base = rootfs.bare("trixie")
    decides = [(CHECKOUT / name).read_bytes() for name in ("install.sh", "pyproject.toml")]
    decides += [path.read_bytes() for path in build_cache.STACK if path.is_file()]
    recipe = key(str(base.layers[0]), *decides)
    first = made(
        f"installed-{recipe}",
        lambda folder: _layer(folder, base, network, "installing Mooring on it", install),
    )
    tree = Tree((first / "upper", *base.layers), first / "docker")
    recipe = key(recipe, str(registry.storage()), *build_cache.recipe())
    filled = made(
        f"filled-{recipe}",
        lambda folder: _layer(folder, tree, network, "filling its build cache", build_cache.fill),
    )
    installed_as = (first / "checkout").read_text()
    tree = Tree((filled / "upper", *tree.layers), filled / "docker")
    checkout = checkout_key()
    layers = {first, filled}
    if installed_as != checkout:
        upgraded = made(
            f"upgraded-{key(recipe, checkout)}",
            lambda folder: _layer(folder, tree, network, "upgrading it to this checkout", install),
        )
        layers.add(upgraded)
        tree = Tree((upgraded / "upper", *tree.layers), upgraded / "docker")
    (network.folder / "uses").write_text("\n".join(map(str, layers)))
    for name in ("installed", "filled", "upgraded"):
        prune(name, keep=layers, unused_for=6 * 3600)
    return tree


def _layer(folder: Path, tree: Tree, network: Network, what: str, do: Callable[[Server], object]) -> None:
    registry.serve(network)
    (folder / "checkout").write_text(checkout_key())
    step(f"booting a server and {what}")
    server = Server(tree, network, name=folder.name.strip(".").partition("-")[0])
    try:
        server.boot()
        do(server)
        server.shutdown()
        server.keep(folder)
    finally:
        if server.folder.exists():
            server.destroy()


def install(server: Server, arguments: Sequence[str] | None = None) -> str:
    """Put this checkout on the server and run its install.sh there; its output, shown as it comes."""
    server.run(["rm", "-rf", SOURCE])
    server.put_tree(SOURCE, checkout())
    server.put("/root/admin.pub", ssh_key("admin").with_suffix(".pub").read_text())
    if arguments is None:
        arguments = ["--domain", DOMAIN, "--admin-key", "/root/admin.pub"]
    process = server.popen(
        ["sh", "-c", f'cd {SOURCE} && exec ./install.sh "$@"', "install", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output = ""
    assert process.stdout
    for line in process.stdout:
        text = line.decode(errors="replace")
        output += text
        say[0](f"       {text.rstrip()}")
    if process.wait():
        looks = "".join(f"\n--- {title}\n{text}" for title, text in diagnostics(server).items())
        tail = "".join(output.splitlines(keepends=True)[-15:])
        raise Failure(f"install.sh: exit {process.returncode}\n{tail}{looks}")
    return output


def checkout() -> dict[str, Path]:
    """The files of this checkout that a clone of it would have, changed ones as they are now."""
    git = ["git", "-c", "safe.directory=*", "-C", str(CHECKOUT)]
    listed = call(*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = [name for name in listed.split("\0") if name]
    return {name: CHECKOUT / name for name in sorted(names) if (CHECKOUT / name).is_file()}


def checkout_key() -> str:
    """Differs when anything of the checkout differs that a server could notice: not its tests or docs."""
    parts: list[str | bytes] = []
    for name, path in checkout().items():
        if not name.startswith(("tests/", "docs/", ".")):
            parts += [name, f"{path.stat().st_mode:o}", path.read_bytes()]
    return key(*parts)
