"""An account with an authority that has customers already (external account binding, RFC 8555, 7.3.4).

lego would be given the customer's key as an argument, which every process of the server can read: so the account is
made here, once, and left where lego finds it.
"""

import base64
import hashlib
import hmac
import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mooring.certificate import store
from mooring.certificate.lego import FOLDER, Failure
from mooring.host import files, paths
from mooring.host.settings import Settings

KEY = paths.SETTINGS.with_name("eab.key")
"""The customer's key, root's alone."""
PATIENCE = 30


def make(email: str, settings: Settings) -> None:
    """Have an account with the authority, bound to the customer's, where there is none yet. Raises Failure."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    folder = place(email, settings)
    if (folder / "account.json").exists():
        return
    try:
        secret = decoded(KEY.read_text().strip())
    except (FileNotFoundError, ValueError):
        raise Failure(f"{KEY} has not the key of the customer {settings.certs_eab_kid}") from None
    key = ec.generate_private_key(ec.SECP256R1())
    where = register(key, email, secret, settings)
    store.make(FOLDER).chmod(0o700)
    (folder / "keys").mkdir(mode=0o700, parents=True, exist_ok=True)
    text = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    files.write(folder / "keys" / f"{email}.key", text, mode=0o600)
    known = {"email": email, "registration": {"body": {"status": "valid"}, "uri": where}}
    files.write(folder / "account.json", json.dumps(known), mode=0o600)


def place(email: str, settings: Settings) -> Path:
    """Where lego keeps an account."""
    return FOLDER / "accounts" / urlsplit(settings.certs_directory).netloc.replace(":", "_") / email


def register(key: Any, email: str, secret: bytes, settings: Settings) -> str:
    """Ask for an account; its address. Raises Failure."""
    context = ssl.create_default_context(cafile=settings.certs_ca or None)
    try:
        directory = json.loads(opened(settings.certs_directory, context)[1])
        nonce = opened(directory["newNonce"], context)[0]["Replay-Nonce"]
        url = directory["newAccount"]
        customer = signed(
            {"alg": "HS256", "kid": settings.certs_eab_kid, "url": url}, jwk(key),
            lambda text: hmac.new(secret, text, hashlib.sha256).digest(),
        )  # fmt: skip
        asked = {"termsOfServiceAgreed": True, "contact": [f"mailto:{email}"], "externalAccountBinding": customer}
        head = {"alg": "ES256", "jwk": jwk(key), "nonce": nonce, "url": url}
        body = json.dumps(signed(head, asked, lambda text: es256(key, text))).encode()
        return str(opened(url, context, body)[0]["Location"])
    except urllib.error.HTTPError as error:
        told = error.read(4096).decode(errors="replace")
        reason = told if not told.startswith("{") else json.loads(told).get("detail", told)
        raise Failure(f"the authority gives no account: {reason[:300]}") from None
    except (OSError, ValueError, KeyError) as error:
        raise Failure(f"{settings.certs_directory} does not answer: {error}"[:300], unreachable=True) from None


def opened(url: str, context: ssl.SSLContext, body: bytes | None = None) -> tuple[Any, bytes]:
    """The headers and the body of an answer."""
    if not url.startswith("https://"):
        raise ValueError(f"{url} is not https")
    asked = urllib.request.Request(url, data=body, headers={"Content-Type": "application/jose+json"})  # noqa: S310
    with urllib.request.urlopen(asked, timeout=PATIENCE, context=context) as answer:  # noqa: S310
        return answer.headers, answer.read(1 << 20)


def signed(head: dict[str, Any], payload: dict[str, Any], sign: Any) -> dict[str, str]:
    """A JSON web signature (RFC 7515), flattened."""
    protected, text = encoded(json.dumps(head).encode()), encoded(json.dumps(payload).encode())
    return {"protected": protected, "payload": text, "signature": encoded(sign(f"{protected}.{text}".encode()))}


def es256(key: Any, text: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    r, s = utils.decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
    return bytes(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def jwk(key: Any) -> dict[str, str]:
    """The public half of a key (RFC 7517)."""
    numbers = key.public_key().public_numbers()
    x, y = (encoded(each.to_bytes(32, "big")) for each in (numbers.x, numbers.y))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
