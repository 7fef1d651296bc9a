"""Reads the columns of a side file field by field, each different text once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from auditor.errors import Fault
from auditor.geo.fields import NotReadableError, plain_prefixes, prefix_of
from auditor.tables import Table

Value = TypeVar("Value")


class Columns:
    """Reads a table, and collects what is wrong with its fields."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._found: list[tuple[int, Fault]] = []

    @property
    def faults(self) -> list[Fault]:
        """All that was found so far, line by line, and of each line in the order in which it was found."""
        return [fault for _, fault in sorted(self._found, key=lambda found: found[0])]

    @property
    def sound(self) -> list[int]:
        """The rows, from 0, with which nothing is wrong."""
        wrong = {row for row, _ in self._found}
        return [row for row in range(len(self._table.numbers)) if row not in wrong]

    def texts(self, column: str) -> Sequence[str | None]:
        """Give the fields of a column as they are written; None of one that the file does not have."""
        return self._table.fields.get(column) or [None] * len(self._table.numbers)

    def read(self, column: str, read: Callable[[str], Value]) -> list[Value | None]:
        """Read the fields of a column; None of one that is empty, or wrong."""
        texts = self.texts(column)
        known: dict[str | None, Value | None] = {}
        wrong: dict[str | None, NotReadableError] = {}
        for text in dict.fromkeys(texts):
            try:
                known[text] = None if text is None else read(text)
            except NotReadableError as error:
                known[text], wrong[text] = None, error
        if wrong:
            self._add(column, {row: wrong[text] for row, text in enumerate(texts) if text in wrong})
        return [known[text] for text in texts]

    def read_prefixes(self, column: str) -> list[str | None]:
        """Read a column of prefixes, of which most are plain in a file of many."""
        plain = plain_prefixes({text for text in self.texts(column) if text is not None})
        return self.read(column, lambda written: written if written in plain else prefix_of(written))

    def require(self, column: str, hint: str | None = None) -> None:
        """Find the rows in which a column is empty."""
        missing = NotReadableError("is missing", hint)
        self._add(column, {row: missing for row, text in enumerate(self.texts(column)) if text is None})

    def require_any(self, columns: Sequence[str], text: str) -> None:
        """Find the rows in which all of some columns are empty."""
        rows = enumerate(zip(*map(self.texts, columns), strict=True))
        missing = NotReadableError(text)
        self._add(columns[0], {row: missing for row, texts in rows if not any(texts)})

    def require_order(self, from_at: Iterable[datetime | None], until_at: Iterable[datetime | None]) -> None:
        """Find the rows that end before they begin."""
        rows = enumerate(zip(from_at, until_at, strict=True))
        late = NotReadableError("is not later than `from`")
        self._add("until", {row: late for row, (begin, end) in rows if begin and end and end <= begin})

    def _add(self, column: str, wrong: Mapping[int, NotReadableError]) -> None:
        for row, error in wrong.items():
            place = self._table.place(row, column)
            self._found.append((row, Fault(place, f"{column}: {error.text}", error.hint)))
