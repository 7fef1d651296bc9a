"""What became of the records that a reader has read so far → batches whose counts add up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from auditor.model import CONNECTION, NOT_CONNECTION, REJECT, UNREAD, WARNING, BadValue, cast_to
from auditor.sources.build import EXAMPLE_CHARACTERS
from auditor.sources.interface import Batch, Log
from auditor.sources.lines import excerpt_of


@dataclass(slots=True)
class Gathered:
    """Takes what a reader finds, and hands it on in batches.

    A record is told of once, when its fate is known: it became part of a connection, it is a reject, or it is
    no connection. A reader that waits for the end of a session holds the numbers of its records, not more.
    """

    log: Log
    _rows: list[dict[str, Any]] = field(default_factory=list)
    _frames: list[pl.DataFrame] = field(default_factory=list)
    _used: int = 0
    _rejects: list[dict[str, Any]] = field(default_factory=list)
    _aside: dict[str, list[int]] = field(default_factory=dict)
    _unread: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    _warned: dict[str, list[int]] = field(default_factory=dict)

    @property
    def held(self) -> int:
        """Count what would be handed on now."""
        return len(self._rows) + len(self._rejects) + sum(frame.height for frame in self._frames)

    def connection(self, row: Mapping[str, Any], *, records: int) -> None:
        """Take one connection, by the columns of CONNECTION that it has, and how many records went into it.

        `record`, `started_at`, `role`, `time_basis` and `use_proved` are needed; `part` is 1 where it is not
        given. Several connections of one record: the count goes with the first of them.
        """
        self._rows.append({"part": 1, **row})
        self._used += records

    def connections(self, frame: pl.DataFrame, *, records: int) -> None:
        """Take many connections at once, with columns of CONNECTION, and the count of their records."""
        if "part" not in frame.columns:
            frame = frame.with_columns(part=pl.lit(1, pl.Int32))
        self._frames.append(frame)
        self._used += records

    def aside(self, reason: str, first_record: int, records: int = 1) -> None:
        """Take records that are no connections, by a word of FORMATS.md, section 2.2."""
        known = self._aside.setdefault(reason, [0, first_record])
        self._aside[reason] = [known[0] + records, min(known[1], first_record)]

    def reject(
        self,
        reason: BadValue,
        record: int,
        byte_offset: int | None,
        raw: str | bytes,
        column: str | None = None,
    ) -> None:
        """Take a record that cannot be read."""
        text = raw.encode("utf-8", errors="surrogatepass") if isinstance(raw, str) else raw
        self._rejects.append(
            {
                "record": record,
                "byte_offset": byte_offset,
                "reason": reason.value,
                "column": column,
                "excerpt": excerpt_of(text),
            }
        )

    def unread(self, column: str, reason: BadValue, record: int, example: str) -> None:
        """Take a value that could not be read, in a record that is not rejected for it."""
        known = self._unread.setdefault((column, reason.value), [0, record, example[:EXAMPLE_CHARACTERS]])
        known[0] += 1

    def warning(self, text: str, record: int, records: int = 1) -> None:
        """Take what a reader of the report should know."""
        known = self._warned.setdefault(text, [0, record])
        self._warned[text] = [known[0] + records, min(known[1], record)]

    def batch(self) -> Batch:
        """Hand on what was taken since the last batch. Connections come in the order of their records."""
        rejects = self._frame(self._rejects, REJECT).sort("record")
        aside: list[dict[str, Any]] = [
            {"reason": reason, "count": count, "first_record": first}
            for reason, (count, first) in sorted(self._aside.items())
        ]
        unread = [
            {"column": column, "reason": reason, "count": count, "first_record": first, "example": example}
            for (column, reason), (count, first, example) in sorted(self._unread.items())
        ]
        warned = [
            {"text": text, "count": count, "first_record": first}
            for text, (count, first) in sorted(self._warned.items())
        ]
        batch = Batch(
            records=self._used + rejects.height + sum(one["count"] for one in aside),
            connection_records=self._used,
            connections=self._connections(),
            rejects=rejects,
            not_connections=self._frame(aside, NOT_CONNECTION),
            unread=self._frame(unread, UNREAD),
            warnings=self._frame(warned, WARNING),
        )
        self._forget()
        return batch

    def _connections(self) -> pl.DataFrame:
        names = dict.fromkeys(name for row in self._rows for name in row)
        rows = pl.DataFrame(self._rows, schema={name: CONNECTION[name] for name in names}, orient="row")
        whole = pl.concat([pl.DataFrame(schema=CONNECTION), *self._frames, rows], how="diagonal_relaxed")
        return cast_to(whole.with_columns(source_file=pl.lit(self.log.path)), CONNECTION).sort(
            "record", "part"
        )

    def _frame(self, rows: Iterable[Mapping[str, Any]], schema: Mapping[str, Any]) -> pl.DataFrame:
        whole = [{**row, "source_file": self.log.path} for row in rows]
        return cast_to(pl.DataFrame(whole, schema={name: schema[name] for name in schema}), schema)

    def _forget(self) -> None:
        self._rows.clear()
        self._frames.clear()
        self._used = 0
        self._rejects.clear()
        self._aside.clear()
        self._unread.clear()
        self._warned.clear()
