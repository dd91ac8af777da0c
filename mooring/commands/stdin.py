"""What comes on standard input. (Not a command.)"""

import sys

from mooring.host import text
from mooring.host.refusal import die

LIMIT = 1 << 20


def read_key() -> str:
    return read("paste the public key, then Ctrl-D")


def read(prompt: str) -> str:
    """The text on standard input; a person at a terminal is told what to type. Raises Refusal if it is no text."""
    if not sys.stdin:
        return ""
    if sys.stdin.isatty():
        print(prompt, file=sys.stderr, flush=True)
    content = sys.stdin.buffer.read(LIMIT + 1)
    if len(content) > LIMIT:
        die("that is more than a megabyte", prompt)
    try:
        return text.decode(content)
    except UnicodeDecodeError:
        die("that is not text", prompt)
