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
from auditor.sources.faults import faults_in
from auditor.sources.language import FIELD_NAMES, Entry, Fields, Input, MappingFile, Value


@dataclass(frozen=True, slots=True)
class Part:
    """One connection of each record, with the shared fields laid beneath its own."""

    number: int
    columns: Map[str, Value]
    labels: Map[str, Value]
    use_proved: bool = True
    kept_without_relay: bool = True


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping, complete and checked.

    `canonical` means our own column names: all but `started_at` may be absent, and labels are what they are.
    """

    id: str
    title: str
    checked_against: str | None
    sha256: str
    input: Input
    parts: tuple[Part, ...]
    extra: tuple[str, ...]
    canonical: bool = False

    @property
    def values(self) -> Iterator[tuple[str, Value]]:
        """Yield every value of every part, with the name of its column."""
        for part in self.parts:
            yield from part.columns.items()
            yield from ((f"labels.{key}", value) for key, value in part.labels.items())

    @property
    def paths(self) -> tuple[str, ...]:
        """Name all that is read from a record, each once, in the words of the log."""
        named = [path for _, value in self.values for path in value.paths]
        return tuple(dict.fromkeys([*named, *self.extra]))


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
    )


def spelled_out(data: Any) -> Any:  # noqa: ANN401  any YAML value
    """Write every short value in full: a bare text or list is `from`, a role's own word is `const`."""
    if not isinstance(data, dict):
        return data
    fields, entries = data.get("fields"), data.get("connections")
    written = dict(data)
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
        if isinstance(value, dict) and isinstance(value.get("from"), str):
            return {**value, "from": [value["from"]]}
    return value


def _part(number: int, shared: Fields, entry: Entry) -> Part:
    given = {**shared.given, **entry.given}
    return Part(
        number=number,
        columns={name: given[name] for name in FIELD_NAMES if name in given},
        labels={**shared.labels, **entry.labels},
        use_proved=entry.use == "proved",
        kept_without_relay=entry.if_no_relay == "keep",
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
