"""The trees that servers are booted from, each made once and kept.

A tree is a stack of read-only folders for overlayfs, topmost first, and what was in /var/lib/docker: Docker
needs a real file system below its own overlays, so that one folder is copied for each server.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.server.cache import call, key, made, step

# What the smallest image of a hoster brings: a person can ssh in and use apt.
BARE = [
    "systemd", "systemd-sysv", "dbus", "udev", "iproute2", "openssh-server", "ca-certificates", "curl",
    "python3", "procps", "less", "sudo", "tzdata",
]  # fmt: skip

AUTHORITIES = Path("/usr/local/share/ca-certificates")
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


@dataclass(frozen=True)
class Tree:
    layers: tuple[Path, ...]
    docker: Path | None = None


def bare(suite: str) -> Tree:
    """A minimal server of Debian's `suite` (trixie, bookworm) with nothing of ours, never booted yet."""
    recipe = key(sources(suite), *BARE, environment(), *extra_authorities().values(), pip_conf())

    def make(folder: Path) -> None:
        step(f"making a bare {suite} server")
        tree = folder / "tree"
        debootstrap(suite, tree, include=BARE)
        (tree / "etc/machine-id").write_text("uninitialized\n")
        (tree / "etc/environment").write_text(environment())
        (tree / "etc/pip.conf").write_text(pip_conf())
        add_authorities(tree)
        call("chroot", tree, "update-ca-certificates")
        call("systemctl", f"--root={tree}", "enable", "systemd-networkd.service", "ssh.service")
        # udev never says "settled" in a container, and nothing but our own interface is waited for.
        (tree / "etc/systemd/network").mkdir(parents=True, exist_ok=True)
        (tree / "var/log/journal").mkdir(exist_ok=True)

    return Tree((made(f"bare-{suite}-{recipe}", make) / "tree",))


def debootstrap(suite: str, target: Path, *, include: Sequence[str] = (), options: Sequence[str] = ()) -> None:
    """Make a minimal Debian in `target`, a folder or, by its suffix, a tar file."""
    lists = target.with_suffix(".sources.list")
    known = sources(suite)
    lists.write_text(known)
    argv = ["mmdebstrap", "--mode=root", "--quiet", "--variant=minbase"]
    argv += [f"--aptopt={line}" for line in apt_proxies()]
    argv += [f"--include={','.join(include)}"] if include else []
    # Without sources, mmdebstrap takes Debian's own.
    argv += [*options, suite, str(target), *([str(lists)] if known else [])]
    call(*argv)
    lists.unlink()


def sources(suite: str) -> str:
    """apt's sources for a Debian suite, at the mirrors that this machine uses itself; empty if it uses none."""
    mirror, security = mirrors()
    if not (mirror and security):
        return ""
    # On Ubuntu, apt trusts Debian's keys only where it is told to; their path is the same on both.
    deb = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
    return f"{deb} {mirror} {suite} main\n{deb} {mirror} {suite}-updates main\n{deb} {security} {suite}-security main\n"


def mirrors() -> tuple[str, str]:
    """Where this machine gets Debian and its security updates from; empty where it does not."""
    text = ""
    for path in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]:
        if path.is_file() and path.suffix in (".list", ".sources"):
            text += path.read_text() + "\n"
    found = re.findall(r"(?m)^(?!#)[^#\n]*?\s(http[^\s\]]*/debian(?:-security)?)/?(?:\s|$)", text)
    main = [url for url in found if not url.endswith("-security")]
    security = [url for url in found if url.endswith("-security")]
    return next(iter(main), ""), next(iter(security), "")


def apt_proxies() -> list[str]:
    return re.findall(r'(?m)^(Acquire::https?::Proxy "[^"]+";)', call("apt-config", "dump"))


def extra_authorities() -> dict[str, str]:
    """The certificate authorities that this machine's administrator has added."""
    if not AUTHORITIES.exists():
        return {}
    return {path.name: path.read_text() for path in sorted(AUTHORITIES.rglob("*.crt"))}


def add_authorities(tree: Path) -> None:
    for name, text in extra_authorities().items():
        target = tree / AUTHORITIES.relative_to("/") / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def environment() -> str:
    """/etc/environment as a server on this machine's network has it: proxies, and who is trusted."""
    names = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]
    lines = [f"{name}={os.environ[name]}" for name in names if os.environ.get(name)]
    if extra_authorities():
        lines += [f"{name}={BUNDLE}" for name in trust_variables()]
    return "".join(line + "\n" for line in lines)


def trust_variables() -> tuple[str, ...]:
    return ("PIP_CERT", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def pip_conf() -> str:
    """The package index that this machine uses, where it is one that a server can reach too."""
    lines = ["[global]"]
    reachable = re.compile(r"(?m)^(index-url|trusted-host|proxy)\s*=\s*(.+)$")
    for path in (Path("/etc/pip.conf"), Path.home() / ".config/pip/pip.conf", Path.home() / ".pip/pip.conf"):
        if path.exists():
            lines += [f"{name} = {value}" for name, value in reachable.findall(path.read_text())]
    if os.environ.get("PIP_INDEX_URL"):
        lines.append(f"index-url = {os.environ['PIP_INDEX_URL']}")
    if extra_authorities():
        lines.append(f"cert = {BUNDLE}")
    return "\n".join(lines) + "\n"
