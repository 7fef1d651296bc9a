"""One connection of each record: every column read, and what could not be."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import polars as pl

from auditor.model import CONNECTION, ROLE, TIER, TIME_BASIS, BadValue, Role, TimeBasis
from auditor.sources.cells import Cells, kept_text, written_in
from auditor.sources.language import Value
from auditor.sources.mapping import Mapping, Part
from auditor.sources.reading import Reading, constant, merged, nulled, reasons_of
from auditor.sources.times import LAST, read_durations, read_instants, units_fitting
from auditor.sources.values import (
    HIGHEST,
    LOWEST,
    added_up,
    read_countries,
    read_counts,
    read_flags,
    read_hosts,
    read_names,
    read_reversed,
    read_words,
    split_ports,
)

LABEL = "label_"
IDS = ("call_id", "session_id", "account_id", "participant_id")
PLACES = ("relay_ip", "relay_name", "relay_site", "client_ip", "home_region")
"""Where a list or an object stands in these, its text is the value: a place that nobody knows, not none."""

UNOPENED = "each"
"""What a record is rejected for, where what the mapping opens is no array."""

RELAY_EVIDENCE = ("relay_ip", "relay_name", "relay_site", "relay_country_declared")
OF_THE_RECORD = ("source_file", "record", "byte_offset", "part")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Values of one column that could not be read, and so are null; `written` is what stood there."""

    column: str
    reasons: pl.Series
    written: pl.Series


@dataclass(frozen=True, slots=True)
class PartRead:
    """A part's columns, a row per record, and their troubles. `refusals` are reasons to reject the record.

    `hints` are texts for people, each with a mask of the records that it is of; `fallbacks` count, by
    column, how many times the `else` of the mapping was taken for each value.
    """

    columns: dict[str, pl.Series] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    refusals: list[tuple[str, pl.Series]] = field(default_factory=list)
    hints: list[tuple[str, pl.Series]] = field(default_factory=list)
    fallbacks: dict[str, pl.Series] = field(default_factory=dict)

    @property
    def frame(self) -> pl.DataFrame:
        """Lay the columns side by side."""
        return pl.DataFrame(self.columns)

    @property
    def speaks_of_relay(self) -> pl.Series:
        """Mark the records in which anything tells of a relay, be it readable or not."""
        said = [self.columns[name].is_not_null() for name in RELAY_EVIDENCE]
        said += [
            trouble.reasons.is_not_null() for trouble in self.troubles if trouble.column in RELAY_EVIDENCE
        ]
        named = {str(place): one for place, one in enumerate(said)}
        return pl.DataFrame(named).select(pl.any_horizontal(pl.all())).to_series()


def read_part(part: Part, cells: Cells, mapping: Mapping) -> PartRead:
    """Read every column that the part gives; what it does not give, or the log does not have, is null."""
    read = PartRead()
    if cells.unopened is not None:
        unreadable = pl.when("unopened").then(pl.lit(BadValue.UNREADABLE.value))
        refused = cells.unopened.to_frame("unopened").select(reasons=unreadable).to_series()
        read.refusals.append((UNOPENED, refused))
    for name, value in _values(part, cells, mapping):
        taken = _read_value(read, name, value, cells, mapping.input.zone)
        if taken is None:
            continue
        if _says_nothing(taken) and not (_told_of(name, value, cells) or value.required):
            read.columns[name] = constant(None, cells.height, CONNECTION.get(name, pl.String))
            continue
        if name == "relay_ip" and "relay_port" not in part.columns:
            _take_port(read, value, cells)
        _take(read, name, value, kept_text(cells, value, taken) if name in PLACES else taken, cells)
    _end_after_start(read)
    _complete(read, part, cells, mapping)
    return read


def _read_value(read: PartRead, name: str, value: Value, cells: Cells, zone: str | None) -> Reading | None:
    """Read one value of every record, else what it falls back on; None if the log has neither."""
    first = _read_first(read, name, value, cells, zone)
    other = _read_value(read, name, value.else_, cells, zone) if value.else_ else None
    if other is None:
        return first
    if first is None:
        return replace(other, fallback=other.deeper(other.values.is_not_null()))
    return first.over(other)


def _read_first(read: PartRead, name: str, value: Value, cells: Cells, zone: str | None) -> Reading | None:
    written = _sum_of(cells, value) if value.sum else written_in(cells, value)
    if written is None or _says_nothing(written):
        return (
            None
            if written is None
            else Reading(constant(None, cells.height, CONNECTION.get(name, pl.String)))
        )
    taken = _typed(read, name, value, written.values, zone)
    if taken.reasons is not None and value.time is not None and value.time.startswith("epoch_"):
        read.hints.extend(_unit_hints(name, value.time, written.values))
    return Reading(taken.values, merged(written.reasons, taken.reasons))


def _told_of(name: str, value: Value, cells: Cells) -> bool:
    """Tell whether a column that is null everywhere says something all the same."""
    return name == "started_at" or (name == "role" and not cells.absent.issuperset(value.paths))


def _unit_hints(name: str, declared: str, written: pl.Series) -> Iterator[tuple[str, pl.Series]]:
    for unit, mask in units_fitting(written, declared).items():
        yield f"`{name}` is out of range as `{declared}`, and would be in it as `{unit}`", mask


def _says_nothing(written: Reading) -> bool:
    return written.reasons is None and written.values.null_count() == len(written.values)


def _values(part: Part, cells: Cells, mapping: Mapping) -> Iterator[tuple[str, Value]]:
    yield from part.columns.items()
    yield from ((LABEL + key, value) for key, value in part.labels.items())
    if mapping.canonical:
        labels = (name for name in cells.columns.columns if name.startswith(LABEL))
        yield from ((name, Value.model_validate({"from": (name,)})) for name in labels)


def _take(read: PartRead, name: str, value: Value, taken: Reading, cells: Cells) -> None:
    """Keep a column and its troubles, and what of them refuses the record."""
    read.columns[name] = taken.values
    if taken.fallback is not None:
        read.fallbacks[name] = taken.fallback
    reasons = _unmapped_where_null(taken.values) if name == "role" else taken.reasons
    if name == "started_at" or value.required:
        missing = pl.when(pl.col("values").is_null()).then(pl.lit(BadValue.MISSING.value))
        frame = pl.DataFrame({"values": taken.values, "reasons": reasons})
        refused = frame.select(pl.coalesce(pl.col("reasons").cast(pl.String), missing)).to_series()
        if refused.count():
            read.refusals.append((name, refused))
    if reasons is None:
        return
    read.troubles.append(Trouble(name, reasons, _shown(cells, value)))
    if value.on_bad == "reject":
        read.refusals.append((name, reasons))
    elif value.unmapped == "reject":
        read.refusals.append((name, nulled(reasons, reasons != BadValue.UNMAPPED.value)))


def _unmapped_where_null(roles: pl.Series) -> pl.Series | None:
    """Count each role that is null or no role of ours."""
    if not roles.null_count():
        return None
    unmapped = pl.when(pl.col("role").is_null()).then(pl.lit(BadValue.UNMAPPED.value))
    return roles.alias("role").to_frame().select(unmapped).to_series()


READERS: dict[str, Callable[[pl.Series], Reading]] = {
    "account_id": read_names,
    "home_region": read_names,
    "selection_reason": read_names,
    "role": partial(read_words, words=ROLE),
    "tier": partial(read_words, words=TIER),
    "time_basis": partial(read_words, words=TIME_BASIS),
    "relay_country_declared": read_countries,
    "participant_country_declared": read_countries,
    "use_proved": read_flags,
    **{
        name: partial(read_counts, highest=highest, lowest=LOWEST.get(name, 0))
        for name, highest in HIGHEST.items()
    },
}


def _typed(read: PartRead, name: str, value: Value, written: pl.Series, zone: str | None) -> Reading:
    """Read what is written as the type of its column."""
    if name == "ended_at" and value.unit is not None:
        lasted = read_durations(written, value.unit)
        ended = read.columns["started_at"] + lasted.values.cast(pl.Duration("us"))
        beyond = ended >= LAST
        kept = nulled(ended, beyond)
        return Reading(kept, merged(lasted.reasons, reasons_of(ended, kept, (beyond, BadValue.OUT_OF_RANGE))))
    if name in ("started_at", "ended_at"):
        return read_instants(written, value, zone)
    if name in ("relay_ip", "client_ip"):
        if value.ip in ("host_port", "host_port_bare"):
            return split_ports(written, bare=value.ip == "host_port_bare")[0]
        return read_reversed(written) if value.ip == "int32_le" else read_hosts(written)
    if value.country is not None:
        return read_countries(written, letters=3 if value.country == "alpha3" else 2)
    reader = read_names if name.startswith(LABEL) else READERS.get(name)
    return reader(written) if reader else Reading(written.cast(pl.String))


def _take_port(read: PartRead, value: Value, cells: Cells) -> None:
    """Take the port that is written behind an address."""
    written = written_in(cells, value) if value.ip in ("host_port", "host_port_bare") else None
    if written is None:
        return
    _, port = split_ports(written.values, bare=value.ip == "host_port_bare")
    read.columns["relay_port"] = port.values
    if port.reasons is not None:
        read.troubles.append(Trouble("relay_port", port.reasons, written.values.cast(pl.String)))


def _sum_of(cells: Cells, value: Value) -> Reading | None:
    """Add counts up; null if any of them is."""
    parts = [path for path in value.sum if path in cells.columns.columns]
    return added_up([cells.columns[path] for path in parts]) if len(parts) == len(value.sum) else None


def _shown(cells: Cells, value: Value) -> pl.Series:
    """Give what was written, as an example shows it."""
    paths = [path for path in value.paths if path in cells.columns.columns]
    if not paths:
        return constant(None, cells.height, pl.String)
    return cells.columns.select(
        pl.coalesce(pl.col(path).cast(pl.String, strict=False) for path in paths)
    ).to_series()


def _end_after_start(read: PartRead) -> None:
    """Take ends before their start out, and count them."""
    started, ended = read.columns.get("started_at"), read.columns.get("ended_at")
    if started is None or ended is None or not (before := ended < started).any():
        return
    read.columns["ended_at"] = nulled(ended, before)
    shown = ended.cast(pl.String)
    reason = pl.when("before").then(pl.lit(BadValue.END_BEFORE_START.value))
    reasons = before.to_frame("before").select(reason).to_series()
    read.troubles.append(Trouble("ended_at", reasons, shown))


def _complete(read: PartRead, part: Part, cells: Cells, mapping: Mapping) -> None:
    """Fill in what is never null, by what the mapping says, and make absent columns null."""
    nothing = {
        name: constant(None, cells.height, dtype)
        for name, dtype in CONNECTION.items()
        if name not in read.columns and name not in OF_THE_RECORD
    }
    read.columns.update(nothing)
    unread = [trouble.reasons for trouble in read.troubles if trouble.column == "use_proved"]
    proved = read.columns["use_proved"]
    for reasons in unread:  # what says of use something that nobody understands does not prove it
        proved = proved.zip_with(reasons.is_null(), constant(False, len(proved), pl.Boolean))  # noqa: FBT003  a value
    read.columns["role"] = read.columns["role"].fill_null(Role.UNKNOWN)
    read.columns["time_basis"] = read.columns["time_basis"].zip_with(
        read.columns["time_basis"].is_not_null(), _basis(read, part, cells)
    )
    read.columns["use_proved"] = proved.fill_null(value=True) & part.use_proved
    read.columns["extra"] = _extra(cells, mapping)
    for name, values in read.columns.items():
        read.columns[name] = values.cast(CONNECTION.get(name, pl.String))


def _basis(read: PartRead, part: Part, cells: Cells) -> pl.Series:
    """Say what the starts are the times of, by what gave each of them."""
    value: Value | None = part.columns["started_at"]
    fallback, depth = read.fallbacks.get("started_at"), 0
    basis = constant(TimeBasis.CONNECTION, cells.height, TIME_BASIS)
    while value is not None:
        own = constant(value.basis or TimeBasis.CONNECTION, cells.height, TIME_BASIS)
        basis = own if fallback is None else basis.zip_with(fallback != depth, own)
        value, depth = (None if fallback is None else value.else_), depth + 1
    return basis


def _extra(cells: Cells, mapping: Mapping) -> pl.Series:
    """Keep what the mapping lists, as the JSON text of one object; a canonical log brings its own."""
    if mapping.canonical and "extra" in cells.columns.columns:
        return cells.columns["extra"].cast(pl.String, strict=False)
    present = [path for path in mapping.extra if path in cells.columns.columns]
    if not present:
        return constant(None, cells.height, pl.String)
    return cells.columns.select(pl.struct(present).struct.json_encode()).to_series()
