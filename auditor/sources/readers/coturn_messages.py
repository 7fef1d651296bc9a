"""What a message of coturn tells of a session. Design: FORMATS.md, section 5.1.

A message begins with `session N: `, or, since September 2026, ends with ` (session N)`.
"""

from typing import Final

import polars as pl

_BEFORE: Final = r"^session ([0-9]{18,20}): "
_BEHIND: Final = r"(?P<suffix> \(session (?P<behind>[0-9]{18,20})(?:, [^()]*)?\))$"
_MARK: Final = "(session "
_OF_SESSIONS: Final = (
    r"^(?:(?:allocation )?(?:(?:new|refreshed), |delete: )realm=<|"
    r"(?:peer )?usage: realm=<|closed \([12]|session )"
)
"""How messages begin that tell of a session."""

_RELAYED: Final = r"^IPv[46]\. Local relay addr: ([^ ]+)$"


def with_sessions(lines: pl.DataFrame) -> pl.DataFrame:
    """Add `id`, the number of the session, null where none is told, and `body`, the message without it."""
    message = pl.col("message")
    found = lines.with_columns(id=message.str.extract(_BEFORE))
    behind = pl.col("id").str.len_bytes() + len("session : ")
    found = found.with_columns(body=message.str.slice(behind.fill_null(0)))
    lacking = found["id"].is_null()
    if lacking.any() and (lacking & found["message"].str.contains(_MARK, literal=True)).any():
        groups = found.select(message.str.extract_groups(_BEHIND).alias("groups")).unnest("groups")
        length = message.str.len_chars().cast(pl.Int64) - pl.col("suffix").str.len_bytes().cast(pl.Int64)
        before = message.str.slice(0, length).str.strip_prefix("allocation ")
        at_end = pl.col("id").is_null() & pl.col("suffix").is_not_null()
        found = found.with_columns(groups).with_columns(
            body=pl.when(at_end).then(before).otherwise("body"), id=pl.coalesce("id", "behind")
        )
    return found.with_columns(pl.col("id").cast(pl.UInt64, strict=False))


def is_lost() -> pl.Expr:
    """Say whether a message without a number is one of those that cannot be without a session."""
    return pl.col("message").str.contains(_OF_SESSIONS)


def relay_address() -> pl.Expr:
    """Give the address of a relay socket that a message tells, which names no session."""
    return pl.col("body").str.extract(_RELAYED)


def is_start() -> pl.Expr:
    """Say whether a message is of a server that starts, so that its numbers are given out anew."""
    return pl.col("body").str.contains("^(?:Coturn )?Version Coturn-")


def is_new() -> pl.Expr:
    """Say whether a message is of a new allocation."""
    return pl.col("id").is_not_null() & pl.col("body").str.starts_with("new, ")
