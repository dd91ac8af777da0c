"""What is wrong with this server: `doctor`."""

from mooring import doctor as examinations
from mooring.commands import JSON, command
from mooring.commands.listing import show


@command("doctor", "mooring doctor", JSON)
def doctor(json: bool) -> int:
    """Look at all that an operator would look at, and say what to do; exit status 1 where there is anything."""
    findings = examinations.examine()
    if json:
        show([each._asdict() for each in findings], as_json=True)
    elif not findings:
        print("everything is well")
    else:
        for each in findings:
            line = f"{each.where}: {each.problem} ({each.remedy})"
            print(" ".join("".join(c if c.isprintable() else " " for c in line).split()))
    return 1 if findings else 0
