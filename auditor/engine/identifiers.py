"""Identifiers that people can cite and type: 60 bits of SHA-256 and a check symbol.

`F-KC3J-WCDP-BCYH-V`: twelve symbols of an alphabet without I, L, O and U, and a thirteenth that is the Luhn
check modulo 32 over the twelve. Design: REPORT.md, section 4.
"""

import hashlib
from collections.abc import Sequence

import polars as pl
import polars_hash as plh

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BASE = len(ALPHABET)
_SYMBOLS = 12
_HEX_DIGITS = _SYMBOLS * 5 // 4
_GROUP = 4
_SINGLES = pl.Series(list(ALPHABET))
_PAIRS = pl.Series([one + other for one in ALPHABET for other in ALPHABET])


def canonical_text(tag: str, columns: Sequence[pl.Expr]) -> pl.Expr:
    """Write values as one text from which no other values could come: each with its length, null as `-`."""
    fields = [
        pl.when(column.is_null())
        .then(pl.lit("-"))
        .otherwise(pl.format("{}:{}", column.cast(pl.String).str.len_bytes(), column.cast(pl.String)))
        for column in columns
    ]
    return pl.concat_str([pl.lit(tag), *fields], separator=" ")


def identifiers_of(prefix: str, texts: pl.Series) -> pl.Series:
    """Name each text. Vectorised; the same as `identifier_of` for each."""
    digests = pl.DataFrame({"text": texts}).select(plh.col("text").chash.sha2_256()).to_series()
    bits = digests.str.slice(0, _HEX_DIGITS).str.to_integer(base=16, dtype=pl.Int64)
    codes = [bits // _BASE ** (_SYMBOLS - 1 - place) % _BASE for place in range(_SYMBOLS)]
    addends = [code * _factor(place) for place, code in enumerate(codes)]
    luhn = sum(
        (addend // _BASE + addend % _BASE for addend in addends[1:]), addends[0] // _BASE + addends[0] % _BASE
    )
    check = (_BASE - luhn % _BASE) % _BASE
    pairs = [_PAIRS.gather(codes[place] * _BASE + codes[place + 1]) for place in range(0, _SYMBOLS, 2)]
    parts = pl.DataFrame({str(place): part for place, part in enumerate([*pairs, _SINGLES.gather(check)])})
    return parts.select(pl.format(prefix + "-{}{}-{}{}-{}{}-{}", *parts.columns)).to_series()


def identifier_of(prefix: str, text: str) -> str:
    """Name one text."""
    bits = int(hashlib.sha256(text.encode()).hexdigest()[:_HEX_DIGITS], 16)
    codes = [bits // _BASE ** (_SYMBOLS - 1 - place) % _BASE for place in range(_SYMBOLS)]
    symbols = "".join(ALPHABET[code] for code in [*codes, _check(codes)])
    return "-".join([prefix, *(symbols[start : start + _GROUP] for start in range(0, len(symbols), _GROUP))])


def is_identifier(prefix: str, text: str) -> bool:
    """Tell whether `text` is an identifier whose check symbol agrees."""
    symbols = text.removeprefix(f"{prefix}-").replace("-", "")
    if not text.startswith(f"{prefix}-") or len(symbols) != _SYMBOLS + 1 or set(symbols) - set(ALPHABET):
        return False
    codes = [ALPHABET.index(symbol) for symbol in symbols]
    return _check(codes[:-1]) == codes[-1]


def _check(codes: Sequence[int]) -> int:
    addends = [code * _factor(place) for place, code in enumerate(codes)]
    return -sum(addend // _BASE + addend % _BASE for addend in addends) % _BASE


def _factor(place: int) -> int:
    """Luhn doubles every second symbol, counted from the last."""
    return 2 if (_SYMBOLS - 1 - place) % 2 == 0 else 1
