"""What is wrong in a mapping though its keys and types are right."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import polars as pl

from auditor.documents import Document, Loc
from auditor.errors import Fault
from auditor.model import Role, Tier, TimeBasis
from auditor.sources.language import Fields, Input, MappingFile, Value, steps_of
from auditor.text import nearest

INSTANTS = ("started_at", "ended_at")
ADDRESSES = ("relay_ip", "client_ip")
WORDS: dict[str, set[str]] = {"role": set(Role), "tier": set(Tier), "time_basis": set(TimeBasis)}
TIME_WORDS = ("iso8601", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "typed")
Found = tuple[Loc, str, str | None]
"""What is wrong below some key: where from there, what, and a hint."""

ONLY_CSV = ("delimiter", "quote", "header", "columns", "comment")

APPLIES_TO: dict[str, Callable[[str], bool]] = {
    "time": lambda column: column in INSTANTS,
    "zone": lambda column: column in INSTANTS,
    "basis": lambda column: column == "started_at",
    "after": lambda column: column == "ended_at",
    "unit": lambda column: column == "ended_at",
    "ip": lambda column: column in ADDRESSES,
    "sum": lambda column: column == "bytes",
}


def faults_in(written: MappingFile, document: Document) -> Iterator[Fault]:
    """Find all faults that need more than one key, or our words, to see."""

    def fault(loc: Loc, text: str, hint: str | None = None) -> Fault:
        key = ".".join(str(step + 1) if isinstance(step, int) else step for step in loc)
        return Fault(document.place(loc), f"{key}: {text}", hint)

    yield from _input_faults(written.input, fault)
    for loc, name, value in _values(written):
        for key, text, hint in _value_faults(name, value, written.input):
            yield fault((*loc, *key), text, hint)
    if not written.connections:
        yield fault(("connections",), "is empty", "name at least one connection, or leave it out")
    for index, entry in enumerate(written.connections):
        if not (entry.started_at or written.fields.started_at):
            hint = "add `started_at` with its `time` to `fields`"
            yield fault(("connections", index), "`started_at` is missing", hint)
    for index, path in enumerate(written.extra):
        if written.input.format != "csv" and steps_of(path) is None:
            yield fault(("extra", index), f"`{path}` is no path", _PATH_HINT)


_PATH_HINT = "names joined by dots; a name with a dot stands in double quotes: '\"id.orig_h\"'"


def _values(written: MappingFile) -> Iterator[tuple[Loc, str, Value]]:
    holders: list[tuple[Loc, Fields]] = [(("fields",), written.fields)]
    holders += [(("connections", index), entry) for index, entry in enumerate(written.connections)]
    for loc, holder in holders:
        yield from (((*loc, name), name, value) for name, value in holder.given.items())
        yield from (((*loc, "labels", key), "labels", value) for key, value in holder.labels.items())


def _input_faults(given: Input, fault: Callable[..., Fault]) -> Iterator[Fault]:
    if given.format == "csv":
        yield from (fault(("input", *loc), text, hint) for loc, text, hint in _csv_faults(given))
    else:
        for key in ONLY_CSV:
            if key in given.model_fields_set:
                yield fault(("input", key), f"has no meaning for {given.format}", "leave it out")
    if given.zone is not None and not is_zone(given.zone):
        yield fault(("input", "zone"), *_zone_fault(given.zone))


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
    for index, name in enumerate(columns):
        if name in columns[:index]:
            yield ("columns", index), f"`{name}` stands twice", None


def _value_faults(name: str, value: Value, given: Input) -> Iterator[Found]:
    sources = [key for key in ("from", "const", "sum") if key in _keys_set(value)]
    if len(sources) != 1 or (not value.paths and value.const is None):
        yield (), "needs exactly one of `from`, `const` and `sum`", None
    for key, applies in APPLIES_TO.items():
        if key in _keys_set(value) and not applies(name):
            yield (key,), f"has no meaning for `{name}`", "leave it out"
    if "unmapped" in _keys_set(value) and value.map is None:
        yield ("unmapped",), "has no meaning without `map`", "leave it out"
    if value.zone is not None and not is_zone(value.zone):
        yield ("zone",), *_zone_fault(value.zone)
    yield from _path_faults(value, given)
    yield from _word_faults(name, value)
    if name in INSTANTS:
        yield from _time_faults(name, value, given)


def _path_faults(value: Value, given: Input) -> Iterator[Found]:
    for key, paths in (("from", value.from_), ("sum", value.sum)):
        for index, path in enumerate(paths):
            if given.columns and path not in given.columns:
                yield (key, index), f"`{path}` is none of `input.columns`", nearest(path, given.columns)
            if given.format != "csv" and steps_of(path) is None:
                yield (key, index), f"`{path}` is no path", _PATH_HINT


def _word_faults(name: str, value: Value) -> Iterator[Found]:
    words = WORDS.get(name)
    if words is None:
        return
    known = f"known: {', '.join(sorted(words))}"
    for written, ours in (value.map or {}).items():
        if ours not in words:
            yield ("map", written), f"`{ours}` is no {name}", nearest(str(ours), words) or known
    if value.const is not None and value.const not in words:
        yield ("const",), f"`{value.const}` is no {name}", nearest(str(value.const), words) or known


def _time_faults(name: str, value: Value, given: Input) -> Iterator[Found]:
    if value.after is not None or value.unit is not None:
        if value.after is None or value.unit is None:
            yield (
                (),
                "a duration needs both `after` and `unit`",
                f"{name}: {{from: …, after: started_at, unit: s}}",
            )
        if value.time is not None:
            yield ("time",), "has no meaning for a duration", "leave it out"
        return
    if value.time is None:
        yield (), "needs `time`: units are never guessed", f"one of {', '.join(TIME_WORDS)}, or a pattern"
    elif value.time == "typed":
        if given.format != "parquet":
            yield ("time",), f"`typed` is for Parquet; in {given.format} a time is text", None
    elif value.time not in TIME_WORDS:
        yield from _pattern_faults(value, given)


def _pattern_faults(value: Value, given: Input) -> Iterator[Found]:
    pattern = value.time or ""
    if "%" not in pattern:
        hint = (
            nearest(pattern, TIME_WORDS) or f"one of {', '.join(TIME_WORDS)}, or a pattern such as %d.%m.%Y"
        )
        yield ("time",), f"`{pattern}` is no form of time", hint
    elif not _is_pattern(pattern):
        yield ("time",), f"`{pattern}` cannot hold a date and a time", None
    elif "%z" not in pattern and "%#z" not in pattern and not (value.zone or given.zone):
        hint = "give `zone` here or in `input`, an IANA name or UTC"
        yield ("time",), f"`{pattern}` has no offset, so it needs a zone", hint


def _is_pattern(pattern: str) -> bool:
    """Try the pattern on an instant that it wrote itself: it must give back the minute."""
    instant = datetime(2026, 11, 22, 13, 14, 15, tzinfo=UTC)
    written = instant.strftime(pattern.replace("%.f", ".0").replace("%#z", "%z"))
    try:
        read = pl.Series([written]).str.to_datetime(pattern, time_unit="us", strict=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return False
    return read[0] is not None and abs(read[0].replace(tzinfo=UTC) - instant) < timedelta(minutes=1)


def is_zone(name: str) -> bool:
    """Say whether polars knows a time zone of this name."""
    noon = pl.Series([datetime(2026, 11, 22, 12)])  # noqa: DTZ001  it is given its zone here
    try:
        noon.dt.replace_time_zone(name)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return False
    return True


def _zone_fault(name: str) -> tuple[str, str]:
    return f"`{name}` is no time zone", "an IANA name such as Europe/Berlin, or UTC"


def _keys_set(value: Value) -> set[str]:
    return {"from" if key == "from_" else key for key in value.model_fields_set}
