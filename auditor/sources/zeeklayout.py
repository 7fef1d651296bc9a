"""The header lines of Zeek's text: each says something of how the lines behind it are read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from auditor.sources.dialect import Dialect
from auditor.sources.lines import Block, lines_in

MARK = "#"
HEADER_WORDS = (
    *("separator", "set_separator", "empty_field", "unset_field"),
    *("path", "open", "fields", "types", "close"),
)
_OF_LAYOUT = ("separator", "empty_field", "unset_field", "fields")
_WORD = r"^#([a-z_]+)"
_ESCAPE = re.compile(rb"\\x([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Layout:
    """How lines are read from some point of a file on; `names` are None until a header has named columns."""

    separator: str = "\t"
    unset: str = "-"
    empty: str = "(empty)"
    names: tuple[str, ...] | None = None

    @property
    def is_readable(self) -> bool:
        """Say whether lines can be parted: columns are named, and one ASCII character is between them."""
        return (
            bool(self.names)
            and len(self.separator) == 1
            and self.separator.isascii()
            and self.separator not in "\r\n\0#"
        )

    @property
    def dialect(self) -> Dialect:
        """Part lines like a CSV without quotes."""
        return Dialect(self.separator, None, None, len(self.names or ()))

    def after(self, line: bytes) -> "Layout":
        """Take in one more header line; with `#separator` a new header begins, and the old one ends."""
        text = line.decode("utf-8", "replace")
        word = (re.match(_WORD, text) or ("", ""))[1]
        said = text[len(MARK) + len(word) + 1 :]
        if word == "separator":
            return Layout(separator=unescaped(said))
        if word == "fields":
            return replace(self, names=tuple(said.split(self.separator)) if self.separator and said else None)
        if word == "unset_field":
            return replace(self, unset=unescaped(said))
        if word == "empty_field":
            return replace(self, empty=unescaped(said))
        return self


NO_LAYOUT = Layout()


def unescaped(text: str) -> str:
    r"""Put the bytes in that Zeek has written as `\xNN`; as it stands where they are no UTF-8 then."""
    raw = _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), text.encode())
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return text


def unescaped_column(column: pl.Series) -> pl.Series:
    """Do so for each distinct text that has an escape in it."""
    escaped = column.str.contains(r"\\x[0-9A-Fa-f]{2}").fill_null(value=False)
    if not escaped.any():
        return column
    written = column.filter(escaped).unique()
    return column.replace({text: unescaped(text) for text in written})


@dataclass(frozen=True, slots=True)
class Walked:
    """The lines of a block, as `lines_in` gives them, and what is in force where.

    `kinds` is `header` or `comment`, and null for all that begins without `#`. `layout` says for each line
    which of `layouts` it stands under, and `last` is the one behind the block.
    """

    lines: pl.DataFrame
    kinds: pl.Series
    layout: pl.Series
    layouts: Sequence[Layout]
    last: Layout

    def data_under(self, index: int) -> pl.Series:
        """Mark the lines under a layout that are none of its header's."""
        return (self.layout == index) & self.kinds.is_null()


def has_header(block: Block) -> bool:
    """Say whether any line begins with `#`."""
    return block.data.startswith(b"#") or b"\n#" in block.data


def walk(block: Block, layout: Layout) -> Walked:
    """Follow the header lines of a block, from the layout in force where it begins."""
    lines = lines_in(block)
    marked = lines["text"].str.starts_with(MARK)
    for row in lines["text"].is_null().arg_true():
        marked[row] = block.data[lines["start"][row]] == ord(MARK)
    word = lines["text"].str.extract(_WORD)
    is_header = word.is_in(HEADER_WORDS).fill_null(value=False)
    kinds = pl.DataFrame({"marked": marked, "header": is_header}).select(
        pl.when("header").then(pl.lit("header")).when("marked").then(pl.lit("comment")).alias("kind")
    )
    # A line that is no UTF-8 may be one that names columns: what it says is read with a replacement in it.
    telling = word.is_in(_OF_LAYOUT).fill_null(value=False) | (marked & lines["text"].is_null())
    layouts, after = {layout: 0}, [0]
    for start, size in lines.filter(telling).select("start", "size").iter_rows():
        layout = layout.after(block.data[start : start + size].removesuffix(b"\r"))
        after.append(layouts.setdefault(layout, len(layouts)))
    told = telling.cast(pl.Int64).cum_sum()
    return Walked(lines, kinds["kind"], pl.Series(after).gather(told), list(layouts), layout)
