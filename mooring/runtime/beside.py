"""Servers that run beside a service's for a while, in no network; and what goes from one container to another."""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mooring.host import text
from mooring.host.names import ServiceName
from mooring.host.refusal import die
from mooring.runtime import engine, server
from mooring.runtime.server import Spec


@contextmanager
def running(name: ServiceName, spec: Spec) -> Iterator[str]:
    """A container for as long as what is inside lasts: its id. Then its server ends as it should."""
    asked = server.body(name, spec)
    asked["HostConfig"] |= {"NetworkMode": "none"}
    identity = str(engine.ask("POST", "/containers/create", asked)["Id"])
    try:
        engine.ask("POST", f"/containers/{identity}/start")
        yield identity
        engine.ask("POST", f"/containers/{identity}/stop")
    finally:
        engine.remove(identity)


def pipe(source: str, export: Sequence[str], target: str, import_: Sequence[str]) -> None:
    """Have a command in one container read what one in another writes; raise Refusal unless both end well."""
    with tempfile.TemporaryFile() as complaint:
        writer = subprocess.Popen(
            ["docker", "exec", source, *export], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaint,
            start_new_session=True,
        )  # fmt: skip
        reader = subprocess.run(
            ["docker", "exec", "--interactive", target, *import_], stdin=writer.stdout, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", check=False, start_new_session=True,
        )  # fmt: skip
        assert writer.stdout
        writer.stdout.close()
        status = writer.wait()
        complaint.seek(0)
        said = complaint.read(1 << 16).decode(errors="replace")
    if reader.returncode:
        die(f"what was exported was refused: {text.cause(reader.stdout) or f'status {reader.returncode}'}")
    if status:
        die(f"it could not be exported: {text.cause(said) or f'status {status}'}")
