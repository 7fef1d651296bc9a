"""A mapping: how the records of one format become connections. Design: FORMATS.md, section 3."""

import hashlib
import json
from collections.abc import Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from auditor.documents import model_of, read_document
from auditor.errors import Fault, SourceError
from auditor.model import Role
from auditor.sources.conditions import Condition, condition_of
from auditor.sources.faults import faults_in
from auditor.sources.language import (
    FIELD_NAMES,
    FILE,
    End,
    Entry,
    Fields,
    Input,
    MappingFile,
    Packed,
    Privacy,
    Value,
)


@dataclass(frozen=True, slots=True)
class Level:
    """An array that is opened: its elements are called `alias`, and `path` says where they lie.

    Where the elements are packed text, `split` parts it: with `names` an element into its named values,
    without them the text into elements.
    """

    alias: str
    path: str
    split: str | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One connection of each record, with the shared fields laid beneath its own.

    It is of the records of which `when` holds, and of each element that `each` opens in them.
    `relay_among` has the two ends of a flow, where no column tells which of them is the relay.
    """

    number: int
    columns: Map[str, Value]
    labels: Map[str, Value]
    when: Condition | None = None
    each: tuple[Level, ...] = ()
    relay_among: tuple[End, ...] = ()
    use_proved: bool = True
    kept_without_relay: bool = True


@dataclass(frozen=True, slots=True)
class Remark:
    """A condition, and the word or the sentence for the records of which it holds."""

    when: Condition
    text: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping, complete and checked.

    `canonical` means our own column names: all but `started_at` may be absent, and labels are what they are.
    `each` makes records of elements; `asides` set records aside, and `cautions` are told of them.
    """

    id: str
    title: str
    checked_against: str | None
    sha256: str
    input: Input
    parts: tuple[Part, ...]
    extra: tuple[str, ...]
    each: tuple[Level, ...] = ()
    asides: tuple[Remark, ...] = ()
    cautions: tuple[Remark, ...] = ()
    canonical: bool = False

    @property
    def values(self) -> Iterator[tuple[str, Value]]:
        """Yield every value of every part, with the name of its column."""
        for part in self.parts:
            yield from part.columns.items()
            yield from ((f"labels.{key}", value) for key, value in part.labels.items())

    @property
    def paths(self) -> tuple[str, ...]:
        """Name all that is read from a record, each once, in the log's words; elements by their alias."""
        named = [path for _, value in self.values for path in value.paths]
        ends = [end for part in self.parts for end in part.relay_among]
        named += [path for end in ends for path in (end.ip, end.port) if path is not None]
        return tuple(dict.fromkeys([*named, *self.extra, *self.asked]))

    @property
    def in_file(self) -> tuple[str, ...]:
        """Name what the records of a file must give: what is read, and the arrays and packed texts to open.

        What stands in elements is not among them, nor the name of the file.
        """
        aliases = {level.alias for level in self.levels}
        read = [path for path in self.paths if path != FILE and _head(path) not in aliases]
        for part in self.parts:
            opened: set[str] = set()
            for level in (*self.each, *part.each):
                read += [level.path] if _head(level.path) not in opened else []
                opened.add(level.alias)
        return tuple(dict.fromkeys(read))

    @property
    def levels(self) -> tuple[Level, ...]:
        """List all that is opened, of records and of connections."""
        return (*self.each, *(level for part in self.parts for level in part.each))

    @property
    def asked(self) -> tuple[str, ...]:
        """Name what conditions read."""
        conditions = [remark.when for remark in (*self.asides, *self.cautions)]
        conditions += [part.when for part in self.parts if part.when is not None]
        return tuple(dict.fromkeys(path for condition in conditions for path in condition.paths))

    @property
    def privacy(self) -> dict[str, Privacy]:
        """Say which columns are not kept as they are, the strictest word of all parts."""
        said: dict[str, Privacy] = {}
        for name, value in self.values:
            if value.privacy in ("hash", "network") and said.get(name) != "hash":
                said[name] = value.privacy
        return said


def _head(path: str) -> str:
    return path.partition(".")[0]


def load_mapping(path: Path) -> Mapping:
    """Load one mapping file. Raises SourceError with all its faults."""
    document = read_document(path)
    if isinstance(document, list):
        raise SourceError(*document)
    written = replace(document, data=spelled_out(document.data))
    read = model_of(written, MappingFile)
    if isinstance(read, list):
        raise SourceError.of(read)
    if faults := list(faults_in(read, written)):
        raise SourceError.of(faults)
    if read.id != path.stem:
        text = f"id: `{read.id}` is not the name of the file"
        raise SourceError(Fault(document.place(("id",)), text, f"name it `{path.stem}`, or rename the file"))
    return Mapping(
        id=read.id,
        title=read.title,
        checked_against=read.checked_against,
        sha256=document.sha256,
        input=read.input,
        parts=tuple(_part(number, read.fields, entry) for number, entry in enumerate(read.connections, 1)),
        extra=read.extra,
        each=_levels(read.each),
        asides=tuple(Remark(condition_of(one.when), one.reason) for one in read.not_a_connection),
        cautions=tuple(Remark(condition_of(one.when), one.text) for one in read.warn),
    )


def of_reader(name: str, title: str, checked_against: str, sha256: str) -> Mapping:
    """Stand in for the mapping of a log that a reader reads: `sha256` is of what the reader is."""
    return Mapping(
        id=name,
        title=title,
        checked_against=checked_against,
        sha256=sha256,
        input=Input(format="lines"),
        parts=(),
        extra=(),
    )


def spelled_out(data: Any) -> Any:  # noqa: ANN401  any YAML value
    """Write every short value in full: a bare text or list is `from`, a role's own word is `const`."""
    if not isinstance(data, dict):
        return data
    fields, entries, given = data.get("fields"), data.get("connections"), data.get("input")
    written = dict(data)
    if isinstance(given, dict) and isinstance(given.get("records"), str):
        written["input"] = {**given, "records": [given["records"]]}
    if isinstance(fields, dict):
        written["fields"] = _values_spelled_out(fields)
    if isinstance(entries, list):
        written["connections"] = [_values_spelled_out(entry) for entry in entries]
    return written


def _values_spelled_out(fields: Any) -> Any:  # noqa: ANN401  any YAML value
    if not isinstance(fields, dict):
        return fields
    return {name: _spelled_out(name, value) for name, value in fields.items()}


def _spelled_out(name: str, value: Any) -> Any:  # noqa: ANN401  any YAML value
    if name == "labels" and isinstance(value, dict):
        return {key: _spelled_out(key, label) for key, label in value.items()}
    if name == "role" and isinstance(value, str) and value in set(Role):
        return {"const": value}
    if name in FIELD_NAMES or name not in Entry.model_fields:
        if isinstance(value, str | list):
            return {"from": [value] if isinstance(value, str) else value}
        if isinstance(value, dict):
            return _listed(name, value)
    return value


def _listed(name: str, value: dict[str, Any]) -> dict[str, Any]:
    written = dict(value)
    if isinstance(value.get("from"), str):
        written["from"] = [value["from"]]
    if "else" in value:
        written["else"] = _spelled_out(name, value["else"])
    return written


def _part(number: int, shared: Fields, entry: Entry) -> Part:
    given = {**shared.given, **entry.given}
    return Part(
        number=number,
        columns={name: given[name] for name in FIELD_NAMES if name in given},
        labels={**shared.labels, **entry.labels},
        when=None if entry.when is None else condition_of(entry.when),
        each=_levels(entry.each),
        relay_among=entry.relay_among or (),
        use_proved=entry.use == "proved",
        kept_without_relay=entry.if_no_relay == "keep",
    )


def _levels(each: Map[str, str | Packed]) -> tuple[Level, ...]:
    return tuple(
        Level(alias, where)
        if isinstance(where, str)
        else Level(alias, where.in_, split=where.split, names=where.names)
        for alias, where in each.items()
    )


def _canonical() -> Mapping:
    times = {"started_at", "ended_at"}
    columns = {
        name: Value.model_validate({"from": (name,), "time": "iso8601" if name in times else None})
        for name in FIELD_NAMES
    }
    text = json.dumps(
        {name: value.model_dump(mode="json") for name, value in columns.items()}, sort_keys=True
    )
    return Mapping(
        id="canonical",
        title="The columns of auditor's own connection table",
        checked_against=None,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        input=Input(format="csv"),
        parts=(Part(number=1, columns=columns, labels={}),),
        extra=(),
        canonical=True,
    )


CANONICAL = _canonical()
