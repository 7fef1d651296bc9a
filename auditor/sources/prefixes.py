"""What collectors of logs put in front of a line: syslog, journald, and the runtimes of containers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

Prefix = Literal["syslog", "kubernetes"]

COLUMNS: Mapping[Prefix, tuple[str, ...]] = {
    "syslog": ("syslog.time", "syslog.host"),
    "kubernetes": ("kubernetes.time", "kubernetes.stream"),
}
"""What a mapping may read of a wrapper, by the names of columns. Nothing of it is read unless asked for."""

_ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
_BSD = r"[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,9})?"
_PRI = r"(?:<\d{1,3}>)?"
# No digit in front: an address and its port are no program.
_PROGRAM = r"[^\s:\[\d][^\s:\[]*(?:\[[^\s\]]*\])?:"
# RFC 5424: a bracket within quotes does not end an element, and a BOM may precede the message.
_STRUCTURED = r'(?:-|(?:\[(?:[^\]"\\]|\\.|"(?:[^"\\]|\\.)*")*\])+)(?: |$)\x{FEFF}?'

_PATTERNS: Mapping[Prefix, tuple[str, ...]] = {
    "syslog": (
        rf"(?s)^{_PRI}1 (?P<time>{_ISO}|-) (?P<host>\S+)(?: \S+){{3}} {_STRUCTURED}(?P<rest>.*)$",
        # RFC 3164 as daemons write it, and the same with an ISO time: rsyslog's and journald's files.
        rf"(?s)^{_PRI}(?P<time>{_BSD}|{_ISO}) (?P<host>\S+) {_PROGRAM}(?: |$)(?P<rest>.*)$",
    ),
    "kubernetes": (
        rf"(?s)^(?P<time>{_ISO}) (?P<stream>stdout|stderr) (?P<tag>[FP])(?::\S*)?(?: |$)(?P<rest>.*)$",
    ),
}


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """Lines without their wrappers, and what the wrappers said.

    `text` is null where a line was no text, or is only a part of one that a runtime has cut; `columns` are
    those of COLUMNS. `begun` names the streams whose last line has not ended yet.
    """

    text: pl.Series
    columns: pl.DataFrame
    begun: frozenset[str] = frozenset()


def unwrapped(text: pl.Series, prefixes: Sequence[Prefix], begun: frozenset[str] = frozenset()) -> Unwrapped:
    """Take wrappers off, the first of `prefixes` first; a line without one stays as it is.

    `begun` is what the lines before these have left.
    """
    found: dict[str, pl.Series] = {}
    for prefix in prefixes:
        parts = _parts(text, prefix)
        wrapped = parts["rest"].is_not_null()
        text = parts["rest"].zip_with(wrapped, text)
        if prefix == "kubernetes":
            text, begun = _without_partial(text, parts, begun)
        for name in COLUMNS[prefix]:
            found[name] = parts[name.rpartition(".")[2]]
    return Unwrapped(text.alias("text"), pl.DataFrame(found), begun)


def may_be_partial(data: bytes) -> bool:
    """Say whether any line of a container's log may be a part of one: parts follow each other as lines."""
    return b" P " in data or b" P\n" in data or b" P:" in data


def _parts(text: pl.Series, prefix: Prefix) -> pl.DataFrame:
    """Part lines by the first pattern that fits."""
    first, *others = (text.str.extract_groups(pattern).struct.unnest() for pattern in _PATTERNS[prefix])
    for other in others:
        fits = first["rest"].is_not_null()
        first = first.select(first[name].zip_with(fits, other[name]) for name in first.columns)
    return first


def _without_partial(
    text: pl.Series, parts: pl.DataFrame, begun: frozenset[str]
) -> tuple[pl.Series, frozenset[str]]:
    """Take out the parts of lines that a runtime has cut: those marked so, and the last of each such line."""
    partial = parts["tag"] == "P"
    if not begun and not partial.any():
        return text, begun
    frame = parts.select("stream", partial=partial).filter(pl.col("stream").is_not_null())
    before = pl.col("partial").shift(1).over("stream")
    at_first = pl.col("stream").is_in(list(begun))
    continued = frame.select(pl.coalesce(before, at_first)).to_series() | frame["partial"]
    rows = parts["stream"].is_not_null().arg_true().filter(continued)
    cut = pl.repeat(False, len(text), eager=True).scatter(rows, True)  # noqa: FBT003  values
    last = frame.group_by("stream").agg(pl.col("partial").last())
    seen = dict(last.iter_rows())
    still = {stream for stream, open_ in seen.items() if open_} | {one for one in begun if one not in seen}
    return text.zip_with(~cut, pl.Series([None], dtype=pl.String)), frozenset(still)
