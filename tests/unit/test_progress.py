"""BuildKit's plain progress, as a person who pushed reads it."""

from builders.buildkit import Progress


class Heard:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)


def shown(*lines: str) -> list[str]:
    heard = Heard()
    progress = Progress(heard)  # type: ignore[arg-type]
    for line in lines:
        progress.take(line)
    return heard.lines


def test_the_first_nine_of_many_steps_are_shown_too() -> None:
    assert shown("#5 [ 1/12] FROM busybox", "#6 [ 2/12] RUN a", "#15 [11/12] RUN b") == [
        "[1/12] FROM busybox", "[2/12] RUN a", "[11/12] RUN b"
    ]  # fmt: skip


def test_steps_of_named_stages_and_platforms_are_shown() -> None:
    assert shown("#5 [build  1/10] FROM go", "#6 [stage-1 2/3] COPY . .", "#7 [linux/amd64 build 2/3] RUN go") == [
        "[1/10] FROM go", "[2/3] COPY . .", "[2/3] RUN go"
    ]  # fmt: skip


def test_the_same_step_of_two_stages_is_shown_twice_and_an_interrupted_one_once() -> None:
    lines = shown("#5 [a 1/2] FROM x", "#6 [b 1/2] FROM x", "#5 [a 1/2] FROM x")
    assert lines == ["[1/2] FROM x", "[1/2] FROM x"]


def test_what_the_build_prints_is_not_taken_for_its_error() -> None:
    heard = Heard()
    progress = Progress(heard)  # type: ignore[arg-type]
    progress.take("#6 1.234 ERROR: only a test")
    progress.take("#6 1.235 #7 [1/2] FROM x")
    assert heard.lines == ["      ERROR: only a test", "      #7 [1/2] FROM x"]
    assert progress.error == ""
    progress.take("ERROR: failed to build: failed to solve: exit code: 2")
    assert progress.error == "failed to build: failed to solve: exit code: 2"


def test_what_says_nothing_to_a_person_is_left_out() -> None:
    noise = (
        "",
        "#1 DONE 0.0s",
        "#2 [internal] load .dockerignore",
        "#2 transferring context: 2B done",
        "------",
        " > x:",
    )
    assert shown(*noise) == []
