"""Formats of logs, and what one of them makes of a log, in words for a terminal."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from auditor.engine.logcheck import BESIDE, FIRST, LogCheck
from auditor.report import catalogue
from auditor.report.logs import CHECKED_AGAINST
from auditor.report.numerals import counted, percent, whole
from auditor.report.phrase import visible
from auditor.sources.detection import Detected, Shown
from auditor.sources.language import DOCUMENT
from auditor.sources.registry import Format, Kind

_WIDTH = 100
_LISTED = 20
"""So many sites, values or warnings are named; more are counted."""

_EXCERPT = 200
_WARNING = 2_000
"""One may name many paths."""

_NOT_LOCATED = {
    "masked": "masked: nobody can place them",
    "private": "private: relays behind translation; --relay-public-address or an inventory tells of them",
    "shared": "of shared carrier space",
    "host_name": "host names: only an inventory places them",
    "unparsable": "no addresses",
    "documentation": "reserved for documentation",
    "loopback": "loopback addresses",
    "link_local": "link-local addresses",
}


def formats_table(formats: Iterable[Format]) -> list[tuple[str, ...]]:
    """List formats: name, kind, what each was checked against, and its title."""
    rows: list[tuple[str, ...]] = [("name", "kind", "checked against", "title")]
    rows += [(one.name, one.kind, _checked(one), one.mapping.title) for one in formats]
    return rows


def _checked(shown: Format) -> str:
    if shown.kind is Kind.COLUMNS:
        return ""
    return CHECKED_AGAINST[shown.mapping.checked_against]


def _tried(shown: Format) -> str:
    if shown.kind is Kind.COLUMNS:
        return ""
    if shown.mapping.checked_against is None:
        return "; it does not say what it was checked against"
    return f"; checked against {_checked(shown)}"


def format_text(shown: Format) -> str:
    """Show what a format is: a preset as its file has it, a reader in words."""
    if shown.path is not None:
        return shown.path.read_text(encoding="utf-8")
    mapping = shown.mapping
    lines = [f"{shown.name}: {mapping.title}"]
    if shown.kind is Kind.READER:
        lines.append("A reader: what one line means depends on lines before it, which no mapping could say.")
        lines.append(f"Checked against {_checked(shown)}.")
        lines.append(f"Its page: docs/formats/{shown.name}.md")
    else:
        lines.append("CSV, NDJSON and Parquet, told apart by their suffix; docs/logs.md has the columns.")
    return "\n".join(lines)


def detected_text(path: str, detected: Detected) -> str:
    """Say which formats would fit a log, and why."""
    lines = []
    if len(detected.marks) == 1:
        lines.append(f"{visible(path)}: {_why(detected.marks[0])}")
    else:
        told = "bears the marks of several formats" if detected.marks else "bears the mark of no format"
        lines.append(f"{visible(path)}: {told}")
        lines += [f"  {_why(one)}" for one in detected.marks]
    lines += [f"  likely {_why(one)}" for one in detected.likely]
    return "\n".join(lines)


def _why(shown: Shown) -> str:
    return f"{shown.format} ({shown.why})"


def check_text(check: LogCheck) -> str:
    """Tell what became of the records, the first connections, and what a user should see before an audit."""
    blocks = [
        list(_accounting(check)),
        list(_first(check)),
        list(_empty(check)),
        list(_rejects(check)),
        list(_unread(check)),
        list(_warnings(check)),
        list(_sites(check)),
    ]
    text = "\n\n".join("\n".join(block) for block in blocks if block)
    return text.replace("\N{NO-BREAK SPACE}", " ")


def _accounting(check: LogCheck) -> Iterator[str]:
    named = ", ".join(visible(path) for path in check.logs[:FIRST])
    more = f" and {counted(len(check.logs) - FIRST, 'more log')}" if len(check.logs) > FIRST else ""
    for one in check.formats:
        yield f"{one.name}: {visible(one.mapping.title)}{_tried(one)}"
    aside = int(check.not_connections["count"].sum())
    rejected = int(check.rejects["count"].sum())
    yield from _wrapped(
        f"{named}{more}: {counted(check.records, 'record')}, of which {whole(check.connection_records)} "
        f"became {counted(check.connections, 'connection')}, {whole(rejected)} could not be read and "
        f"{whole(aside)} {'is' if aside == 1 else 'are'} no connection"
    )
    for reason, count in check.not_connections.select("reason", "count").iter_rows():
        yield f"  {whole(count)} {visible(reason)}"


def _first(check: LogCheck) -> Iterator[str]:
    if check.first.is_empty():
        return
    many = check.first.height > 1
    yield f"The first {whole(check.first.height)} connections:" if many else "The first connection:"
    for row in check.first.iter_rows(named=True):
        part = f", part {row['part']}" if row["part"] > 1 else ""
        yield f"  record {row['record']}{part}"
        for name, value in row.items():
            if value is not None and name not in BESIDE:
                yield f"    {name}: {visible(_text_of(value))}"


def _text_of(value: Any) -> str:  # noqa: ANN401  a cell
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _empty(check: LogCheck) -> Iterator[str]:
    """Give each column's share of nulls."""
    if not check.connections:
        return
    yield "Null, of all connections:"
    width = max(map(len, check.empty), default=0)
    for name, count in check.empty.items():
        told = (
            "never"
            if not count
            else "always"
            if count == check.connections
            else percent(count, check.connections)
        )
        yield f"  {visible(name):<{width}}  {told}"


def _rejects(check: LogCheck) -> Iterator[str]:
    if check.rejects.is_empty():
        return
    yield "Could not be read:"
    for row in check.rejects.head(_LISTED).iter_rows(named=True):
        column = f" ({visible(row['column'])})" if row["column"] else ""
        words = catalogue.REJECTS.get(row["reason"], row["reason"])
        yield f"  {whole(row['count'])} {row['reason']}{column}: {words}; first record {row['record']}"
        if row["excerpt"]:
            yield f"    {visible(row['excerpt'], _EXCERPT)}"
    yield from _more(check.rejects, "reason")


def _unread(check: LogCheck) -> Iterator[str]:
    if check.unread.is_empty():
        return
    yield "Left null, as they could not be read:"
    for row in check.unread.head(_LISTED).iter_rows(named=True):
        example = f", such as `{visible(row['example'])}`" if row["example"] else ""
        yield f"  {whole(row['count'])} of {visible(row['column'])}: {row['reason']}{example}"
    yield from _more(check.unread, "column")


def _warnings(check: LogCheck) -> Iterator[str]:
    told = list(_fruitless(check))
    if check.connections and check.placeless == check.connections:
        told.append("every connection is without address, site and host name: none can be placed")
    of_lists = set(_of_lists(check.formats))
    rows = check.warnings.head(_LISTED).select("text", "count").iter_rows()
    told += [visible(text, _WARNING) + ("" if text in of_lists else _times(count)) for text, count in rows]
    if check.without_zone:
        told.append(
            f"{counted(check.without_zone, 'time')} without an offset: say of which zone, --zone ZONE; "
            "none is guessed"
        )
    for kind, count in check.relays.items():
        if kind in _NOT_LOCATED:
            told.append(f"the relays of {counted(count, 'connection')} are {_NOT_LOCATED[kind]}")
    if not told:
        return
    yield "To be seen before an audit:"
    for text in told:
        yield from _wrapped(text, first="  ", later="    ")


def _fruitless(check: LogCheck) -> Iterator[str]:
    for path, other in check.fruitless[:_LISTED]:
        yield f"{visible(path)}: none of its records became a connection" + (f"; {other}" if other else "")
    if len(check.fruitless) > _LISTED:
        yield f"{counted(len(check.fruitless) - _LISTED, 'more log')} gave no connection"


def _of_lists(formats: Iterable[Format]) -> Iterator[str]:
    """Name what is told of a list as a whole: its records are counted, and they are not what is meant."""
    for caution in (caution for one in formats for caution in one.mapping.cautions):
        if all(path.startswith(DOCUMENT) for path in caution.when.paths):
            yield caution.text


def _times(count: int) -> str:
    return f" ({counted(count, 'time')})" if count > 1 else ""


def _sites(check: LogCheck) -> Iterator[str]:
    if check.sites.is_empty():
        return
    yield "Sites and host names without a line in the inventory, with their connections:"
    for site, name, count in check.sites.head(_LISTED).iter_rows():
        words = " at ".join(visible(text) for text in (name, site) if text)
        yield f"  {whole(count)}  {words}"
    yield from _more(check.sites, "site")


def _more(frame: pl.DataFrame, noun: str) -> Iterator[str]:
    if frame.height > _LISTED:
        yield f"  and {counted(frame.height - _LISTED, f'more {noun}')}"


def _wrapped(text: str, *, first: str = "", later: str = "  ") -> Sequence[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=later, break_on_hyphens=False)
