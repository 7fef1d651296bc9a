"""What a CSV record is: the one definition, for whole columns of lines and for single ones."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from auditor.sources.language import Input

WIDEST_PATTERN = 64
"""Above so many fields the pattern for a record grows too large, and lines with quotes go one by one."""


@dataclass(frozen=True)
class Dialect:
    """How the fields of one file are told apart. A record has exactly `fields` of them."""

    delimiter: str
    quote: str | None
    comment: str | None
    fields: int

    @classmethod
    def of(cls, given: Input, fields: int) -> "Dialect":
        """Take the dialect that a mapping declares."""
        return cls(given.delimiter, given.quote, given.comment, fields)

    def kinds(self, text: pl.Expr, *, quotes: bool) -> pl.Expr:
        """Say of each line whether it is `blank`, a `comment`, a `record` on its own, or null: perhaps none.

        `quotes` says whether any line has the quote character. Agrees with `advance`.
        """
        blank = text.str.strip_chars(self._blanks) == ""
        delimiters = text.str.count_matches(self.delimiter, literal=True)
        whole = delimiters == self.fields - 1
        if quotes and self.quote is not None:
            quoted = text.str.contains(self.quote, literal=True)
            by_pattern = (
                text.str.contains(self._pattern) if self.fields <= WIDEST_PATTERN else pl.lit(value=False)
            )
            whole = pl.when(quoted).then(by_pattern).otherwise(whole)
        comment = pl.lit(value=False) if self.comment is None else text.str.starts_with(self.comment)
        kind = pl.when(blank).then(pl.lit("blank")).when(comment).then(pl.lit("comment"))
        return kind.when(whole).then(pl.lit("record"))

    def is_aside(self, line: str) -> bool:
        """Say whether a line is blank or a comment."""
        return not line.strip(self._blanks) or (self.comment is not None and line.startswith(self.comment))

    def split(self, record: str) -> tuple[str, ...]:
        """Part one whole record into its fields."""
        if self.quote is None:
            return tuple(record.split(self.delimiter))
        lines = io.StringIO(record, newline="")
        return tuple(next(csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote)))

    def fields_of(self, data: bytes, wanted: Sequence[int], *, quotes: bool) -> pl.DataFrame:
        """Part whole records, a line each, into some of their fields: columns named by their positions.

        `quotes` says whether any line has the quote character.
        A header is put in front: polars takes data for compressed that begins like a compression.
        """
        names = [str(index) for index in range(self.fields)]
        header = self.delimiter.join(names).encode() + b"\n"
        return pl.read_csv(
            io.BytesIO(header + data),
            schema=dict.fromkeys(names, pl.String),
            columns=[str(index) for index in wanted] or ["0"],
            separator=self.delimiter,
            quote_char=self.quote if quotes else None,
            empty_string_is_null=False,
        )

    @property
    def _blanks(self) -> str:
        """What a blank line may hold, besides nothing."""
        return "".join(blank for blank in " \t" if blank != self.delimiter)

    @cached_property
    def _pattern(self) -> str:
        delimiter, quote = re.escape(self.delimiter), re.escape(self.quote or "")
        field = f"(?:[^{quote}{delimiter}]*|{quote}(?:[^{quote}]|{quote}{quote})*{quote})"
        return f"(?s)^{field}(?:{delimiter}{field}){{{self.fields - 1}}}$"

    @cached_property
    def _tokens(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        delimiter, quote = re.escape(self.delimiter), re.escape(self.quote or "")
        inside = re.compile(f"(?:[^{quote}]|{quote}{quote})*+{quote}", re.DOTALL)
        return inside, re.compile(f"[^{quote}{delimiter}]*", re.DOTALL)

    def advance(self, line: str, open_fields: int | None) -> tuple[bool, int] | None:
        """Read one more line of a record, and say whether it is still open, and how many fields it has.

        `open_fields` counts the fields of the lines before, the last of which is in open quotes;
        None begins a record. None is the answer where a quote stands where none may.
        """
        if self.quote is None:
            return False, line.count(self.delimiter) + 1
        inside, plain = self._tokens
        at, fields, quoted = 0, open_fields or 1, open_fields is not None
        while True:
            if not quoted and line.startswith(self.quote, at):
                at, quoted = at + 1, True
            token = (inside if quoted else plain).match(line, at)
            if token is None:
                return True, fields
            at, quoted = token.end(), False
            if at == len(line):
                return False, fields
            if line[at] != self.delimiter:
                return None
            at, fields = at + 1, fields + 1
