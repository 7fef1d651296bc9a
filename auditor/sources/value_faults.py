"""What is wrong in one value of a mapping though its keys and types are right."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from auditor.documents import Loc
from auditor.model import Role, Tier, TimeBasis
from auditor.sources.language import DOCUMENT, FILE, Input, Value, steps_of
from auditor.text import nearest

NESTED = ("json", "jsonl", "parquet")
"""Formats in which a path descends; in the others it is the name of a column."""

INSTANTS = ("started_at", "ended_at")
ADDRESSES = ("relay_ip", "client_ip")
DECLARED = ("relay_country_declared", "participant_country_declared")
WORDS: dict[str, set[str]] = {"role": set(Role), "tier": set(Tier), "time_basis": set(TimeBasis)}
TIME_WORDS = ("iso8601", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "typed")
PROTECTED = {"hash": ("call_id", "session_id", "participant_id"), "network": ("client_ip",)}
"""The columns that can be kept as a hash, or as a network.

An account is not among them: rules and the accounts file name it, and would no longer find it.
"""

Found = tuple[Loc, str, str | None]
"""What is wrong below some key: where from there, what, and a hint."""

PATH_HINT = "names joined by dots; a name with a dot stands in double quotes: '\"id.orig_h\"'"

APPLIES_TO: dict[str, Callable[[str], bool]] = {
    "time": lambda column: column in INSTANTS,
    "zone": lambda column: column in INSTANTS,
    "basis": lambda column: column == "started_at",
    "after": lambda column: column == "ended_at",
    "unit": lambda column: column == "ended_at",
    "ip": lambda column: column in ADDRESSES,
    "country": lambda column: column in DECLARED,
    "sum": lambda column: column == "bytes",
}
_NEEDS = {"sep": "join", "unmapped": "map"}
_OF_TEXT = ("decode", "pattern", "null_values")


@dataclass(frozen=True, slots=True)
class Around:
    """What the mapping around a value says: its input, the columns that there can be if known, aliases."""

    input: Input
    columns: tuple[str, ...] | None
    aliases: Collection[str]

    def fault_of_path(self, path: str) -> tuple[str, str | None] | None:
        """Say what is wrong with a path, and how to go on."""
        head = path.partition(".")[0]
        if path == FILE or head in self.aliases:
            return None
        if head == DOCUMENT:
            return (
                None if self.input.format == "json" else (f"`{path}`: only json has a document around", None)
            )
        if self.input.format in NESTED:
            return (f"`{path}` is no path", PATH_HINT) if steps_of(path) is None else None
        if self.columns is not None and path not in self.columns:
            named = "`input.columns`" if self.input.format == "csv" else "the groups of `input.pattern`"
            return f"`{path}` is none of {named}", nearest(path, self.columns)
        return None


def value_faults(name: str, value: Value, around: Around) -> Iterator[Found]:
    """Find all faults of one value, and of what it falls back on."""
    yield from _key_faults(name, value)
    if value.pattern is not None and (text := pattern_fault(value.pattern, ["value"])):
        yield ("pattern",), text, "one group that is called value: ^(?P<value>.+)\\.json$"
    if value.privacy is not None and (text := privacy_fault(name, value.privacy)):
        yield ("privacy",), text, None
    if value.zone is not None and not is_zone(value.zone):
        yield ("zone",), *zone_fault(value.zone)
    yield from _path_faults(value, around)
    yield from _word_faults(name, value)
    if name in INSTANTS:
        yield from _time_faults(name, value, around.input)
    if value.else_ is not None:
        yield from _else_faults(name, value.else_, around)


def _key_faults(name: str, value: Value) -> Iterator[Found]:
    """Find keys that say nothing here, or contradict each other."""
    given = keys_set(value)
    sources = [key for key in ("from", "const", "join", "sum") if key in given]
    if len(sources) != 1 or not (value.from_ or value.join or value.sum or value.const is not None):
        yield (), "needs exactly one of `from`, `const`, `join` and `sum`", None
    for key, applies in APPLIES_TO.items():
        if key in given and not applies(name):
            yield (key,), f"has no meaning for `{name}`", "leave it out"
    for key, needed in _NEEDS.items():
        if key in given and needed not in given:
            yield (key,), f"has no meaning without `{needed}`", "leave it out"
    for key in _OF_TEXT:
        if key in given and given & {"const", "sum"}:
            yield (key,), "has no meaning here: there is no text to read", "leave it out"


def _else_faults(name: str, value: Value, around: Around) -> Iterator[Found]:
    for key in ("required", "on_bad", "privacy"):
        if key in keys_set(value):
            yield ("else", key), "holds for the whole value", "say it beside `else`, not within"
    yield from ((("else", *loc), text, hint) for loc, text, hint in value_faults(name, value, around))


def privacy_fault(column: str, mode: str) -> str | None:
    """Say why a column cannot be kept in such a way, if it cannot."""
    if mode == "keep":
        return None
    fitting = PROTECTED.get(mode)
    if fitting is None:
        return f"`{mode}` is none of keep, hash, network"
    return None if column in fitting else f"`{mode}` is for {', '.join(fitting)}, not for `{column}`"


def pattern_fault(pattern: str, names: Collection[str] | None) -> str | None:
    """Say why a text is no regular expression with groups of exactly these names, or of any names."""
    try:
        groups = pl.Series([""]).str.extract_groups(pattern).struct.fields
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        return f"is no regular expression: {str(error).splitlines()[0]}"
    if names is None:
        unnamed = not groups or any(name.isdecimal() for name in groups)
        return "needs groups with names, and no others: (?P<name>…)" if unnamed else None
    return None if set(groups) == set(names) else "has other groups than it needs"


def groups_of(pattern: str) -> tuple[str, ...]:
    """Name the groups of a regular expression that has no faults."""
    return tuple(re.findall(r"\(\?P?<([^>=!]+)>", pattern))


def _path_faults(value: Value, around: Around) -> Iterator[Found]:
    for key, paths in (("from", value.from_), ("join", value.join), ("sum", value.sum)):
        for index, path in enumerate(paths):
            if found := around.fault_of_path(path):
                yield (key, index), *found


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


def zone_fault(name: str) -> tuple[str, str]:
    """Say that it is no zone, and how to go on."""
    return f"`{name}` is no time zone", "an IANA name such as Europe/Berlin, or UTC"


def keys_set(value: Value) -> set[str]:
    """Name the keys that are written."""
    return {key.removesuffix("_") for key in value.model_fields_set}
