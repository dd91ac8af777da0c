"""A snippet of nginx configuration that a person wrote: read as nginx reads it, so that it stays where it is put."""

import ipaddress
import re
from typing import NamedTuple

from mooring.host.refusal import die

BLANK = " \t\r\n"
REFUSED: tuple[tuple[str, str], ...] = (
    (r"include|load_module", "put the text itself into the snippet"),
    (r".*_by_lua.*|lua_.*|perl.*|js_.*", "what needs code belongs into the app"),
    (r"access_log|error_log", "`mooring nginx:set APP access-log file`"),
    (r"server_name", "`mooring domains:add APP DOMAIN`"),
    (r"xslt_.*|xml_entities", "what needs code belongs into the app"),
    (r"listen", "`mooring nginx:set APP listen-address ADDRESS`"),
    (r".*_temp_path|.*_store|dav_.*|client_body_in_file_only", "nginx writes no files for an app"),
    (r"(?:.*_)?ssl_(?:.*certificate.*|.*_key|.*_file|dhparam|crl)", "keys and certificates are not a snippet's"),
)
"""Directives that reach out of the server block, and what to do instead: they would load files or code, make nginx's
master write files as root, or take requests from other apps."""
LOOKED_UP = re.compile(r"(?:proxy|fastcgi|uwsgi|scgi|grpc|memcached)_pass|set_real_ip_from|resolver|proxy_bind")
"""Directives whose host names nginx looks up when it starts: with one that is not found, no app is served."""


class Directive(NamedTuple):
    """A directive: its words, and the line that it begins on."""

    words: tuple[str, ...]
    line: int


def check(text: str) -> str:
    """Return the snippet, with a line break at its end, if it is whole and stays in its block; raise Refusal if not."""
    bad = next((c for c in text if (ord(c) < 32 and c not in BLANK) or ord(c) == 127), None)
    if bad:
        die(f"the snippet has the control character {bad!r}", "nginx reads plain text")
    for directive in read(text):
        for pattern, instead in REFUSED:
            if re.fullmatch(pattern, directive.words[0], re.IGNORECASE):
                die(f"line {directive.line}: {directive.words[0]} is not allowed in a snippet", instead)
        if LOOKED_UP.fullmatch(directive.words[0]) and len(directive.words) > 1 and not is_address(directive.words[1]):
            die(
                f"line {directive.line}: {directive.words[0]} needs a host name that nginx must find at every start",
                "an address, or a process of the app, e.g. http://$process_web",
            )
    return text if text.endswith("\n") else text + "\n"


def is_address(word: str) -> bool:
    """Whether nothing of a URL or an address has to be looked up when nginx starts."""
    host = re.sub(r"^[a-z]+://", "", word)
    if "$" in word or host.startswith("unix:") or word in ("off", "transparent"):
        return True
    host = re.sub(r":[0-9]+$", "", host.partition("/")[0]).strip("[]")
    try:
        return host == "localhost" or bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def read(text: str) -> list[Directive]:
    """Its directives, those in blocks too; raise Refusal where nginx would not see it end where it does.

    Follows ngx_conf_read_token() of nginx: quotes and comments begin only where a word does, a backslash takes the
    next letter as it is, and what follows a `$` opens no block.
    """
    found: list[Directive] = []
    words: list[str] = []
    depth = 0
    line = begins = 1
    at = 0
    while at < len(text):
        letter = text[at]
        if letter in BLANK:
            line += letter == "\n"
            at += 1
        elif letter == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif letter in ";{":
            if not words:
                die(f"line {line}: {letter!r} where a directive should be", "mend that line")
            found.append(Directive(tuple(words), begins))
            words = []
            depth += letter == "{"
            at += 1
        elif letter == "}":
            if words:
                die(f"line {line}: no ; before }}", "mend that line")
            if not depth:
                die(f"line {line}: }} would close the server block that the snippet is in", "take it out")
            depth -= 1
            at += 1
        else:
            if not words:
                begins = line
            word, at = (quoted if letter in "\"'" else plain)(text, at, line)
            line += word.count("\n")
            words.append(word)
    if words:
        die(f"line {begins}: {words[0][:60]} does not end", "a directive ends with ;")
    if depth:
        die(f"{depth} block{'s' if depth > 1 else ''} of the snippet not closed", "add the } that is missing")
    return found


def quoted(text: str, begin: int, line: int) -> tuple[str, int]:
    """The word in quotes that begins there, and where it ends; raise Refusal where it does not."""
    at = begin + 1
    while at < len(text) and text[at] != text[begin]:
        at += 2 if text[at] == "\\" else 1
    if at >= len(text):
        die(f"line {line}: a quote that does not end", f"close it with {text[begin]}")
    at += 1
    if text[at : at + 1] and text[at] not in f"{BLANK};{{)":
        die(f"line {line}: {text[at]!r} right after a quote", "put a space between them")
    return text[begin + 1 : at - 1], at


def plain(text: str, begin: int, line: int) -> tuple[str, int]:
    """The word without quotes that begins there, and where it ends; raise Refusal where a backslash ends the text."""
    at = begin
    variable = False
    while at < len(text):
        letter = text[at]
        if variable and letter == "{":
            at += 1
            continue
        variable = letter == "$"
        if letter in f"{BLANK};{{":
            break
        at += 2 if letter == "\\" else 1
    if at > len(text):
        die(f"line {line}: a backslash at the very end", "take it out")
    return text[begin:at], at
