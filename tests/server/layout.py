"""What a server finds on its disk when it is first switched on."""

import json
import shutil
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
        copy_docker(tree.docker, docker)
    docker.chmod(0o710)


def copy_docker(source: Path, target: Path) -> None:
    """Lay out a tree's /var/lib/docker; the layers of images stay where they are, see `shared_layers`."""
    still = finished_layers(source)
    copied = [path for path in source.iterdir() if path.name != "overlay2"]
    call("cp", "-a", "--reflink=auto", *copied, target)
    (target / "overlay2").mkdir(mode=0o710)
    others = [path for path in (source / "overlay2").iterdir() if path not in still]
    if others:
        call("cp", "-a", "--reflink=auto", *others, target / "overlay2")
    for layer in still:
        copy = target / "overlay2" / layer.name
        for folder in (copy, copy / "diff", copy / "work"):
            folder.mkdir(mode=0o710)
        for file in layer.iterdir():
            if file.is_file():
                shutil.copy2(file, copy)
    (target.parent / "shared").write_text("".join(f"{layer}\n" for layer in still))


def finished_layers(docker: Path) -> list[Path]:
    """The layers that nobody writes to again: those of images, and those that have others on top."""
    of_images = {path.read_text() for path in docker.glob("image/overlay2/layerdb/sha256/*/cache-id")}
    layers = (docker / "overlay2").iterdir()
    return sorted(path for path in layers if path.name in of_images or (path / "committed").exists())


def shared_layers(folder: Path) -> dict[Path, Path]:
    """What a server has of its tree's /var/lib/docker by mounting it: place there, and folder of this machine's.

    Layers have tens of thousands of files, too many to copy or link for each server. Docker unmounts what it removes.
    """
    known = map(Path, (folder / "shared").read_text().splitlines()) if (folder / "shared").exists() else ()
    there = [layer for layer in known if (folder / "docker/overlay2" / layer.name / "diff").exists()]
    return {Path("/var/lib/docker/overlay2", layer.name, "diff"): layer / "diff" for layer in there}


def keep_docker(folder: Path, target: Path) -> None:
    """Move a switched-off server's /var/lib/docker to `target`, whole."""
    for place, source in shared_layers(folder).items():
        layer = folder / "docker" / place.relative_to("/var/lib/docker")
        layer.rmdir()
        call("cp", "-a", "--link", source, layer)
    (folder / "docker").rename(target)


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
