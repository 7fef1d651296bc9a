"""Logs that are cut, damaged or of another format: nothing crashes, and no record is lost in silence."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.errors import SourceError
from tests.sources.samples import FORMATS, NAMES, Whole, log_of, logs_of, read, told_of

CUTS, DAMAGES, OTHERS = 3, 2, 6


def attempted(name: str, path: Path, data: bytes) -> Whole | None:
    """Read what is left of a log; None if it is refused as a whole, with a reason."""
    path.write_bytes(data)
    try:
        whole = read(log_of(path, FORMATS[name], told_of(name)))
    except SourceError as error:
        assert error.faults  # noqa: PT017  it may be refused or read, and either is checked
        return None
    assert whole.adds_up
    return whole


@pytest.mark.parametrize("name", NAMES)
def test_a_log_that_is_cut_loses_nothing_before_the_cut(name: str, tmp_path: Path) -> None:
    chance = random.Random(name)
    for original in logs_of(name):
        data = original.read_bytes()
        wholly = read(log_of(original, FORMATS[name], told_of(name)))
        for _ in range(CUTS):
            left = attempted(name, tmp_path / original.name, data[: chance.randrange(len(data))])
            assert left is None or left.records <= wholly.records


def flipped(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] = chance.randrange(256)


def swapped(data: bytearray, chance: random.Random) -> None:
    lines = bytes(data).split(b"\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    data[:] = b"\n".join(lines)


def dropped(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    del data[start : start + chance.randrange(1, 40)]


def doubled(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    data[start:start] = data[start : start + chance.randrange(1, 80)]


def stuffed(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at:at] = chance.choice(
        [
            b"[" * 3000,
            b'{"a":' * 3000,
            b"\x00\xff\xfe",
            b"9" * 5000,
            b'"',
            b"\\u0000",
            b"\xed\xa0\x80",
            b"1e999",
            b"\r",
        ]
    )


@pytest.mark.parametrize("damage", [flipped, swapped, dropped, doubled, stuffed])
@pytest.mark.parametrize("name", NAMES)
def test_a_log_that_is_damaged_is_read_or_refused(
    name: str, damage: Callable[[bytearray, random.Random], None], tmp_path: Path
) -> None:
    chance = random.Random(f"{name} {damage.__name__}")
    for original in logs_of(name):
        for _ in range(DAMAGES):
            data = bytearray(original.read_bytes())
            damage(data, chance)
            attempted(name, tmp_path / original.name, bytes(data))


@pytest.mark.parametrize("name", NAMES)
def test_a_log_of_another_format_is_never_a_clean_empty_one(name: str, tmp_path: Path) -> None:
    """What the format makes nothing of is refused, rejected, set aside under a word, or told of."""
    others = [other for other in NAMES if other != name]
    for other in random.Random(name).sample(others, OTHERS):
        for original in logs_of(other):
            whole = attempted(name, tmp_path / original.name, original.read_bytes())
            assert whole is None or whole.records > 0
