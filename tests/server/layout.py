"""What a server finds on its disk when it is first switched on."""

import json
from pathlib import Path

from tests.server.cache import call
from tests.server.rootfs import Tree
from tests.server.ssh import ssh_key

MIRROR_NAME = "hub.mirror.test"
MIRROR_PORT = 5050


def mount(folder: Path, tree: Tree, *, small_docker_root: str | None) -> None:
    """Put a file system of the tree's layers, and one of its own for Docker, into the server's folder."""
    (folder / "layers").write_text("\n".join(map(str, tree.layers)))
    stack = ":".join(map(str, tree.layers))
    # Without redirect_dir a folder from below cannot be renamed, which no real server refuses.
    options = f"lowerdir={stack},upperdir={folder}/upper,workdir={folder}/work,redirect_dir=on"
    call("mount", "-t", "overlay", "overlay", "-o", options, folder / "root")
    docker = folder / "docker"
    if small_docker_root:
        disk = folder / "docker.img"
        call("truncate", f"--size={small_docker_root}", disk)
        call("mkfs.ext4", "-q", "-m", "0", disk)
        call("mount", "-o", "loop", disk, docker)
    if tree.docker:
        # Layers are never written again: they need no copies, where the disk is the same.
        shared = [] if small_docker_root else [tree.docker / "overlay2"]
        copied = [path for path in tree.docker.iterdir() if path not in shared]
        call("cp", "-a", "--reflink=auto", *copied, docker)
        if shared:
            call("cp", "-a", "--link", *shared, docker)
    docker.chmod(0o710)


def furnish(root: Path, *, hostname: str, address: str, gateway: str) -> None:
    """What a hoster sets on every server of its: name, address, name servers, the customer's key."""
    write(root, "etc/hostname", hostname + "\n")
    write(
        root,
        "etc/hosts",
        f"127.0.0.1 localhost\n127.0.1.1 {hostname}\n{gateway} {MIRROR_NAME}\n",
    )
    write(root, "etc/resolv.conf", resolv_conf())
    write(
        root,
        "etc/systemd/network/10-host0.network",
        "[Match]\nName=host0\n[Network]\n"
        f"Address={address}/24\nGateway={gateway}\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n",
    )
    write(root, "root/.ssh/authorized_keys", ssh_key("root").with_suffix(".pub").read_text(), mode=0o600)
    (root / "root/.ssh").chmod(0o700)


def write(root: Path, path: str, content: str, *, mode: int = 0o644) -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink():
        target.unlink()
    target.write_text(content)
    target.chmod(mode)


def name_mirror(root: Path) -> None:
    """Tell Docker of the run's registry, unless it has been told of one."""
    if (root / "etc/docker/daemon.json").exists():
        return
    # BuildKit speaks plain HTTP to a mirror only where it is told that this is meant.
    settings = {"registry-mirrors": [mirror_url()], "insecure-registries": [f"{MIRROR_NAME}:{MIRROR_PORT}"]}
    write(root, "etc/docker/daemon.json", json.dumps(settings) + "\n")


def mirror_url() -> str:
    return f"http://{MIRROR_NAME}:{MIRROR_PORT}"


def resolv_conf() -> str:
    """This machine's name servers, those behind a local stub where it has one."""
    text = Path("/etc/resolv.conf").read_text()
    behind = Path("/run/systemd/resolve/resolv.conf")
    if "nameserver 127." in text and behind.exists():
        return behind.read_text()
    return text
