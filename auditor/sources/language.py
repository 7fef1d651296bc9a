"""The words of the mapping language, as a file spells them. Design: FORMATS.md, section 3."""

from typing import Any, Literal

from pydantic import Field

from auditor.documents import Strict
from auditor.model import TimeBasis

Format = Literal["csv", "jsonl", "json", "parquet", "lines", "zeek"]
Privacy = Literal["keep", "hash", "network"]
OnBad = Literal["null", "reject"] | None
"""None is how YAML reads the word `null`."""


FILE = "$file"
"""The path of the file's own name."""

DOCUMENT = "$document"
"""The first step of paths that begin at the top of a JSON document; `$` as a path of records is that top."""

Written = dict[str, Any]
"""A condition as it is written; `conditions` reads it."""


class Pairs(Strict):
    """Lines of pairs: between two of them, between name and value, and what precedes the first."""

    between: str = Field(min_length=1)
    equals: str = Field(min_length=1)
    after: str | None = None
    ignore: tuple[str, ...] = ()


class Input(Strict):
    """How a file is cut into records and columns."""

    format: Format
    delimiter: str = ","
    quote: str | None = '"'
    header: bool = True
    columns: tuple[str, ...] | None = None
    comment: str | None = None
    rows_after_header: int = Field(default=0, ge=0, le=1)
    trim: bool = False
    records: tuple[str, ...] = ("$",)
    pattern: str | None = None
    pairs: Pairs | None = None
    prefixes: tuple[Literal["syslog", "kubernetes"], ...] = ()
    null_values: tuple[str, ...] = ()
    zone: str | None = None


class Packed(Strict):
    """Text that holds several: elements where there are no `names`, else the named values of one element."""

    in_: str = Field(alias="in")
    split: str = Field(min_length=1)
    names: tuple[str, ...] = ()


class Aside(Strict):
    """Records that are no connections, and the word for it under which they are counted."""

    when: Written
    reason: str = Field(pattern=r"^[a-z][a-z0-9_]*$")


class Caution(Strict):
    """Records that are readable but not whole, and what is to be said of them."""

    when: Written
    text: str = Field(min_length=1)


class End(Strict):
    """One end of a flow."""

    ip: str
    port: str | None = None


class Value(Strict):
    """Where one of our columns comes from, and how it is read."""

    from_: tuple[str, ...] = Field(default=(), alias="from")
    const: str | int | bool | None = None
    join: tuple[str, ...] = ()
    sep: str = "/"
    sum: tuple[str, ...] = ()
    null_values: tuple[str, ...] = ()
    decode: Literal["percent"] | None = None
    pattern: str | None = None
    map: dict[str, str | int | bool] | None = None
    unmapped: Literal["null", "reject", "keep"] | None = None
    time: str | None = None
    zone: str | None = None
    basis: TimeBasis | None = None
    after: Literal["started_at"] | None = None
    unit: Literal["s", "ms", "us", "ns"] | None = None
    else_: "Value | None" = Field(default=None, alias="else")
    ip: Literal["host", "host_port", "host_port_bare", "int32_le"] | None = None
    country: Literal["alpha2", "alpha3"] | None = None
    required: bool = False
    on_bad: OnBad = None
    privacy: Privacy | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """Name what it reads, in the words of the log, with what it falls back on."""
        return (*self.from_, *self.join, *self.sum, *(self.else_.paths if self.else_ else ()))


class Fields(Strict):
    """What a connection can be given, by the names of our columns."""

    call_id: Value | None = None
    session_id: Value | None = None
    account_id: Value | None = None
    home_region: Value | None = None
    participant_id: Value | None = None
    role: Value | None = None
    relay_ip: Value | None = None
    relay_port: Value | None = None
    relay_name: Value | None = None
    relay_site: Value | None = None
    relay_country_declared: Value | None = None
    client_ip: Value | None = None
    participant_country_declared: Value | None = None
    tier: Value | None = None
    attempt: Value | None = None
    failed_primaries: Value | None = None
    selection_reason: Value | None = None
    started_at: Value | None = None
    ended_at: Value | None = None
    time_basis: Value | None = None
    bytes: Value | None = None
    use_proved: Value | None = None
    labels: dict[str, Value] = Field(default_factory=dict)

    @property
    def given(self) -> dict[str, Value]:
        """Name the columns that are given, in our order."""
        found = {name: getattr(self, name) for name in FIELD_NAMES}
        return {name: value for name, value in found.items() if value is not None}


FIELD_NAMES = tuple(name for name in Fields.model_fields if name != "labels")


class Entry(Fields):
    """One connection of a record: what it gives overrides the shared fields."""

    when: Written | None = None
    each: dict[str, str | Packed] = Field(default_factory=dict)
    relay_among: tuple[End, End] | None = None
    use: Literal["proved", "possible"] = "proved"
    if_no_relay: Literal["keep", "none"] = "keep"


class MappingFile(Strict):
    """The file as written."""

    schema_: Literal["auditor/mapping@1"] = Field(alias="schema")
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    title: str
    checked_against: Literal["documentation", "source_code", "real_log"] | None = None
    input: Input
    each: dict[str, str | Packed] = Field(default_factory=dict)
    not_a_connection: tuple[Aside, ...] = ()
    warn: tuple[Caution, ...] = ()
    fields: Fields = Fields()
    connections: tuple[Entry, ...] = (Entry(),)
    extra: tuple[str, ...] = ()


def steps_of(path: str) -> tuple[str, ...] | None:
    """Cut a path into names: a dot descends, a name in double quotes is whole; None if it is no path."""
    steps, rest = [], path
    while True:
        if rest.startswith('"'):
            name, closed, rest = rest[1:].partition('"')
            if not closed or (rest and not rest.startswith(".")):
                return None
        else:
            name, dot, after = rest.partition(".")
            rest = dot + after
        if not name:
            return None
        steps.append(name)
        if not rest:
            return tuple(steps)
        rest = rest[1:]
