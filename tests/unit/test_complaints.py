"""What a build that failed said becomes one line: its cause, and what to do."""

from pathlib import Path

import pytest

from builders import buildkit, buildpack, complaint
from builders.complaint import Complaint
from tests.unit.scripts import bash


class Deaf:
    def line(self, text: str) -> None:
        pass


def explained(text: str) -> str:
    progress = buildkit.Progress(Deaf())  # type: ignore[arg-type]
    for line in text.splitlines():
        progress.take(line)
    why, hint = complaint.explain(progress.complaint)
    assert hint
    return why


PULL = "#2 ERROR: {0}\nERROR: failed to solve: {1}: failed to resolve source metadata for {2}: {0}\n"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("docker.io/library/nosuch:latest: not found",
         "there is no image nosuch:latest at docker.io, or it is private"),
        ("pull access denied, repository does not exist or may require authorization: server message: "
         "insufficient_scope: authorization failed", "there is no image nosuch:latest at docker.io, or it is private"),
        ('failed to do request: Head "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: '
         "no such host",
         "the image nosuch:latest cannot be pulled: docker.io cannot be reached, no such host"),
        ("unexpected status from HEAD request to https://registry-1.docker.io/v2/: 429 Too Many Requests",
         "the image nosuch:latest cannot be pulled: docker.io gives no more for now"),
        ("no match for platform in manifest: not found",
         "the image nosuch:latest is not made for this server's kind of processor"),
    ],
)  # fmt: skip
def test_an_image_that_cannot_be_pulled_is_told_by_its_name_and_the_reason(error: str, said: str) -> None:
    assert explained(PULL.format(error, "nosuch", "docker.io/library/nosuch:latest")) == said


def test_an_image_of_another_registry_names_that_one() -> None:
    said = explained(PULL.format("dial tcp: i/o timeout", "r.example/a:1", "r.example/a:1"))
    assert said == "the image r.example/a:1 cannot be pulled: r.example cannot be reached, i/o timeout"


STEP = """#5 [2/2] RUN {run}
#5 0.100 (node:1) [DEP0040] DeprecationWarning: The module is deprecated, errors ahead
{output}
#5 ERROR: process "/bin/sh -c {run}" did not complete successfully: exit code: 1
------
 > [2/2] RUN {run}:
------
Dockerfile:4
--------------------
   3 |
   4 | >>> RUN {run}
--------------------
ERROR: failed to build: failed to solve: process "/bin/sh -c {run}" did not complete successfully: exit code: 1
"""


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        ("npm error code ENOTFOUND\nnpm error network request to https://r.nosuch/ms failed, reason: getaddrinfo "
         "ENOTFOUND r.nosuch", "request to https://r.nosuch/ms failed, reason: getaddrinfo ENOTFOUND r.nosuch"),
        ("Traceback (most recent call last):\n  File \"x.py\", line 1, in <module>\nModuleNotFoundError: No module "
         "named 'x'", "ModuleNotFoundError: No module named 'x'"),
        ("a.c:1:1: error: unknown type name 'oops'\nmake: *** [a] Error 1", "a.c:1:1: error: unknown type name 'oops'"),
        ("/bin/sh: 1: gulp: not found", "/bin/sh: 1: gulp: not found"),
        ("E: Unable to locate package nosuch", "Unable to locate package nosuch"),
        ("just words", "just words"),
    ],
)  # fmt: skip
def test_a_step_that_failed_is_told_by_its_line_and_the_reason_not_the_first_word_like_error(
    output: str, cause: str
) -> None:
    lines = "\n".join(f"#5 0.200 {line}" for line in output.splitlines())
    assert explained(STEP.format(run="make", output=lines)) == f"line 4: RUN make ended with status 1: {cause}"


def test_a_file_that_is_not_there_and_a_word_that_is_none_are_told_by_their_line() -> None:
    blamed = "Dockerfile:2\n   2 | >>> COPY lost /x\n"
    missing = 'ERROR: failed to solve: failed to calculate checksum of ref a::b: "/lost": not found'
    assert explained(blamed + missing) == "line 2: COPY lost /x: the repository has no lost"
    said = "ERROR: failed to solve: dockerfile parse error on line 3: unknown instruction: FOO"
    assert explained(said) == "line 3: unknown instruction: FOO"
    assert explained("ERROR: failed to solve: what nobody knows") == "what nobody knows"
    assert complaint.cause([]) == complaint.explain(Complaint(""))[0] == ""


@pytest.mark.parametrize(
    ("manager", "printed", "said"),
    [
        ("npm", "(node:1) [DEP0040] DeprecationWarning: errors\nnpm error code ENOTFOUND\nnpm error network request to "
                "https://r.nosuch/ms failed, reason: getaddrinfo ENOTFOUND r.nosuch", "getaddrinfo ENOTFOUND r.nosuch"),
        ("npm", "npm ERR! code ETARGET\nnpm ERR! notarget No matching version found for ms@99.",
         "No matching version found for ms@99."),
        ("npm 6", "src/a.ts(1,7): error TS2322: no string\nnpm ERR! code ELIFECYCLE\nnpm ERR! a@1.0.0 build: `tsc`\n"
                  "npm ERR! Exit status 2", "src/a.ts(1,7): error TS2322: no string"),
        ("yarn", 'warning a > b: errors\nerror Couldn\'t find any versions for "ms" that matches "99"\ninfo Visit us',
         'Couldn\'t find any versions for "ms" that matches "99"'),
        ("pnpm", " ERR_PNPM_FETCH_404  GET https://r/nosuch: Not Found - 404", "GET https://r/nosuch: Not Found"),
        ("script", "> vite build\nsh: 1: vite: not found", "sh: 1: vite: not found"),
        ("script", "throw new Error('no');\n^\nError: no luck\n    at x (/a.js:1)\nNode.js v20.1.0", "Error: no luck"),
    ],
)  # fmt: skip
def test_the_reason_of_a_package_manager_is_its_own_word_for_it(
    manager: str, printed: str, said: str, tmp_path: Path
) -> None:
    script = 'source "$PACKS/node/lib/output.sh"; printf "%s\\n" "$PRINTED" >out; reason out'
    done = bash(script, tmp_path, PRINTED=printed)
    assert said in done.stdout, (manager, done)
    assert "\n" not in done.stdout.strip()


def test_a_buildpack_that_ends_without_a_word_is_told_by_its_step_and_its_command() -> None:
    step = "-----> Installing dependencies with npm"
    said = "it said nothing after 'Installing dependencies with npm', and ended with `npm ci`"
    assert buildpack.cause(["-----> Node.js", "       22", step, "mooring-failed: x"], "npm ci") == said
    assert buildpack.cause([step, "       E: no luck", "       ^"], "npm ci") == "no luck"
    assert buildpack.cause([], "") == "it said nothing"


LAST = """
printf '#!/bin/bash\n%s\n' "$COMPILE" >compile; chmod +x compile
sed "s#/tmp/last-failure#$PWD/last#" "$PACKS/../builders/buildpack/inside/last-words" >words
status=0; BASH_ENV=$PWD/words ./compile || status=$?; echo "$status"; cat last 2>/dev/null || true
"""


@pytest.mark.parametrize(
    ("compile", "said"),
    [
        ("set -e; echo a; grep -q x /dev/null; echo b", "a\n1\n1 grep -q x /dev/null\n"),
        ("set -euo pipefail; f() { (exit 3) | cat; }; if false; then :; fi; x=$(f); echo b", "3\n3 x=$(f)\n"),
        ("false; false || true; bash -c 'false; echo ${BASH_ENV-none}'; exit 4", "none\n4\n1 false\n"),
        ("trap 'echo bye' EXIT; false; true", "bye\n0\n1 false\n"),
    ],
)
def test_the_command_that_ended_a_buildpack_is_noted(tmp_path: Path, compile: str, said: str) -> None:
    assert bash(LAST, tmp_path, COMPILE=compile).stdout == said
