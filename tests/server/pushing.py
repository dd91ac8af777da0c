"""What tests do with pushes again and again: change a line, see a refusal, wait for what a build says."""

import subprocess

from tests.server.user import Repo


def change(repo: Repo, file: str, old: str, new: str) -> None:
    """Commit the file with `new` in the place of `old`."""
    text = (repo.folder / file).read_text()
    assert old in text
    repo.commit({file: text.replace(old, new)})


def refused(repo: Repo, app: str, *words: str) -> None:
    """A push of this is told these words, in the line that says why; what was changed is taken back."""
    pushed = repo.push(app)
    assert not pushed.ok
    reasons = [line for line in pushed.output.splitlines() if line.startswith("remote:  !     ")]
    assert any(all(word in line for word in words) for line in reasons), pushed.output
    assert "serves on." in reasons[-1]
    repo.git("reset", "-q", "--hard", "HEAD~1")


def until_says(process: "subprocess.Popen[bytes]", words: str) -> str:
    """Wait until a process that goes on has printed the words: what it printed up to the end of their line."""
    assert process.stdout
    said = ""
    for line in process.stdout:
        said += line.decode(errors="replace")
        if words in said:
            return said
    raise AssertionError(f"it ended without {words!r}:\n{said}")


def begin_push(repo: Repo, app: str, words: str) -> "subprocess.Popen[bytes]":
    """Push, and return as soon as the line is printed."""
    push = repo.pushing(app, "HEAD:main")
    until_says(push, words)
    return push
