"""The accounts side file: who hosts a call, and which region was promised, dated (FORMATS.md, section 8)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby
from pathlib import Path

import polars as pl

from auditor.countries import COUNTRIES, OFTEN_MEANT
from auditor.errors import Fault, SourceError
from auditor.model import INSTANT, WARNING, cast_to
from auditor.sources.values import read_names
from auditor.tables import Line, read_table
from auditor.text import nearest

LABEL = "label_"
REQUIRED = ("account_id", "home_region")
OPTIONAL = ("from", "until", "country")
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)")
_WITHOUT_OFFSET = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?)?")


@dataclass(frozen=True, slots=True)
class Accounts:
    """The lines of an accounts file; those of one account do not overlap.

    `frame` has `account_id`, `from` and `until` (never null: the first and last instants stand for *always*),
    `home_region`, `country`, and the `label_` columns, sorted by account and `from`.
    """

    sha256: str
    bytes: int
    frame: pl.DataFrame

    def join(self, connections: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Add to connections what the line of their account says at their start; give warnings beside them.

        Rows and their order stay. A home region or label of which log and file differ becomes null. The
        country speaks of the account's own users and not of its guests, so it may only widen what an address
        says: it fills `participant_country_declared` where the log has none and there is a `client_ip`.
        """
        joined = self._dated(connections)
        labels = [name for name in self.frame.columns if name.startswith(LABEL)]
        warned = [_unlisted(joined)]
        for name in ("home_region", *labels):
            if name not in connections.columns:
                joined = joined.with_columns(pl.lit(None, dtype=pl.String).alias(name))
            warned.append(_differing(joined, name))
            log, file = pl.col(name), pl.col(_FILE + name)
            agreed = pl.when(log.ne(file).fill_null(value=False)).then(None).otherwise(pl.coalesce(log, file))
            joined = joined.with_columns(agreed.alias(name))
        beside_address = pl.when(pl.col("client_ip").is_not_null()).then(pl.col(_FILE + "country"))
        declared = pl.coalesce("participant_country_declared", beside_address)
        kept = [*connections.columns, *(name for name in labels if name not in connections.columns)]
        return joined.with_columns(participant_country_declared=declared).select(kept), pl.concat(warned)

    def _dated(self, connections: pl.DataFrame) -> pl.DataFrame:
        """Put the line of the account beside each connection, null where none holds at its start."""
        lines = self.frame.rename({name: _FILE + name for name in self.frame.columns if name != "account_id"})
        lines = lines.with_columns(pl.lit(value=True).alias(_HOLDS))
        if not self.frame["account_id"].is_duplicated().any():
            beside = connections.join(
                lines, on="account_id", how="left", maintain_order="left", validate="m:1"
            )
        else:
            beside = (
                connections.with_row_index(_ROW)
                .sort("started_at")
                .join_asof(
                    lines.sort(_FILE + "from"),
                    left_on="started_at",
                    right_on=_FILE + "from",
                    by="account_id",
                    strategy="backward",
                    check_sortedness=False,
                )
                .sort(_ROW)
                .drop(_ROW)
            )
        holds = pl.col("started_at").is_between(_FILE + "from", _FILE + "until", closed="left")
        if beside.select(holds.all() & holds.is_not_null().all()).item():
            return beside
        said = [name for name in lines.columns if name != "account_id"]
        return beside.with_columns(
            pl.when(holds.fill_null(value=False)).then(pl.col(name)).alias(name) for name in said
        )


_FILE = "accounts file: "
_HOLDS, _ROW = _FILE + "holds", _FILE + "row"


def _unlisted(joined: pl.DataFrame) -> pl.DataFrame:
    """Warn of accounts without a line; it names none, so that any split of a log gives the same warnings."""
    text = "the account has no line in the accounts file at that time"
    return _warning(joined.filter(pl.col("account_id").is_not_null() & pl.col(_HOLDS).is_null()), text)


def _differing(joined: pl.DataFrame, name: str) -> pl.DataFrame:
    text = f"`{name}` in the log is not what the accounts file says: it counts as not known"
    return _warning(joined.filter(pl.col(name) != pl.col(_FILE + name)), text)


def _warning(concerned: pl.DataFrame, text: str) -> pl.DataFrame:
    counted = concerned.group_by("source_file").agg(count=pl.len(), first_record=pl.col("record").min())
    return cast_to(counted.with_columns(text=pl.lit(text)).sort("source_file"), WARNING)


def load_accounts(path: Path) -> Accounts:
    """Load an accounts file: `account_id,home_region,from,until`, and perhaps `country` and `label_` columns.

    Raises SourceError with all its faults: unknown columns and codes, empty ids and regions, instants that
    are none or have no offset, intervals that end before they begin, and lines of one account that overlap.
    """
    lines = read_table(path, required=REQUIRED, optional=OPTIONAL, free=LABEL)
    faults = [line for line in lines if isinstance(line, Fault)]
    spans = [_Span.of(line, faults) for line in _named([line for line in lines if isinstance(line, Line)])]
    faults += _overlaps(spans)
    if faults:
        raise SourceError.of(faults)
    raw = path.read_bytes()
    return Accounts(sha256(raw).hexdigest(), len(raw), _frame(spans))


def _named(lines: Sequence[Line]) -> list[Line]:
    """Spell accounts, home regions and labels as they are spelled where a log is read."""
    labels = {name for line in lines[:1] for name in line.fields if name.startswith(LABEL)}
    names = {
        name: read_names(pl.Series([line.fields[name] for line in lines], dtype=pl.String)).values
        for name in (*REQUIRED, *sorted(labels))
    }
    return [
        replace(line, fields={**line.fields, **{name: values[at] or None for name, values in names.items()}})
        for at, line in enumerate(lines)
    ]


@dataclass(frozen=True, slots=True)
class _Span:
    """One line, with its interval; `sound` says that it has one."""

    line: Line
    start: datetime
    end: datetime
    sound: bool

    @classmethod
    def of(cls, line: Line, faults: list[Fault]) -> "_Span":
        """Read a line, and add what is wrong in it to `faults`."""
        faults += [Fault(line.place(name), f"{name}: is empty") for name in REQUIRED if not line.fields[name]]
        faults += _country_faults(line)
        start, end = _instant(line, "from", faults), _instant(line, "until", faults)
        sound = (start or FIRST) < (end or LAST)
        if not sound:
            faults.append(
                Fault(line.place("until"), "until: is not after `from`", "intervals are [from, until)")
            )
        return cls(line, start or FIRST, end or LAST, sound)


def _instant(line: Line, name: str, faults: list[Fault]) -> datetime | None:
    written = (line.fields.get(name) or "").strip()
    if not written:
        return None
    try:
        if _RFC3339.fullmatch(written):
            return datetime.fromisoformat(written.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    hint = "write RFC 3339 with an offset, such as 2026-03-01T00:00:00Z"
    text = "has no offset" if _WITHOUT_OFFSET.fullmatch(written) else "is no instant"
    faults.append(Fault(line.place(name), f"{name}: `{written}` {text}", hint))
    return None


def _country_faults(line: Line) -> Iterator[Fault]:
    code = line.fields.get("country")
    if code is not None and code not in COUNTRIES:
        meant = OFTEN_MEANT.get(code) or (code.upper() if code.upper() in COUNTRIES else None)
        hint = f"did you mean `{meant}`?" if meant else nearest(code, COUNTRIES)
        yield Fault(line.place("country"), f"country: `{code}` is no ISO 3166-1 alpha-2 code", hint)


def _overlaps(spans: Iterable[_Span]) -> Iterator[Fault]:
    def account(span: _Span) -> str:
        return span.line.fields["account_id"] or ""

    sound = sorted(
        (span for span in spans if span.sound and account(span)), key=lambda span: (account(span), span.start)
    )
    for name, group in groupby(sound, key=account):
        reach = None
        for span in group:
            if reach is not None and span.start < reach.end:
                text = f"overlaps the line {reach.line.number} of the account `{name}`"
                yield Fault(span.line.place("from"), text, "an account has one home region at a time")
            reach = span if reach is None or span.end > reach.end else reach


def _frame(spans: Sequence[_Span]) -> pl.DataFrame:
    labels = sorted({name for span in spans for name in span.line.fields if name.startswith(LABEL)})
    names = ("account_id", "home_region", "country", *labels)
    columns = {
        name: pl.Series([span.line.fields.get(name) for span in spans], dtype=pl.String) for name in names
    }
    dates = {
        "from": pl.Series([span.start for span in spans], dtype=INSTANT),
        "until": pl.Series([span.end for span in spans], dtype=INSTANT),
    }
    return pl.DataFrame({**columns, **dates}).sort("account_id", "from")
