import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.cutting import cut_records
from auditor.sources.dialect import Dialect
from auditor.sources.lines import USUAL, Block, lines_in
from auditor.sources.regular import regular_fields

PLAIN = Dialect(",", '"', "#", 3)
LINES = st.lists(st.text('a,,"# \té\u2003\0', max_size=8) | st.just("a,b,c"), min_size=1, max_size=6)


def block_of(data: bytes) -> Block:
    return Block(data, 0, len(data), ended=data.endswith(b"\n"))


def text_of(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def test_a_block_of_whole_lines_is_parted_at_once() -> None:
    found = regular_fields(block_of("a,b,c\n,é,\n , ,\0\n".encode()), PLAIN)
    assert found is not None
    fields, lines = found
    assert fields.rows() == [("a", "b", "c"), ("", "é", ""), (" ", " ", "\0")]
    assert lines.select("start", "size").rows() == [(0, 5), (6, 4), (11, 5)]


def test_a_block_of_lines_that_all_end_with_crlf_is_too() -> None:
    found = regular_fields(block_of(b"a,b,c\r\n,,\r\n"), PLAIN)
    assert found is not None
    assert found[0].rows() == [("a", "b", "c"), ("", "", "")]
    assert found[1].select("start", "size").rows() == [(0, 6), (7, 3)]


@pytest.mark.parametrize(
    "data",
    [
        b"a,b\n",
        b"a,b,c,d\n",
        b"a,b,c,\na,b\n",
        b"a,b,c\n\n",
        b"\na,b,c",
        b"a,b,c\n  \n",
        b"a,b,c\r\na,b,c\n",
        b"a,b,c\r\na,b,c",
        b"a,b\r,c\r\na,b,c\n",
        b"a,b,c\r\r\na,b,c\n",
        b'a,b,"c"\n',
        b"#a,b,c\n",
        b"a,b,c\n#a,b,c\n",
        b"a,b,\xff\n",
    ],
)
def test_a_block_that_needs_a_closer_look_is_not(data: bytes) -> None:
    assert regular_fields(block_of(data), PLAIN) is None


@given(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_is_parted_at_once_is_what_a_look_at_each_line_gives(
    lines: list[str],
    end: str,
    ended: bool,  # noqa: FBT001  hypothesis gives it by position
) -> None:
    block = block_of((end.join(lines) + end * ended).encode() or b"\n")
    found = regular_fields(block, PLAIN)
    looked_at = cut_records(block, PLAIN, USUAL, last=True).records
    plain = looked_at["kind"].eq("record").all() and '"' not in "".join(lines)
    whole = block.data.endswith(end.encode()) or end == "\n" or len(lines) == 1
    assert (found is not None) == (plain and whole)
    if found is not None:
        assert found[1].select("start", "size").equals(looked_at.select("start", "size"))
        assert found[0].rows() == [PLAIN.split(line) for line in looked_at["text"]]


def test_lines_that_begin_like_a_compression_are_text() -> None:
    assert lines_in(block_of(b"x\x01\nb"))["text"].to_list() == ["x\x01", "b"]


@given(st.lists(st.binary(max_size=6).map(lambda line: line.replace(b"\n", b"\r")), min_size=1))
def test_lines_end_at_line_feeds_only_and_lose_no_byte(lines: list[bytes]) -> None:
    data = b"\n".join(lines) + b"\n"
    found = lines_in(block_of(data))
    assert [data[at : at + size] for size, at in found.select("size", "start").rows()] == lines
    assert found["text"].to_list() == [text_of(line.removesuffix(b"\r")) for line in lines]
