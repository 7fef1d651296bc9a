"""Write invented connections as logs of programs: Zeek's conn.log, and that of a coturn server.

`formats.py` times how they are read.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

SHARE = 200_000
"""Sessions of coturn that are laid out at a time."""

ZEEK_HEAD = (
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n"
    "#path\tconn\n#fields\t{names}\n"
)
ZEEK_COLUMNS = (
    *("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "service", "duration"),
    *("orig_bytes", "resp_bytes", "conn_state", "local_orig", "local_resp", "missed_bytes", "history"),
    *("orig_pkts", "orig_ip_bytes", "resp_pkts", "resp_ip_bytes", "tunnel_parents"),
)


def write_zeek(path: Path, rows: Iterator[pl.DataFrame]) -> None:
    """Write flows from client to relay."""
    with path.open("wb") as file:
        file.write(ZEEK_HEAD.format(names="\t".join(ZEEK_COLUMNS)).encode())
        at = 0
        for part in rows:
            flows = part.select(flow_of(at, part.height))
            flows.write_csv(file, separator="\t", include_header=False, quote_style="never", null_value="-")
            at += part.height


def flow_of(start: int, height: int) -> list[pl.Expr]:
    """Spell a connection as Zeek would."""
    number = pl.int_range(start, start + height)
    micros = pl.col("started_at").dt.epoch("us")
    length = (pl.col("ended_at") - pl.col("started_at")).dt.total_seconds()
    unset = pl.lit(None, pl.String)
    values = {
        "ts": pl.format("{}.{}", micros // 1_000_000, (micros % 1_000_000).cast(pl.String).str.zfill(6)),
        "uid": pl.format("C{}", number),
        "id.orig_h": pl.col("client_ip"),
        "id.orig_p": 1_024 + number % 60_000,
        "id.resp_h": pl.col("relay_ip"),
        "id.resp_p": pl.lit(3_478),
        "proto": pl.lit("udp"),
        "service": unset,
        "duration": pl.format("{}.000000", length),
        "conn_state": pl.lit("SF"),
        "local_orig": pl.lit("F"),
        "local_resp": pl.lit("T"),
        "missed_bytes": pl.lit(0),
        "history": pl.lit("Dd"),
        "tunnel_parents": unset,
    }
    counts = {
        **dict.fromkeys(("orig_bytes", "orig_ip_bytes"), pl.col("bytes") // 3),
        **dict.fromkeys(("resp_bytes", "resp_ip_bytes"), pl.col("bytes") // 2),
        **dict.fromkeys(("orig_pkts", "resp_pkts"), pl.col("bytes") // 900),
    }
    return [{**values, **counts}[name].alias(name) for name in ZEEK_COLUMNS]


def write_coturn(path: Path, rows: Iterator[pl.DataFrame]) -> None:
    """Write five lines for each connection, all in the order of time."""
    held, at = pl.DataFrame(schema={"second": pl.Int64, "line": pl.String}), 0
    with path.open("wb") as file:
        for whole in rows:
            for part in whole.iter_slices(SHARE):
                held = pl.concat([held, lines_of(part, at)]).sort("second", maintain_order=True)
                at += part.height
                until = part["started_at"].dt.epoch("s").max()
                held.filter(pl.col("second") < until).select("line").write_csv(
                    file, include_header=False, quote_style="never"
                )
                held = held.filter(pl.col("second") >= until)
        held.select("line").write_csv(file, include_header=False, quote_style="never")


def lines_of(part: pl.DataFrame, start: int) -> pl.DataFrame:
    """Spell the session of each connection."""
    number = pl.int_range(start, start + part.height)
    began, ended = pl.col("started_at").dt.epoch("s"), pl.col("ended_at").dt.epoch("s")
    session = pl.format("session 001{}: ", number.cast(pl.String).str.zfill(15))
    who = pl.format("realm=<{}>, username=<{}>", pl.lit("relays.example"), "participant_id")
    half = pl.format("rp=1024, rb={}, sp=1024, sb={}", pl.col("bytes") // 4, pl.col("bytes") // 5)
    closed = pl.format(
        "closed (2nd stage), user <{}> realm <relays.example> origin <>, local {}:3478, "
        "remote {}:{}, reason: {}",
        *("participant_id", "relay_ip", "client_ip", 1_024 + number % 60_000, pl.lit("allocation timeout")),
    )
    events = [
        (began, pl.format("{}new, {}, lifetime=600", session, who)),
        ((began * 2 + ended) // 3, pl.format("{}usage: {}, {}", session, who, half)),
        ((began * 2 + ended) // 3, pl.format("{}peer usage: {}, {}", session, who, half)),
        (ended, pl.format("{}usage: {}, {}", session, who, half)),
        (ended, pl.format("{}{}", session, closed)),
    ]
    frames = [part.select(second=second, text=text) for second, text in events]
    stamp = pl.from_epoch("second").dt.strftime("%Y-%m-%dT%H:%M:%S+0000")
    thread = pl.col("second") % 4
    return pl.concat(frames).select("second", line=pl.format("{}({}): INFO: {}", stamp, thread, "text"))
