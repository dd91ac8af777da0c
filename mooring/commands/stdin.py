"""What comes on standard input. (Not a command.)"""

import sys

from mooring.host import text
from mooring.host.refusal import die

LIMIT = 1 << 20


def read_key() -> str:
    return read("paste the public key, then Ctrl-D")


def read_bytes(prompt: str) -> bytes:
    """What is on standard input; a person at a terminal is told what to type. Raises Refusal if it is too much."""
    if not sys.stdin:
        return b""
    if sys.stdin.isatty():
        print(prompt, file=sys.stderr, flush=True)
    content = sys.stdin.buffer.read(LIMIT + 1)
    if len(content) > LIMIT:
        die("that is more than a megabyte", prompt)
    return content


def read(prompt: str) -> str:
    """The text on standard input, as `read_bytes`. Raises Refusal if it is no text."""
    content = read_bytes(prompt)
    try:
        return text.decode(content)
    except UnicodeDecodeError:
        die("that is not text", prompt)
