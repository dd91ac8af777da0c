"""bcrypt hashes, by the crypt(3) of the system: the very function by which nginx verifies them."""

import ctypes

from mooring.host.refusal import die

LIBRARY = "libcrypt.so.1"
COST = 6
"""2**6 rounds, 3 ms of a worker's time: nginx verifies the password anew with every single request."""
LONGEST = 72
"""Bytes; bcrypt passes over what comes after them."""


def check(password: str) -> str:
    """Return the password if bcrypt can take all of it; raise Refusal otherwise."""
    if not password:
        die("the password is empty", "give one: echo PASSWORD | mooring http-auth:add APP USER")
    if any(ord(c) < 32 for c in password):
        die("the password has a line break or another control character", "give one line")
    if len(password.encode()) > LONGEST:
        die(f"the password is longer than {LONGEST} bytes", "bcrypt takes no more; choose a shorter one")
    return password


def hashed(password: str, cost: int = COST) -> str:
    """A new bcrypt hash (`$2b$…`) of the password. Raises OSError if the system's library knows no bcrypt."""
    library = ctypes.CDLL(LIBRARY)
    library.crypt_gensalt.restype = library.crypt.restype = ctypes.c_char_p
    library.crypt_gensalt.argtypes = [ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_int]
    library.crypt.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    salt = library.crypt_gensalt(b"$2b$", cost, None, 0)
    made = library.crypt(check(password).encode(), salt) if salt else None
    if not made or not made.startswith(b"$2b$"):
        raise OSError(f"{LIBRARY} makes no bcrypt hash")
    return str(made.decode())
