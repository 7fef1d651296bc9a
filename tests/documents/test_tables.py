"""A table without quotes is read at once, and like any other."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.tables import Line, Table, read_columns, read_table

WORDS = st.text(st.sampled_from("ab ,#'é\0\t;\u2028|"), max_size=4)
LINES = st.lists(WORDS, max_size=6)


def quoted(line: str) -> str:
    """Write a line so that it is the same, but has to be read with care."""
    first, *others = line.split(",")
    return ",".join([f'"{first}"', *others])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINES, st.sampled_from(["", "\n"]))
def test_quotes_that_are_not_needed_change_nothing(tmp_path: Path, lines: list[str], end: str) -> None:
    plain, careful = tmp_path / "plain.csv", tmp_path / "careful.csv"
    plain.write_bytes(("\n".join(["x,y", *lines]) + end).encode())
    careful.write_bytes(
        ("\n".join(["x,y", *(quoted(line) if line else "" for line in lines)]) + end).encode()
    )
    one, other = (read_columns(path, required=("x", "y"), optional=()) for path in (plain, careful))
    if isinstance(one, Table) and isinstance(other, Table):
        assert (list(one.numbers), one.fields) == (list(other.numbers), other.fields)
    else:
        assert str(one).replace("plain.csv", "careful.csv") == str(other)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_row_knows_its_line(tmp_path: Path, end: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(end.join(["x,y", "1,", "", ",2", ""]).encode())
    assert [
        (line.number, dict(line.fields))
        for line in read_table(path, required=("x", "y"), optional=())
        if isinstance(line, Line)
    ] == [(2, {"x": "1", "y": None}), (4, {"x": None, "y": "2"})]


def test_a_long_line_does_not_make_up_for_a_short_one(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x,y\n1\n1,2,3\n")
    read = read_columns(path, required=("x", "y"), optional=())
    assert not isinstance(read, Table)
    assert [fault.place for fault in read] == [f"{path}:2:1", f"{path}:3:1"]


def test_a_field_that_is_too_long_is_a_fault_with_and_without_quotes(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for quote in ("", '"'):
        path.write_text(f"x,y\n1,{quote}{'a' * 200_000}{quote}\n")
        read = read_columns(path, required=("x", "y"), optional=())
        assert not isinstance(read, Table)
        assert "is not CSV: field larger than field limit" in read[0].text
