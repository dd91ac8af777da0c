"""Config vars come back as they went in, and a file that could be misread is refused."""

import pytest

from mooring.host import env_file
from mooring.host.refusal import Refusal


@pytest.mark.parametrize(
    "value", ["a\u2028b", "a\u2029b", "a\x85b", "\r", "a\r\nb", "\x0b\x0c\x1c", "\x7f", "😀", '\\"', "\\'"]
)
def test_characters_that_python_takes_for_line_ends_come_back_too(value: str) -> None:
    assert env_file.parse(env_file.render({"A": value, "B": "b"})) == {"A": value, "B": "b"}


def test_vars_are_written_in_the_order_of_their_names() -> None:
    assert env_file.render({"B": "2", "A": "1"}) == 'A="1"\nB="2"\n'


def test_a_comment_after_a_quoted_value_is_no_part_of_it() -> None:
    assert env_file.parse("A='x' # note\nB=\"y\" # it's\nC='#'\n") == {"A": "x", "B": "y", "C": "#"}


@pytest.mark.parametrize("text", ["A='it's'", 'A="say "hi""', "B=1\nA='x'y"])
def test_what_follows_a_quoted_value_is_refused_not_guessed(text: str) -> None:
    with pytest.raises(Refusal, match=f"line {text.count(chr(10)) + 1} goes on"):
        env_file.parse(text)


def test_a_file_of_windows_is_read() -> None:
    assert env_file.parse('A=1\r\nB="two\r\nlines"\r\n') == {"A": "1", "B": "two\nlines"}


def test_blanks_in_quotes_are_kept_at_the_ends_of_lines_too() -> None:
    text = "export A=' x  \ny\t\n '\n  B  =  \"  z  \"  \nC=  plain  \n"
    assert env_file.parse(text) == {"A": " x  \ny\t\n ", "B": "  z  ", "C": "plain"}


def test_an_escape_that_is_none_stays_as_it_is_written() -> None:
    assert env_file.parse('A="C:\\dir"\nB="\\ud800"') == {"A": "C:\\dir", "B": "\\ud800"}


def test_a_refusal_names_the_line_and_not_the_secret() -> None:
    with pytest.raises(Refusal, match="line 3 is not") as refused:
        env_file.parse("A=1\n\nhunter2\n")
    assert "hunter2" not in str(refused.value)


def test_pairs_keep_everything_after_the_first_equals_sign() -> None:
    assert env_file.parse_pairs(["A=b=c", "B=", "C=x y\nz"]) == {"A": "b=c", "B": "", "C": "x y\nz"}


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "É", "A\n", "A=", "x" * 201])
def test_a_name_that_a_shell_would_not_take_is_refused(name: str) -> None:
    with pytest.raises(Refusal):
        env_file.check_name(name)
