"""A certificate authority of a test's own: a root, an intermediate below it, and what they issue."""

import datetime
import io
import tarfile
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
DAY = datetime.timedelta(days=1)


class Issued(NamedTuple):
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def key_pem(self, password: bytes = b"") -> bytes:
        """The key as OpenSSL writes it."""
        lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        return bytes(
            self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, lock)
        )


def key_of(kind: str) -> Any:
    return rsa.generate_private_key(65537, int(kind[3:] or 2048)) if kind[:3] == "rsa" else ec.generate_private_key(
        ec.SECP256R1())  # fmt: skip


def issue(by: Issued | None, name: str, *names: str, kind: str = "ec", is_ca: bool = False, begins: float = -1,
          ends: float = 90) -> Issued:  # fmt: skip
    """A certificate by an issuer, or by itself; times are in days from now."""
    key = key_of(kind)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + begins * DAY)
        .not_valid_after(NOW + ends * DAY)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
    return Issued(builder.sign(by.key if by else key, hashes.SHA256()), key)


class Authority:
    """`root` and `intermediate` are its certificates; `issue` has the intermediate sign one for host names."""

    def __init__(self, name: str = "Test Authority") -> None:
        self.root = issue(None, f"{name} Root", is_ca=True, ends=900)
        self.intermediate = issue(self.root, f"{name} 1", is_ca=True, ends=400)

    def issue(self, *names: str, kind: str = "ec", begins: float = -1, ends: float = 90) -> Issued:
        return issue(self.intermediate, names[0], *names, kind=kind, begins=begins, ends=ends)


def tar(**files: bytes) -> bytes:
    """A tar of files, `a_b` for a.b."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("_", "."))
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return whole.getvalue()
