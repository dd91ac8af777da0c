"""Docker Hub's place on a machine that may not reach it: a registry at the bridge that has three images.

debian:trixie-slim and python:3-slim are made with apt from this machine's mirrors, busybox is Debian's
static busybox. The images are pushed as a client would: blobs and a manifest over HTTP (OCI distribution
specification, image manifest v2 schema 2).
"""

import gzip
import hashlib
import http.client
import io
import json
import os
import shutil
import socket
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.server.cache import Failure, call, key, lock, made, step
from tests.server.network import Network, started
from tests.server.rootfs import (
    BUNDLE,
    debootstrap,
    environment,
    extra_authorities,
    sources,
    trust_variables,
)
from tests.server.throwaway import MIRROR_PORT

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TYPE = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass(frozen=True)
class Image:
    name: str
    tag: str
    command: list[str]
    make: Callable[[Path], None]
    """Given the path of a tar file, write the image's whole file system there."""


def images() -> list[Image]:
    return [
        Image("library/debian", "trixie-slim", ["bash"], _debian),
        Image("library/python", "3-slim", ["python3"], _python),
        Image("library/busybox", "latest", ["sh"], _busybox),
    ]


def storage() -> Path:
    """The registry's own folder with all images in it, made once."""
    recipe = key(Path(__file__).read_bytes(), sources("trixie"), environment(), *extra_authorities().values())

    def make(folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with _running(folder, "127.0.0.1", port, folder.with_suffix(".yml")):
            for image in images():
                step(f"making the image {image.name.removeprefix('library/')}:{image.tag}")
                tar = folder.with_suffix(".tar")
                try:
                    image.make(tar)
                    _push(image, tar, port)
                finally:
                    tar.unlink(missing_ok=True)

    return made(f"images-{recipe}", make)


def serve(network: Network) -> None:
    """Start the run's registry at its bridge; `remove_run` stops it."""
    with lock(f"registry-{network.run}"):
        if (network.folder / "registry.pid").exists():
            return
        process = _start(storage(), network.gateway, MIRROR_PORT, network.folder / "registry.yml")
        (network.folder / "registry.pid").write_text(f"{process.pid} {started(process.pid)}")


@contextmanager
def _running(folder: Path, address: str, port: int, config: Path) -> Iterator[None]:
    process = _start(folder, address, port, config)
    try:
        yield
    finally:
        process.terminate()
        process.wait()
        config.unlink()


def _start(folder: Path, address: str, port: int, config: Path) -> subprocess.Popen[bytes]:
    config.write_text(
        json.dumps(
            {
                "version": "0.1",
                "log": {"level": "error", "accesslog": {"disabled": True}},
                "storage": {"filesystem": {"rootdirectory": str(folder)}},
                "http": {"addr": f"{address}:{port}"},
            }
        )
    )
    log = config.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((address, port)) == 0:
                log.unlink()
                return process
        time.sleep(0.02)
    process.kill()
    raise Failure(f"docker-registry does not listen at {address}:{port}:\n{log.read_text()}")


def _push(image: Image, tar: Path, port: int) -> None:
    plain = _sha256(tar)
    packed = tar.with_suffix(".tar.gz")
    with tar.open("rb") as source, gzip.open(packed, "wb", compresslevel=1) as target:
        shutil.copyfileobj(source, target, 1 << 20)
    config = json.dumps(
        {
            "architecture": call("dpkg", "--print-architecture").strip(),
            "os": "linux",
            "config": {"Env": [PATH, *_trust()], "Cmd": image.command},
            "rootfs": {"type": "layers", "diff_ids": [plain]},
            "history": [{"created_by": "mooring's tests"}],
        }
    ).encode()
    config_digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
    layer_digest = _sha256(packed)
    manifest = {
        "schemaVersion": 2,
        "mediaType": TYPE,
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": len(config),
            "digest": config_digest,
        },
        "layers": [
            {
                "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                "size": packed.stat().st_size,
                "digest": layer_digest,
            }
        ],
    }
    connection = http.client.HTTPConnection("127.0.0.1", port)
    with packed.open("rb") as layer:
        _upload(connection, image.name, layer, packed.stat().st_size, layer_digest)
    _upload(connection, image.name, io.BytesIO(config), len(config), config_digest)
    _ask(
        connection,
        "PUT",
        f"/v2/{image.name}/manifests/{image.tag}",
        body=json.dumps(manifest).encode(),
        headers={"Content-Type": TYPE},
    )
    packed.unlink()


def _upload(connection: http.client.HTTPConnection, name: str, blob: io.BufferedIOBase, size: int, digest: str) -> None:
    location = _ask(connection, "POST", f"/v2/{name}/blobs/uploads/").headers["Location"]
    path = location.partition("://")[2].partition("/")[2] if "://" in location else location.lstrip("/")
    _ask(
        connection,
        "PUT",
        f"/{path}{'&' if '?' in path else '?'}digest={digest}",
        body=blob,
        headers={"Content-Type": "application/octet-stream", "Content-Length": str(size)},
    )


def _ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    *,
    body: bytes | io.BufferedIOBase | None = None,
    headers: dict[str, str] = {},  # noqa: B006
) -> http.client.HTTPResponse:
    connection.request(method, path, body=body, headers=headers)
    response = connection.getresponse()
    answer = response.read()
    if response.status >= 300:
        raise Failure(f"the registry answered {response.status} to {method} {path}: {answer.decode()}")
    return response


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _trust() -> list[str]:
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
