import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.prefixes import may_be_partial, unwrapped

AT = "2026-03-01T02:33:52.123456789Z"
MESSAGE = "59: session 1: new"


@pytest.mark.parametrize(
    ("prefix", "time", "host"),
    [
        ("<34>Oct 11 22:14:15 relay1 su[230]: ", "Oct 11 22:14:15", "relay1"),
        ("Mar  1 02:33:52 relay1 /usr/sbin/kamailio[123]: ", "Mar  1 02:33:52", "relay1"),
        ("Mar  1 2026 02:33:52 relay1 turnserver: ", "Mar  1 2026 02:33:52", "relay1"),
        ("2026-03-01T02:33:52+0000 relay1 turnserver[9]: ", "2026-03-01T02:33:52+0000", "relay1"),
        ("2026-03-01T02:33:52.123456+01:00 2001:db8::1 a/b[-]: ", "2026-03-01T02:33:52.123456+01:00", "2001:db8::1"),  # noqa: E501  a table
        ("<165>1 2026-03-01T02:33:52.003Z relay1.example.com app - ID47 - ", "2026-03-01T02:33:52.003Z", "relay1.example.com"),  # noqa: E501  a table
        ("1 2026-03-01T02:33:52Z relay1 app 7 - - ", "2026-03-01T02:33:52Z", "relay1"),
        ("1 - - app 7 - - ", "-", "-"),
        ('<1>1 2026-03-01T02:33:52Z h a p m [x@1 k="a]b\\"c\\]"][y@1] ', "2026-03-01T02:33:52Z", "h"),
        ("<1>1 2026-03-01T02:33:52Z h a p m - \ufeff", "2026-03-01T02:33:52Z", "h"),
    ],
)  # fmt: skip
def test_a_syslog_prefix_comes_off(prefix: str, time: str, host: str) -> None:
    found = unwrapped(pl.Series([prefix + MESSAGE]), ["syslog"])
    assert found.text.to_list() == [MESSAGE]
    assert found.columns.rows() == [(time, host)]


@pytest.mark.parametrize(
    "line",
    [
        MESSAGE,
        "2026-03-01T02:33:52Z 60 192.0.2.1:3478",
        "2026-03-01T02:33:52Z - 192.0.2.1: 3478",
        "2026-03-01T02:33:52-0500(26): INFO: session",
        "2026-03-01T02:33:52.123-0700 INFO session 1: new",
        "Mar 32 text",
        "<34>Oct 11 22:14:15 relay1 no program",
        "",
        f"{AT} stdout F x",
    ],
)
def test_a_line_without_a_syslog_prefix_stays_as_it_is(line: str) -> None:
    found = unwrapped(pl.Series([line]), ["syslog"])
    assert found.text.to_list() == [line]
    assert found.columns.rows() == [(None, None)]


@pytest.mark.parametrize(
    ("line", "text", "stream"),
    [
        (f"{AT} stdout F {MESSAGE}", MESSAGE, "stdout"),
        (f"{AT} stderr F  {MESSAGE}", f" {MESSAGE}", "stderr"),
        (f"{AT} stdout F:x {MESSAGE}", MESSAGE, "stdout"),
        (f"{AT} stdout F ", "", "stdout"),
        (f"{AT} stdout F", "", "stdout"),
        (f"{AT} stdlog F {MESSAGE}", f"{AT} stdlog F {MESSAGE}", None),
        (MESSAGE, MESSAGE, None),
    ],
)
def test_what_a_container_runtime_puts_in_front_comes_off(line: str, text: str, stream: str | None) -> None:
    found = unwrapped(pl.Series([line]), ["kubernetes"])
    assert found.text.to_list() == [text]
    assert found.columns["kubernetes.stream"].to_list() == [stream]


def test_wrappers_come_off_in_the_order_in_which_they_are_named() -> None:
    inner = f"Mar  1 02:33:52 relay1 app: {MESSAGE}"
    line = pl.Series([f"{AT} stdout F {inner}"])
    found = unwrapped(line, ["kubernetes", "syslog"])
    assert found.text.to_list() == [MESSAGE]
    assert found.columns.columns == ["kubernetes.time", "kubernetes.stream", "syslog.time", "syslog.host"]
    assert unwrapped(line, ["syslog", "kubernetes"]).text.to_list() == [inner]


def test_a_line_that_is_no_text_is_none_afterwards() -> None:
    assert unwrapped(pl.Series([None, "x"]), ["syslog", "kubernetes"]).text.to_list() == [None, "x"]


def test_parts_of_a_line_are_not_taken_for_lines_up_to_its_last() -> None:
    lines = [
        f"{AT} stdout P a",
        f"{AT} stderr F whole",
        "no wrapper",
        f"{AT} stdout P b",
        f"{AT} stdout F c",
        f"{AT} stdout F whole too",
    ]
    found = unwrapped(pl.Series(lines), ["kubernetes"])
    assert found.text.to_list() == [None, "whole", "no wrapper", None, None, "whole too"]
    assert found.begun == frozenset()


LINES = st.lists(st.tuples(st.sampled_from(["stdout", "stderr", None]), st.sampled_from("PF")), max_size=12)


@given(LINES, st.integers(0, 12))
def test_it_is_no_matter_where_blocks_end(lines: list[tuple[str | None, str]], cut: int) -> None:
    texts = [f"{AT} {stream} {tag} x" if stream else "x" for stream, tag in lines]
    whole = unwrapped(pl.Series(texts, dtype=pl.String), ["kubernetes"])
    first = unwrapped(pl.Series(texts[:cut], dtype=pl.String), ["kubernetes"])
    second = unwrapped(pl.Series(texts[cut:], dtype=pl.String), ["kubernetes"], first.begun)
    assert [*first.text, *second.text] == whole.text.to_list()
    assert second.begun == whole.begun
    assert not whole.text.null_count() or may_be_partial("\n".join(texts).encode())
