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


def until_says(push: "subprocess.Popen[bytes]", text: str) -> None:
    """Wait until a push that goes on has printed the text."""
    assert push.stdout
    while text.encode() not in (line := push.stdout.readline()):
        assert line, "the push ended early"
