"""Text that people's editors wrote: with or without a byte order mark, in UTF-8 or in UTF-16."""

import codecs


def decode(content: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 as Windows' editors and PowerShell's `>` write it.

    No byte order mark is left; UTF-16 without one is known by a first letter with a zero byte beside it.
    Raises UnicodeDecodeError.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    if len(content) > 1 and not content[1] and content[0]:
        return content.decode("utf-16-le")
    if len(content) > 1 and not content[0] and content[1]:
        return content.decode("utf-16-be")
    return content.decode("utf-8-sig")


def lines_as_here(text: str) -> str:
    """The text with a line feed at the end of each line, where all of them end as on Windows; else as it is.

    Where the last one does not, a carriage return before a line feed is part of a value.
    """
    as_on_windows = text.endswith("\r\n") and text.count("\n") == text.count("\r\n")
    return text.replace("\r\n", "\n") if as_on_windows else text


def printable(said: object, most: int = 60) -> str:
    """What somebody else wrote, for a line that people read: no more than so many letters, and none that is none."""
    return "".join(each for each in str(said) if each.isprintable())[:most]


CAUSES = ("error", "fatal", "refused", "cannot", "could not", "denied")


def cause(said: str) -> str:
    """The line of what a program said that tells why it failed: of a full disk, else the last that sounds like it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    full = [line for line in lines if "no space left" in line.lower()]
    sounds = [line for line in lines if any(each in line.lower() for each in CAUSES)]
    return next(reversed(full or sounds or lines), "")[:300]
