"""What no release needs any more: `cleanup`."""

from mooring.commands import command


@command("cleanup", "mooring cleanup")
def cleanup() -> None:
    """Remove what no release needs any more, as is done every night."""
    from mooring.pipeline import cleanup as nightly

    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        print(line if line.startswith(" !") else f"Removed {line}", flush=True)

    nightly.alone(say)
    if not said:
        print("There is nothing to remove")
