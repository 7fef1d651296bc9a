"""What every format of lines shares: planning, looking one block ahead, and fetching one record."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace

from auditor.errors import Fault, SourceError
from auditor.sources.interface import Log, Piece, Plan
from auditor.sources.lines import Block, Limits, blocks_of
from auditor.sources.stream import is_compressed, read_raw, read_stream

HEAD_BYTES = 64 << 10

RecordsIn = Callable[[Block], int | None]
"""Counts the records of a block; None if records may go on over line ends, so that no cut is sound."""


def plan_text(log: Log, piece_bytes: int, limits: Limits, records_in: RecordsIn) -> Plan:
    """Hash a file and cut it at line ends, in one reading. Compressed, or no cut is sound: one piece."""
    digest, size = hashlib.sha256(), 0

    def hashed() -> Iterator[bytes]:
        nonlocal size
        for block in read_raw(log.file):
            digest.update(block)
            size += len(block)
            yield block

    if is_compressed(log.file):
        for _ in hashed():
            pass
        return Plan(log, size, digest.hexdigest(), (Piece(log, 0, None, 1),))
    fine = replace(limits, chunk_bytes=max(1, min(limits.chunk_bytes, piece_bytes)))
    begins: list[tuple[int, int]] = [(0, 1)]
    number, sound = 1, True
    for block in blocks_of(hashed(), 0, fine):
        if block.offset - begins[-1][0] >= piece_bytes:
            begins.append((block.offset, number))
        count = records_in(block) if sound else None
        sound = count is not None
        number += count or 0
    if not sound:
        begins = begins[:1]
    stops = [start for start, _ in begins[1:]] + [size]
    pieces = tuple(Piece(log, start, stop, first) for (start, first), stop in zip(begins, stops, strict=True))
    return Plan(log, size, digest.hexdigest(), pieces)


def lines_counted(block: Block) -> int:
    """Count the lines of a block."""
    return 1 if block.overlong else block.data.count(b"\n") + (not block.ended)


def with_next(blocks: Iterator[Block]) -> Iterator[tuple[Block, bool]]:
    """Pair each block with whether a record surely ends with it: it is the last, or an endless line follows.

    If the stream breaks, every block before the break still comes, and then its SourceError.
    """
    held: Block | None = None
    broken: SourceError | None = None
    try:
        for block in blocks:
            if held is not None:
                yield held, block.overlong or held.overlong
            held = block
    except SourceError as error:
        broken = error
    if held is not None:
        yield held, broken is None
    if broken is not None:
        raise broken


def head_of(log: Log, limits: Limits, start: int = 0) -> Iterator[Block]:
    """Yield the first blocks of a file, small ones."""
    small = replace(limits, chunk_bytes=min(limits.chunk_bytes, HEAD_BYTES))
    return blocks_of(read_stream(log.file, start=start), start, small)


def raw_text(
    log: Log,
    record: int,
    byte_offset: int | None,
    limits: Limits,
    size_of: Callable[[Block, bool], int | None],
) -> bytes:
    """Fetch the record at an offset; `size_of` measures a block's first record, and None asks for more."""
    if byte_offset is not None:
        data = b""
        for block, last in with_next(head_of(log, limits, byte_offset)):
            whole = replace(block, data=data + block.data, offset=byte_offset)
            size = len(block.data) if block.overlong else size_of(whole, last)
            if size is not None:
                return whole.data[:size].removesuffix(b"\r")
            data = whole.data
    raise SourceError(
        Fault(f"{log.path}, record {record}", "is not there", "has the log been changed since?")
    )
