"""What a person hands over as a certificate: PEM, DER or a tar of such files, read into certificates and keys."""

import contextlib
import io
import re
import tarfile
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from mooring.host.refusal import die

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\r?\n.*?-----END \1-----", re.DOTALL)
CERTIFICATES = (b"CERTIFICATE", b"X509 CERTIFICATE")
KEYS = (b"PRIVATE KEY", b"RSA PRIVATE KEY", b"EC PRIVATE KEY", b"ENCRYPTED PRIVATE KEY")
INSTEAD = "`tar -c server.crt server.key | ssh mooring@HOST certs:add APP`; PEM files"
FILES = 32
"""The most files that a tar may have."""
LIMIT = 1 << 20
"""The most bytes that a file may have."""


class Material(NamedTuple):
    """All that was handed over, in its order."""

    certificates: tuple["Certificate", ...]
    keys: tuple[Any, ...]


def read(*contents: bytes) -> Material:
    """The certificates and keys in files or tars; raise Refusal where one is neither, or where there is none at all."""
    certificates: list[Certificate] = []
    keys: list[Any] = []
    for content in (each for given in contents for each in unpacked(given)):
        found = blocks(content)
        certificates += found.certificates
        keys += found.keys
    if not certificates and not keys:
        die("that is neither a certificate nor a key", INSTEAD)
    return Material(tuple(certificates), tuple(keys))


def unpacked(content: bytes) -> list[bytes]:
    """The files in a tar (packed or not) that may be meant; what is no tar is one file itself."""
    found: list[bytes] = []
    # To tarfile, a file of zeros, or none at all, is a tar of nothing.
    if not content.strip(b"\0") or BLOCK.search(content[:64]):
        return [content]
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for member in archive:
                source = archive.extractfile(member) if member.isreg() else None
                if source is None or member.name.rpartition("/")[2].startswith("."):
                    continue
                if member.size > LIMIT or len(found) >= FILES:
                    die("the tar has more in it than a certificate and its key", INSTEAD)
                found.append(source.read(LIMIT))
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error):
        return [content]
    # Beside them may lie what a signing request was made of.
    return [each for each in found if BLOCK.search(each) or each[:1] == b"\x30"]


def blocks(content: bytes) -> Material:
    """The certificates and keys of one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    if content[:1] == b"\x30" and not BLOCK.search(content):
        return binary(content)
    certificates, keys = [], []
    labels = []
    for block in BLOCK.finditer(content):
        label, text = block[1], block[0] + b"\n"
        labels.append(label)
        try:
            if label in CERTIFICATES:
                certificates.append(x509.load_pem_x509_certificate(text))
            elif label in KEYS:
                keys.append(serialization.load_pem_private_key(text, None))
        except TypeError:
            locked()
        except Exception:
            die(f"a block {label.decode()} is broken", "copy the file anew, whole")
    if not certificates and not keys and b"CERTIFICATE REQUEST" in b" ".join(labels):
        die("that is the request for a certificate", "whoever issues certificates makes one of it; add that")
    return Material(tuple(certificates), tuple(keys))


def binary(content: bytes) -> Material:
    """What is in a DER file: a certificate, a key, or both (PKCS #12)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.serialization import pkcs12

    with contextlib.suppress(ValueError):
        return Material((x509.load_der_x509_certificate(content),), ())
    try:
        with contextlib.suppress(ValueError):
            return Material((), (serialization.load_der_private_key(content, None),))
        key, own, more = pkcs12.load_key_and_certificates(content, None)
    except TypeError:
        locked()
    except Exception:
        die("that is neither a certificate nor a key without a password", "`openssl pkcs12 -in FILE -nodes` opens one")
    return Material((*([own] if own else []), *more), (key,) if key else ())


def locked() -> NoReturn:
    die("the key has a password, which nobody can type when nginx starts",
        "`openssl pkey -in server.key -out open.key` takes it off")  # fmt: skip
