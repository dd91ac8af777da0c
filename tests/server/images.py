"""The images of the run's registry: debian:trixie-slim and python:3-slim, made with apt from this machine's mirrors.

busybox is Debian's static busybox.
"""

import io
import os
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.server.cache import call
from tests.server.rootfs import BUNDLE, debootstrap, extra_authorities, trust_variables


@dataclass(frozen=True)
class Image:
    name: str
    tag: str
    command: list[str]
    make: Callable[[Path], None]
    """Given the path of a tar file, write the image's whole file system there."""


def all_of_them() -> list[Image]:
    return [
        Image("library/debian", "trixie-slim", ["bash"], _debian),
        Image("library/python", "3-slim", ["python3"], _python),
        Image("library/busybox", "latest", ["sh"], _busybox),
    ]


def trust() -> list[str]:
    """Debian's trust is in its files; these are for programs that bring a list of their own."""
    return [f"{name}={BUNDLE}" for name in trust_variables()] if extra_authorities() else []


def _debian(tar: Path) -> None:
    # trixie-slim has no certificates; only a network with authorities of its own needs them to build.
    _debian_with(tar, ["ca-certificates"] if extra_authorities() else [])


def _python(tar: Path) -> None:
    _debian_with(
        tar,
        ["ca-certificates", "python3", "python3-pip", "python3-venv", "python-is-python3"],
        'rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED',
    )


def _debian_with(tar: Path, packages: list[str], *hooks: str) -> None:
    folder = tar.with_suffix(".files")
    folder.mkdir()
    try:
        options = [
            "--dpkgopt=path-exclude=/usr/share/man/*",
            "--dpkgopt=path-exclude=/usr/share/locale/*",
            "--dpkgopt=path-exclude=/usr/share/doc/*",
            "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        ]
        for name, text in extra_authorities().items():
            (folder / name).write_text(text)
            options.append(f"--customize-hook=upload {folder / name} /usr/local/share/ca-certificates/{name}")
        if packages:
            options.append('--customize-hook=chroot "$1" update-ca-certificates >/dev/null')
        options += [f"--customize-hook={hook}" for hook in hooks]
        options.append('--customize-hook=rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin')
        debootstrap("trixie", tar, include=packages, options=options)
    finally:
        shutil.rmtree(folder)


def _busybox(tar: Path) -> None:
    tree = tar.with_suffix(".tree")
    try:
        debootstrap("trixie", tree, include=["busybox-static"], options=["--variant=extract"])
        busybox = (tree / "usr/bin/busybox").read_bytes()
        applets = call(tree / "usr/bin/busybox", "--list").split()
    finally:
        shutil.rmtree(tree, ignore_errors=True)
    with tarfile.open(tar, "w") as out:
        for folder in ("bin", "etc", "root", "tmp", "var", "www", "usr", "usr/bin", "usr/sbin", "sbin"):
            out.addfile(_folder(folder, 0o1777 if folder == "tmp" else 0o755))
        out.addfile(_file("bin/busybox", len(busybox), 0o755), io.BytesIO(busybox))
        for applet in applets:
            if applet != "busybox":
                link = tarfile.TarInfo(f"bin/{applet}")
                link.type, link.linkname = tarfile.SYMTYPE, "/bin/busybox"
                out.addfile(link)
        files = {
            "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
            "etc/group": b"root:x:0:\nnogroup:x:65534:\n",
        }
        for name, content in files.items():
            out.addfile(_file(name, len(content), 0o644), io.BytesIO(content))


def _folder(name: str, mode: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, mode
    return info


def _file(name: str, size: int, mode: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, mode, int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    return info
