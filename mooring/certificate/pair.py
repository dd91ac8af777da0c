"""A certificate with its key and its chain, checked: nginx can serve it, and browsers can follow it."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mooring.certificate.pem import Material
from mooring.host.refusal import die

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")
"""The authorities that this server trusts, those of a company that its administrator has added too."""
LONGEST_CHAIN = 8
SMALLEST_RSA = 2048


class Pair(NamedTuple):
    """`chain` and `key` are PEM: the certificate itself first, then who issued it and so on, without the root.

    `left_out` says how many certificates were given that do not belong to it. Times are in seconds since the epoch.
    """

    chain: str
    key: str
    names: tuple[str, ...]
    issuer: str
    begins: float
    ends: float
    self_signed: bool
    kind: str
    left_out: int = 0


def made(material: Material, now: float | None = None, *, has_to_lead_up: bool = True) -> Pair:
    """The pair in what was handed over. Raises Refusal where something is missing, does not fit, or is out of date.

    `has_to_lead_up`: its chain has to lead to an authority that this server trusts, or to a root that was given.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    if not material.certificates:
        die("there is no certificate with the key", "give both: `certs:add APP CERT KEY`, or a tar of them")
    if not material.keys:
        die("there is no key with the certificate", "give both: `certs:add APP CERT KEY`, or a tar of them")
    own, key = fitting(material)
    kind = kind_of(key)
    refuse_out_of_date(own, time.time() if now is None else now)
    chain = chained(own, material.certificates, has_to_lead_up)
    text = "".join(each.public_bytes(Encoding.PEM).decode() for each in chain)
    return Pair(
        chain=text,
        key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        names=names(own),
        issuer=named(own.issuer),
        begins=begins(own),
        ends=ends(own),
        self_signed=is_root(own),
        kind=kind,
        left_out=len({each for each in material.certificates if not is_root(each)} - set(chain)),
    )


def fitting(material: Material) -> tuple["Certificate", Any]:
    """The certificate and the key that belong together, of several the one that ends last."""
    public = {spki(key.public_key()): key for key in material.keys}
    found = [each for each in material.certificates if spki(each.public_key()) in public]
    if not found:
        die(f"the key is not that of the certificate for {about(material.certificates[0])}",
            "look for the key that the request for it was made with")  # fmt: skip
    own = max(found, key=ends)
    return own, public[spki(own.public_key())]


def spki(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return bytes(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def kind_of(key: Any) -> str:
    """What sort of key it is, e.g. "RSA 2048"; raise Refusal for one that browsers or nginx do not take."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < SMALLEST_RSA:
            die(f"its key is RSA with {key.key_size} bits, which nothing trusts any more", "RSA from 2048, or ECDSA")
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in ("secp256r1", "secp384r1", "secp521r1"):
        return f"ECDSA P-{key.curve.key_size}"
    die("its key is of a kind that browsers do not take", "RSA, or ECDSA on P-256 or P-384")


def refuse_out_of_date(own: "Certificate", now: float) -> None:
    if ends(own) <= now:
        die(f"the certificate for {about(own)} has expired on {day(ends(own))}", "get a new one")
    if begins(own) > now + 3600:
        die(
            f"the certificate for {about(own)} is valid only from {day(begins(own))} on", "is the server's clock right?"
        )


def chained(own: "Certificate", given: Sequence["Certificate"], has_to_lead_up: bool) -> list["Certificate"]:
    """The certificate and those that lead to one that is trusted, in order; raise Refusal where one is missing."""
    chain = [own]
    while not is_root(chain[-1]) and len(chain) < LONGEST_CHAIN:
        last = chain[-1]
        above = next((each for each in given if each not in chain and is_issued(last, each)), None)
        if above is None:
            if has_to_lead_up and not any(is_issued(last, each) for each in trusted()):
                where = f" ({there})" if (there := issuer_address(last)) else ""
                die(f"the chain is not whole: the certificate of {named(last.issuer)}{where} is missing",
                    "give it along with yours; of an authority of your own, its root")  # fmt: skip
            return chain
        chain.append(above)
    return chain[:-1] if len(chain) > 1 and is_root(chain[-1]) else chain


def trusted() -> Iterable["Certificate"]:
    from cryptography import x509

    from mooring.certificate import pem

    for block in pem.BLOCK.finditer(TRUSTED.read_bytes() if TRUSTED.exists() else b""):
        try:
            yield x509.load_pem_x509_certificate(block[0] + b"\n")
        except ValueError:
            continue


def is_root(certificate: "Certificate") -> bool:
    return certificate.issuer == certificate.subject and is_issued(certificate, certificate)


def is_issued(certificate: "Certificate", by: "Certificate") -> bool:
    """Whether a certificate was signed by another one, by name and by signature."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    if certificate.issuer != by.subject:
        return False
    key, digest = by.public_key(), certificate.signature_hash_algorithm
    signed = (certificate.signature, certificate.tbs_certificate_bytes)
    try:
        if hasattr(certificate, "verify_directly_issued_by"):
            certificate.verify_directly_issued_by(by)
        elif isinstance(key, rsa.RSAPublicKey) and digest:
            key.verify(*signed, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and digest:
            key.verify(*signed, ec.ECDSA(digest))
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def names(certificate: "Certificate") -> tuple[str, ...]:
    """The host names that a certificate is for."""
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return tuple(str(each.value).lower() for each in common)
    return tuple(dict.fromkeys(each.lower() for each in found.get_values_for_type(x509.DNSName)))


def issuer_address(certificate: "Certificate") -> str:
    """Where the certificate of the issuer is to be had, as the certificate says."""
    from cryptography import x509

    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return ""
    wanted = x509.oid.AuthorityInformationAccessOID.CA_ISSUERS
    return next((str(each.access_location.value) for each in access if each.access_method == wanted), "")


def named(name: Any) -> str:
    """What an authority is called: its common name, with its organization if that does not say who it is."""
    from cryptography.x509 import NameOID

    words = [
        str(each.value) for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME) for each in
        name.get_attributes_for_oid(oid)
    ]  # fmt: skip
    return " ".join(dict.fromkeys(words)) or "somebody without a name"


def about(certificate: "Certificate") -> str:
    return next(iter(names(certificate)), "") or named(certificate.subject)


def begins(certificate: "Certificate") -> float:
    return _seconds(certificate, "not_valid_before")


def ends(certificate: "Certificate") -> float:
    return _seconds(certificate, "not_valid_after")


def _seconds(certificate: "Certificate", name: str) -> float:
    import datetime

    # Those that know their time zone are newer than Debian 12.
    found: datetime.datetime = getattr(certificate, f"{name}_utc", None) or getattr(certificate, name)
    return found.replace(tzinfo=datetime.UTC).timestamp()


def day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
