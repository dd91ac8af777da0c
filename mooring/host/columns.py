"""Config vars in columns, `NAME:  value`, as `dokku config` and `heroku config` show them."""

import re

from mooring.host.refusal import die

ROW = re.compile(r"([A-Za-z_][A-Za-z0-9_]*):([ \t]*)(.*)", re.DOTALL)
HEADER = re.compile(r"={3,}>? .*")


def rows(text: str) -> dict[str, str]:
    """Columns, or `NAME: value` in lines of their own; raise Refusal where a line may be part of the value before."""
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line.strip() and not HEADER.match(line)]
    found = [row for line in lines if (row := ROW.match(line)) and row[3]]
    begins = [len(row[1] + row[2]) + 1 for row in found]
    if len(set(begins)) > 1 and len(found) == len(lines) and all(len(row[2]) == 1 for row in found):
        return {row[1]: row[3].rstrip() for row in found}
    for row, begin in zip(found, begins, strict=True):
        if begin < begins[0]:
            number = text.count("\n", 0, text.index(row[0])) + 1
            die(
                f"line {number} can be meant in two ways: is {row[1]} a config var of its own?",
                "nothing was changed; NAME=value lines if it is, --format pretty if it is part of the value above",
            )
    return pretty(text)


def pretty(text: str) -> dict[str, str]:
    """Columns: each value begins where the first one does; other lines go on with the value before."""
    values: dict[str, list[str]] = {}
    column, name = 0, ""
    for number, line in enumerate(text.replace("\r\n", "\n").rstrip("\n").split("\n"), 1):
        row = ROW.match(line)
        if row and (not row[3] or len(row[1] + row[2]) + 1 >= column):
            column = column or (len(row[1] + row[2]) + 1 if row[3] else 0)
            name = row[1]
            # A name that reaches into the column is of a list that has none.
            begin = column if len(row[1]) + 1 < column else len(row[1] + row[2]) + 1
            values[name] = [line[begin:] if row[3] else ""]
        elif name:
            values[name].append(line)
        elif line.strip() and not HEADER.match(line):
            die(f"line {number} is not `NAME: value`", "mend that line; nothing was changed")
    return {name: "\n".join(lines) for name, lines in values.items()}
