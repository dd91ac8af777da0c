"""Which branch of an app's repository deploys."""

from pathlib import Path

HEADS = "refs/heads/"


def deploying(chosen: str, pushed: list[str], stored: list[str]) -> str:
    """The branch that deploys: the chosen one, else main, else master where there is no main."""
    if chosen:
        return chosen
    branches = {*pushed, *stored}
    return "main" if "main" in branches or "master" not in branches else "master"


def stored(repository: Path) -> list[str]:
    """The branches that the repository has (gitrepository-layout(5): loose ones are files, others are packed)."""
    heads = repository / HEADS
    loose = [str(path.relative_to(heads)) for path in heads.rglob("*") if path.is_file()]
    packed = repository / "packed-refs"
    lines = packed.read_text().splitlines() if packed.exists() else []
    return loose + [ref.removeprefix(HEADS) for line in lines if (ref := line.partition(" ")[2]).startswith(HEADS)]
