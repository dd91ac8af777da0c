"""Docker Hub's place on a machine that may not reach it: a registry at the bridge that has three images.

The images are pushed as a client would: blobs and a manifest over HTTP (OCI distribution specification, image
manifest v2 schema 2).
"""

import hashlib
import http.client
import io
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.server import images
from tests.server.cache import Failure, call, key, lock, made, step
from tests.server.layout import MIRROR_PORT
from tests.server.network import Network, started
from tests.server.rootfs import (
    environment,
    extra_authorities,
    sources,
)

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TYPE = "application/vnd.docker.distribution.manifest.v2+json"


def storage() -> Path:
    """The registry's own folder with all images in it, made once."""
    ours = [Path(file).read_bytes() for file in (__file__, images.__file__)]
    recipe = key(*ours, sources("trixie"), environment(), *extra_authorities().values())

    def make(folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with _running(folder, "127.0.0.1", port, folder.with_suffix(".yml")):
            for image in images.all_of_them():
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


def _push(image: images.Image, tar: Path, port: int) -> None:
    # Not packed: every server would unpack it again.
    layer_digest = _sha256(tar)
    config = json.dumps(
        {
            "architecture": call("dpkg", "--print-architecture").strip(),
            "os": "linux",
            "config": {"Env": [PATH, *images.trust()], "Cmd": image.command},
            "rootfs": {"type": "layers", "diff_ids": [layer_digest]},
            "history": [{"created_by": "mooring's tests"}],
        }
    ).encode()
    config_digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
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
                "mediaType": "application/vnd.docker.image.rootfs.diff.tar",
                "size": tar.stat().st_size,
                "digest": layer_digest,
            }
        ],
    }
    connection = http.client.HTTPConnection("127.0.0.1", port)
    with tar.open("rb") as layer:
        _upload(connection, image.name, layer, tar.stat().st_size, layer_digest)
    _upload(connection, image.name, io.BytesIO(config), len(config), config_digest)
    _ask(
        connection,
        "PUT",
        f"/v2/{image.name}/manifests/{image.tag}",
        body=json.dumps(manifest).encode(),
        headers={"Content-Type": TYPE},
    )


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
