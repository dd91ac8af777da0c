"""What a build that failed said, as one line with its cause, and what to do."""

import re
from collections.abc import Iterable
from typing import NamedTuple

IMAGE = re.compile(
    r"(?:failed to )?(?:resolve source metadata|load metadata|load cache key|copy|pull)\b.*? for (\S+): (.*)"
)
"""e.g. `python:3: failed to resolve source metadata for docker.io/library/python:3: …`"""
ABSENT = re.compile(
    r"not found|manifest unknown|does not exist|insufficient_scope|access denied|unauthorized|40[134]\b"
)
LIMITED = re.compile(r"toomanyrequests|429|rate limit", re.IGNORECASE)
UNREACHABLE = re.compile(
    r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|could not resolve|no such host|"
    r"failure (?:in name resolution|resolving)|"
    r"name or service not known|connection refused|network is unreachable|no route to host|i/o timeout|"
    r"deadline exceeded|certificate verify failed|x509:",
    re.IGNORECASE,
)
PARSE = re.compile(r"dockerfile parse error on line (\d+): (.*)|dockerfile parse error: (.*)")
MISSING = re.compile(r'"/?([^"]*)": not found')
ENDED = re.compile(r"did not complete successfully: exit code: (\d+)")
NOISE = re.compile(
    r"deprecat|\bwarn|^\s*at |a complete log|^npm (?:error|ERR!)\s*(?:$|code |errno|path |command |syscall )|"
    r"^\s*$|^Traceback|^\s+File \"|^Node\.js v|notice",
    re.IGNORECASE,
)
ERROR = re.compile(
    r"^\s*(?:npm (?:error|ERR!)|E: |error\b|fatal\b|panic\b)|\berror(?:\[\w+\]| TS\d+)?:|"
    r"\b[A-Z]\w*(?:Error|Exception)\b|"
    r"not found$|No such file or directory|Permission denied|cannot find|could not find",
    re.IGNORECASE,
)
LONG = 200


class Complaint(NamedTuple):
    """`line` and `statement` are of the Dockerfile, where one is to blame; `output` is what that step printed."""

    error: str
    line: str = ""
    statement: str = ""
    output: tuple[str, ...] = ()


def cause(output: Iterable[str]) -> str:
    """The line of a program's output that says why it failed; else the last one, empty where it said nothing.

    A host that does not answer comes before anything else: what follows from it are packages that cannot be found.
    """
    lines = [line.strip() for line in output if any(map(str.isalnum, line))]
    told = [line for line in lines if not NOISE.search(line)]
    for wanted, among in ((UNREACHABLE, told), (UNREACHABLE, lines), (ERROR, told)):
        for line in among:
            if wanted.search(line):
                return re.sub(
                    r"^(?:npm (?:error|ERR!)(?: network| notarget| 404)*|E:|error:|fatal:)\s*",
                    "",
                    line,
                    flags=re.IGNORECASE,
                )[:LONG]
    return (told or lines or [""])[-1][:LONG]


def explain(said: Complaint) -> tuple[str, str]:
    """Why the build failed, and what to do."""
    error = re.sub(r"^(?:failed to (?:build|solve)(?: with frontend \S+)?: )+", "", said.error)
    where = f"line {said.line}: {said.statement[:80]}" if said.line else ""
    if image := IMAGE.search(error):
        return of_image(image[1], image[2])
    if parse := PARSE.search(error):
        return (f"line {parse[1]}: {parse[2]}" if parse[1] else parse[3]), "mend it and push again"
    if (missing := MISSING.search(error)) and "checksum" in error:
        return (
            f"{where or error}: the repository has no {missing[1]}",
            "commit it or correct the line; where it is there, .dockerignore leaves it out",
        )
    if ended := ENDED.search(error):
        why = cause(said.output) or "it said nothing"
        return f"{where or 'a step'} ended with status {ended[1]}: {why}", "mend it and push again"
    return error[:LONG], "mend it and push again"


def of_image(name: str, error: str) -> tuple[str, str]:
    """Why an image, named in full, cannot be had, and what to do."""
    short = name.removeprefix("docker.io/").removeprefix("library/").partition("@sha256:")[0]
    registry = name.partition("/")[0] if "." in name.partition("/")[0] else "docker.io"
    if LIMITED.search(error):
        return f"the image {short} cannot be pulled: {registry} gives no more for now", "push again later"
    if UNREACHABLE.search(error):
        reason = error.rpartition(": ")[2]
        return (
            f"the image {short} cannot be pulled: {registry} cannot be reached, {reason}",
            f"push again when `docker pull {short}` works on the server",
        )
    if "platform" in error:
        return f"the image {short} is not made for this server's kind of processor", "choose another in the FROM line"
    if ABSENT.search(error):
        return (
            f"there is no image {short} at {registry}, or it is private",
            "correct the FROM line; `docker login` on the server lets it have private ones",
        )
    return f"the image {short} cannot be pulled: {error[-LONG:]}", "mend the FROM line, or push again later"
