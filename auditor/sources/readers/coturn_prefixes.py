"""What stands before a message of coturn: its time, its thread, and what carried the line.

Each version writes another prefix, an upgrade in the middle of a file mixes them, and syslog or a container
runtime writes its own before. Design: FORMATS.md, section 5.1.
"""

from typing import Final

import polars as pl

_LEVEL: Final = "(?:CONTROL|CRITICAL|WARNING|ERROR|DEBUG|INFO|WARN)"
_DATE: Final = "[0-9]{2}-[0-9]{2}"
_CLOCK: Final = "[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]{1,9})?"
_OFFSET: Final = "(?:Z|[+-][0-9]{2}:?[0-9]{2})"
_INSTANT: Final = f"[0-9]{{4}}-{_DATE}T{_CLOCK}{_OFFSET}"
_OWN: Final = f"[0-9]{{1,10}}(?:-{_DATE}T{_CLOCK}{_OFFSET})?"
_LOCAL: Final = f"[0-9]{{4}}-{_DATE}[T ]{_CLOCK}"
_PLACE: Final = r"(?:[^ ():]+\([0-9]+\):? )?"


def _prefix(stamp: str, place: str = "") -> str:
    """Spell all prefixes: `T: `, `T: : `, `T: (thread): LEVEL: `, `T(thread): LEVEL: ` and `T LEVEL `."""
    level = f"{place}(?:{_LEVEL}: )?"
    tails = (
        rf": (?:: )?(?:\((?P<thread>[0-9]+)\): )?{level}",
        rf"\((?P<thread_beside>[0-9]+)\): {level}",
        rf" {place}{_LEVEL} ",
    )
    return f"^(?P<prefix>(?P<stamp>{stamp})(?:{'|'.join(tails)}))"


_USUAL: Final = _prefix(_OWN)
_OTHERS: Final = (_prefix(_OWN, _PLACE), _prefix(_LOCAL, _PLACE))
"""With the place in the source code, and with a time of which nobody knows the zone."""

_SYSLOG: Final = (
    rf"^(?P<carrier>(?:<[0-9]{{1,3}}>)?(?:[A-Z][a-z]{{2}} [ 0-9][0-9] [0-9:]{{8}}|(?P<captured>{_INSTANT})) "
    r"(?P<host>[^ ]*[^ :]) [^ \[\]:]+(?:\[(?P<process>[0-9]+)\])?: )"
)
_SYSLOG_5424: Final = (
    rf"^(?P<carrier><[0-9]{{1,3}}>1 (?P<captured>{_INSTANT}) (?P<host>[^ ]+) [^ ]+ (?P<process>[^ ]+) [^ ]+ "
    r"(?:-|\[[^\]]*\]) )"
)
_CARRIERS: Final = (
    _SYSLOG,
    _SYSLOG_5424,
    rf"^(?P<carrier>(?P<captured>{_INSTANT}) std(?:out|err)(?P<host>) [FP](?P<process>) )",
    rf"^(?P<carrier>(?P<captured>{_INSTANT})(?P<host>)(?P<process>) )",
    r"^(?P<carrier>[^ |]+ +\| (?P<captured>)(?P<host>)(?P<process>))",
)
"""Syslog as a file or journal, as RFC 5424, a container's log, one with times in front, one of several."""

_FORM: Final = "%Y-%m-%dT%H:%M:%S%.f%#z"
_PARTS: Final = ("stamp", "thread", "captured", "host", "process", "message")


def parted(lines: pl.DataFrame) -> pl.DataFrame:
    """Part each line's prefix from its message, in order; `message` is null where there is none of ours.

    Adds `at`, an instant, null where only `seconds` since the server started are known, or neither;
    `thread`; `host` and `process`, of a carrier, else null.
    """
    found = _with_prefix(lines, "text", _USUAL)
    frames = [_whole(found.filter(pl.col("prefix").is_not_null()), "text")]
    rest = found.filter(pl.col("prefix").is_null()).select(lines.columns)
    if rest.height:
        frames += _carried(rest)
    whole = pl.concat(frames, how="diagonal") if len(frames) > 1 else frames[0]
    return _timed(whole if len(frames) == 1 else whole.sort("number"))


def _with_prefix(lines: pl.DataFrame, column: str, pattern: str) -> pl.DataFrame:
    groups = lines.select(pl.col(column).str.extract_groups(pattern).alias("groups")).unnest("groups")
    thread = pl.coalesce("thread", "thread_beside")
    return lines.with_columns(groups.select("prefix", "stamp", thread=thread))


def _whole(found: pl.DataFrame, column: str) -> pl.DataFrame:
    """Cut the message out behind a prefix, which is ASCII."""
    message = pl.col(column).str.slice(pl.col("prefix").str.len_bytes())
    return found.with_columns(message=message).drop("prefix")


def _carried(lines: pl.DataFrame) -> list[pl.DataFrame]:
    """Part the lines that do not begin with a usual prefix; the last frame has those of no known form."""
    frames = []
    rest = lines
    for pattern in _OTHERS:
        found = _with_prefix(rest, "text", pattern)
        frames.append(_whole(found.filter(pl.col("prefix").is_not_null()), "text"))
        rest = found.filter(pl.col("prefix").is_null()).select(lines.columns)
    for carrier in _CARRIERS:
        groups = rest.select(pl.col("text").str.extract_groups(carrier).alias("groups")).unnest("groups")
        found = rest.with_columns(groups.select("carrier", *(_not_empty(name) for name in _CARRIED)))
        frames += _behind(found.filter(pl.col("carrier").is_not_null()))
        rest = found.filter(pl.col("carrier").is_null()).select(lines.columns)
    return [*(frame for frame in frames if frame.height), rest]


_CARRIED: Final = ("captured", "host", "process")


def _not_empty(name: str) -> pl.Expr:
    return pl.when(pl.col(name) != "").then(name).alias(name)


def _behind(found: pl.DataFrame) -> list[pl.DataFrame]:
    """Part what follows a carrier's words: with a prefix of coturn's own, or a session's bare message."""
    rest = found.with_columns(behind=pl.col("text").str.slice(pl.col("carrier").str.len_chars())).drop(
        "carrier"
    )
    frames = []
    for pattern in (_USUAL, *_OTHERS):
        tried = _with_prefix(rest, "behind", pattern)
        frames.append(_whole(tried.filter(pl.col("prefix").is_not_null()), "behind"))
        rest = tried.filter(pl.col("prefix").is_null()).select(rest.columns)
    bare = pl.col("behind").str.strip_prefix("INFO: ")
    ours = bare.str.starts_with("session ") | bare.str.contains("(session ", literal=True)
    return [*frames, rest.with_columns(message=pl.when(ours).then(bare))]


def _timed(lines: pl.DataFrame) -> pl.DataFrame:
    """Read the instant that coturn wrote, else that of the carrier; else seconds are left."""
    lacking = [name for name in _PARTS if name not in lines.columns]
    whole = lines.with_columns(pl.lit(None, pl.String).alias(name) for name in lacking)
    own = pl.when(pl.col("stamp").str.len_bytes() > _DIGITS).then("stamp")
    read = [
        one.str.to_datetime(_FORM, time_unit="us", strict=False).dt.convert_time_zone("UTC")
        for one in (own, pl.col("captured"))
    ]
    seconds = pl.when(pl.col("stamp").str.len_bytes() <= _DIGITS).then("stamp").cast(pl.Int64)
    return whole.with_columns(at=pl.coalesce(read), seconds=seconds)


_DIGITS: Final = 10
"""Seconds since the server started have no more."""
