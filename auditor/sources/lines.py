"""A stream of bytes → blocks of whole lines, and their lines as columns."""

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from auditor.errors import SourceError

EXCERPT_BYTES = 4_096
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is held at a time. What a record becomes depends on `record_bytes` only.

    A line longer than `record_bytes` is `malformed`; a CSV record may go on over `quoted_lines` lines and
    `quoted_bytes` bytes.
    """

    chunk_bytes: int = 16 << 20
    record_bytes: int = 64 << 20
    quoted_lines: int = 1_000
    quoted_bytes: int = 1 << 20
    batch_rows: int = 1 << 18


USUAL = Limits()


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, beginning at `offset` of the decompressed file.

    `size` is that of all its bytes; an `overlong` block is one line, and `data` its beginning. Only the last
    line of a file may not be `ended`.
    """

    data: bytes
    offset: int
    size: int
    ended: bool
    overlong: bool = False


def blocks_of(stream: Iterator[bytes], offset: int, limits: Limits) -> Iterator[Block]:
    """Cut a stream into blocks of about `chunk_bytes`, each of whole lines; a BOM at the start is left out.

    Where the stream breaks, the whole lines before it come first, and then its SourceError.
    """
    pending: list[bytes] = []
    held, at, head = 0, offset, None
    for piece in _chunks(stream, min(limits.chunk_bytes, limits.record_bytes)):
        chunk = piece
        if at == 0 and not held and chunk.startswith(BOM):
            at, chunk = len(BOM), chunk[len(BOM) :]
        first = chunk.find(b"\n")
        if head is None and held + (len(chunk) if first < 0 else first) > limits.record_bytes:
            head = b"".join([*pending, chunk])[: EXCERPT_BYTES + 1]
            pending = []
        if first < 0:
            held += len(chunk)
            pending += [] if head is not None else [chunk]
            continue
        if head is not None:
            size = held + first + 1
            yield Block(head[: size - 1], at, size, ended=True, overlong=True)
            at, held, head, chunk = at + size, 0, None, chunk[first + 1 :]
        if end := chunk.rfind(b"\n") + 1:
            data = b"".join([*pending, chunk[:end]])
            yield Block(data, at, len(data), ended=True)
            at, chunk = at + len(data), chunk[end:]
        pending, held = [chunk], len(chunk)
    if held:
        data = head if head is not None else b"".join(pending)
        yield Block(data, at, held, ended=False, overlong=head is not None)


def _chunks(stream: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Join and cut what a stream gives into chunks of one size; the first holds at least a whole BOM."""
    parts: list[bytes] = []
    held, wanted = 0, max(size, len(BOM))
    broken: SourceError | None = None
    try:
        for part in stream:
            parts.append(part)
            held += len(part)
            if held < wanted:
                continue
            whole = b"".join(parts)
            while len(whole) >= wanted:
                yield whole[:wanted]
                whole, wanted = whole[wanted:], size
            parts, held = [whole], len(whole)
    except SourceError as error:
        broken = error
    if held:
        yield b"".join(parts)
    if broken is not None:
        raise broken


def lines_in(block: Block) -> pl.DataFrame:
    """Give a block's lines: `text` (null if it is not UTF-8), `start` in the block, and `size`, in bytes.

    Line ends, LF or CRLF, are no part of the text; `size` leaves out the LF only.
    """
    text, sizes = _split(block.data)
    if b"\r" in block.data:
        text = text.str.strip_suffix("\r")
    return pl.concat([text.to_frame("text"), placed(sizes)], how="horizontal")


def _split(data: bytes) -> tuple[pl.Series, pl.Series]:
    """Split at line feeds only, into texts and their sizes.

    polars' reader of lines takes CR off with them, so it is for data without. It is given an empty line in
    front, as it takes data for compressed that begins like a compression.
    """
    try:
        if b"\r" in data:
            text = pl.Series("text", [data.decode().removesuffix("\n")]).str.split("\n").explode()
        else:
            text = pl.read_lines(io.BytesIO(b"\n" + data), name="text").to_series().slice(1)
    except (UnicodeDecodeError, pl.exceptions.PolarsError):
        raw = pl.Series("text", data.removesuffix(b"\n").split(b"\n"), dtype=pl.Binary)
        return text_where_utf8(raw), raw.bin.size()
    return text, text.str.len_bytes()


def placed(sizes: pl.Series) -> pl.DataFrame:
    """Say where lines of these sizes, in bytes, start in their block: a line end of one byte follows each."""
    size = pl.col("size")
    return sizes.cast(pl.Int64).to_frame("size").with_columns(start=(size + 1).cum_sum() - size - 1)


def text_where_utf8(raw: pl.Series) -> pl.Series:
    """Read bytes as text, null where they are none; polars' own cast fails the whole column."""
    try:
        return raw.cast(pl.String)
    except pl.exceptions.PolarsError:
        return pl.Series(
            raw.name, [None if item is None else _text_or_none(item) for item in raw], dtype=pl.String
        )


def _text_or_none(item: bytes) -> str | None:
    try:
        return item.decode()
    except UnicodeDecodeError:
        return None


def excerpt_of(raw: bytes) -> str:
    """Show the beginning of a raw record, bytes that are not UTF-8 escaped; a character is not cut in two."""
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    return decoder.decode(raw[:EXCERPT_BYTES], final=len(raw) <= EXCERPT_BYTES)
