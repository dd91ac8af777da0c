"""How listings are printed: aligned columns, or JSON. (Not a command.)"""

import datetime
import json
from collections.abc import Sequence
from typing import Any

from mooring.commands import argument
from mooring.host.refusal import die

FOLLOW = argument("-f", "--follow", action="store_true", help="go on with what comes")
LINES = argument("-n", "--lines", type=int, default=100, metavar="N", help="begin with the last N lines (100)")


def check_lines(number: int) -> None:
    """Raise Refusal for a number that cannot be of lines."""
    if number < 0:
        die(f"-n is {number}", "a number of lines, e.g. -n 100")


def show(rows: Sequence[dict[str, Any]], *, as_json: bool, empty: str = "") -> None:
    """Print rows with the same keys: as columns under the keys, or as a JSON array. `empty` is said of no rows."""
    if as_json:
        print(json.dumps(list(rows), indent=1, ensure_ascii=False))
        return
    if not rows:
        print(empty)
        return
    table = [[key.upper() for key in rows[0]], *([word(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def show_one(record: dict[str, Any], *, as_json: bool) -> None:
    """Print one thing's fields, a line each, or as a JSON object."""
    if as_json:
        print(json.dumps(record, indent=1, ensure_ascii=False))
        return
    width = max(len(key) for key in record) + 1
    for key, value in record.items():
        print(f"{key + ':':{width}}  {word(value)}".rstrip())


def word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    # A line break, or an escape sequence, would break the columns.
    return "" if value is None else "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(value))


def moment(seconds: float | None) -> str:
    """A time, given in seconds since the epoch, in the server's own zone (ISO 8601)."""
    if not seconds:
        return ""
    return datetime.datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")
