"""What is wrong in a mapping though its keys and types are right."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from auditor.documents import Document, Loc
from auditor.errors import Fault
from auditor.sources.conditions import condition_of
from auditor.sources.conditions import faults_of as condition_faults
from auditor.sources.language import DOCUMENT, Entry, Fields, Input, MappingFile, Packed, Value, steps_of
from auditor.sources.prefixes import COLUMNS
from auditor.sources.value_faults import (
    NESTED,
    PATH_HINT,
    Around,
    Found,
    groups_of,
    is_zone,
    pattern_fault,
    value_faults,
    zone_fault,
)

OF_FORMATS = {
    **dict.fromkeys(("delimiter", "quote", "header", "columns", "comment"), ("csv",)),
    **dict.fromkeys(("rows_after_header", "trim"), ("csv",)),
    "records": ("json",),
    **dict.fromkeys(("pattern", "pairs", "prefixes"), ("lines",)),
}
"""Keys of `input` that mean something in some formats only."""

ENDS = ("relay_ip", "relay_port", "client_ip")
_ALIAS = re.compile(r"[a-z][a-z0-9_]*")
_Each = Mapping[str, str | Packed]
_Faulty = Callable[..., Fault]


def faults_in(written: MappingFile, document: Document) -> Iterator[Fault]:
    """Find all faults that need more than one key, or our words, to see."""

    def fault(loc: Loc, text: str, hint: str | None = None) -> Fault:
        key = ".".join(str(step + 1) if isinstance(step, int) else step for step in loc)
        return Fault(document.place(loc), f"{key}: {text}", hint)

    found = [
        *((("input", *loc), text, hint) for loc, text, hint in _input_faults(written.input)),
        *((("each", *loc), text, hint) for loc, text, hint in _each_faults(written.each, {}, written.input)),
        *_remark_faults(written),
        *_entry_faults(written),
    ]
    yield from (fault(*one) for one in found)


def _columns_of(given: Input) -> tuple[str, ...] | None:
    """Name the columns that there can be; None where only the log knows, or any may be there."""
    if given.format == "lines" and given.pattern and not pattern_fault(given.pattern, None):
        return (*groups_of(given.pattern), *(name for prefix in given.prefixes for name in COLUMNS[prefix]))
    return given.columns if given.format == "csv" else None


def _around(written: MappingFile, each: _Each) -> Around:
    return Around(written.input, _columns_of(written.input), {*written.each, *each})


def _remark_faults(written: MappingFile) -> Iterator[Found]:
    around = _around(written, {})
    conditions = [
        *((("not_a_connection", index), aside.when) for index, aside in enumerate(written.not_a_connection)),
        *((("warn", index), caution.when) for index, caution in enumerate(written.warn)),
    ]
    for loc, when in conditions:
        yield from _when_faults((*loc, "when"), when, around)


def _when_faults(loc: Loc, written: Any, around: Around) -> Iterator[Found]:  # noqa: ANN401  any YAML value
    found = [((*loc, *inner), text, hint) for inner, text, hint in condition_faults(written)]
    yield from found
    if not found:
        for path in condition_of(written).paths:
            if wrong := around.fault_of_path(path):
                yield loc, *wrong


def _entry_faults(written: MappingFile) -> Iterator[Found]:
    around = _around(written, {})
    for loc, name, value in _values(("fields",), written.fields):
        whole = _around(written, {alias: "" for entry in written.connections for alias in entry.each})
        yield from ((((*loc, *key), text, hint)) for key, text, hint in value_faults(name, value, whole))
    if not written.connections:
        yield ("connections",), "is empty", "name at least one connection, or leave it out"
    for index, entry in enumerate(written.connections):
        yield from ((("connections", index, *loc), *rest) for loc, *rest in _faults_of(entry, written))
    for index, path in enumerate(written.extra):
        if wrong := around.fault_of_path(path):
            yield ("extra", index), *wrong
    yield from _leaks(written)


def _leaks(written: MappingFile) -> Iterator[Found]:
    """Find what is protected in one place and would be kept as it is in another."""
    holders: list[tuple[Loc, Fields]] = [(("fields",), written.fields)]
    holders += [(("connections", index), entry) for index, entry in enumerate(written.connections)]
    values = [value for _, holder in holders for value in holder.given.values()]
    protected = {path for value in values if value.privacy in ("hash", "network") for path in value.paths}
    kept: list[tuple[Loc, tuple[str, ...]]] = [
        ((*loc, "labels", key), value.paths)
        for loc, holder in holders
        for key, value in holder.labels.items()
    ]
    kept += [(("extra", index), (path,)) for index, path in enumerate(written.extra)]
    for loc, paths in kept:
        if leaking := protected.intersection(paths):
            text = f"`{min(leaking)}` is protected by `privacy`, and would be kept here"
            yield loc, text, "leave it out"


def _faults_of(entry: Entry, written: MappingFile) -> Iterator[Any]:
    around = _around(written, entry.each)
    for loc, name, value in _values((), entry):
        yield from (((*loc, *key), text, hint) for key, text, hint in value_faults(name, value, around))
    if not (entry.started_at or written.fields.started_at):
        yield (), "`started_at` is missing", "add `started_at` with its `time` to `fields`"
    yield from (
        (("each", *loc), text, hint)
        for loc, text, hint in _each_faults(entry.each, written.each, written.input)
    )
    if entry.when is not None:
        yield from _when_faults(("when",), entry.when, around)
    if entry.relay_among is None:
        return
    for name in ENDS:
        if name in entry.given or name in written.fields.given:
            yield ("relay_among",), f"says what `{name}` is, which is given too", "leave one of them out"
    for index, end in enumerate(entry.relay_among):
        for key, path in (("ip", end.ip), ("port", end.port)):
            if path is not None and (wrong := around.fault_of_path(path)):
                yield ("relay_among", index, key), *wrong


def _values(loc: Loc, holder: Fields) -> Iterator[tuple[Loc, str, Value]]:
    yield from (((*loc, name), name, value) for name, value in holder.given.items())
    yield from (((*loc, "labels", key), "labels", value) for key, value in holder.labels.items())


def _each_faults(each: _Each, outer: _Each, given: Input) -> Iterator[Found]:
    """Find what is wrong with levels: each may begin in what those before it open."""
    known = set(outer)
    paths = {where.in_ if isinstance(where, Packed) else where for where in outer.values()}
    for alias, where in each.items():
        if not _ALIAS.fullmatch(alias):
            yield (alias,), f"`{alias}` is no alias", "lower-case letters, digits and underscores"
        if alias in outer:
            yield (alias,), "is opened already, for all connections", "take another alias"
        packed = isinstance(where, Packed)
        path = where.in_ if isinstance(where, Packed) else where
        if not packed and given.format not in NESTED:
            hint = f'{alias}: {{in: {path}, split: ";"}} opens a text'
            yield (alias,), f"{given.format} has no arrays", hint
        if given.format in NESTED and path.partition(".")[0] not in known and steps_of(path) is None:
            yield (alias,), f"`{path}` is no path", PATH_HINT
        if path in paths:
            yield (alias,), f"`{path}` is opened already", "take the alias that it has"
        if path.partition(".")[0] == DOCUMENT:
            yield (alias,), f"`{path}` is of the whole document, and no array of a record", None
        paths.add(path)
        names = where.names if isinstance(where, Packed) else ()
        for index, name in enumerate(names):
            if name in names[:index]:
                yield (alias, "names", index), f"`{name}` stands twice", None
        known.add(alias)


def _input_faults(given: Input) -> Iterator[Found]:
    for key, formats in OF_FORMATS.items():
        if key in given.model_fields_set and given.format not in formats:
            yield (key,), f"has no meaning for {given.format}", "leave it out"
    if given.format == "csv":
        yield from _csv_faults(given)
    if given.format == "lines":
        yield from _lines_faults(given)
    for index, path in enumerate(given.records):
        if path != "$" and steps_of(path) is None:
            yield ("records", index), f"`{path}` is no path", PATH_HINT
    if given.zone is not None and not is_zone(given.zone):
        yield ("zone",), *zone_fault(given.zone)


def _csv_faults(given: Input) -> Iterator[Found]:
    for key in ("delimiter", "quote"):
        written = getattr(given, key)
        if written is not None and (len(written) != 1 or not written.isascii() or written in "\r\n\0"):
            yield (key,), f"`{written}` is not one ASCII character", None
    if given.delimiter == given.quote:
        yield ("quote",), "is the delimiter too", None
    if given.comment is not None and (not given.comment or "\n" in given.comment):
        yield ("comment",), "is no text that a line can begin with", "leave it out if there are no comments"
    columns = given.columns or ()
    if given.header and columns:
        yield ("columns",), "are named by the file's header", "give `header: false` if it has none"
    if not given.header and not columns:
        yield ("header",), "without a header, `columns` must name the columns", None
    if not given.header and given.rows_after_header:
        yield ("rows_after_header",), "there is no header", "leave it out"
    for index, name in enumerate(columns):
        if name in columns[:index]:
            yield ("columns", index), f"`{name}` stands twice", None


def _lines_faults(given: Input) -> Iterator[Found]:
    if (given.pattern is None) == (given.pairs is None):
        yield (), "lines need one of `pattern` and `pairs`", "pattern: '^(?P<began>\\S+) (?P<relay>\\S+)$'"
    if given.pattern is not None and (text := pattern_fault(given.pattern, None)):
        yield ("pattern",), text, None
    if given.pairs is not None and given.pairs.between == given.pairs.equals:
        yield ("pairs", "equals"), "is what stands between pairs too", None
