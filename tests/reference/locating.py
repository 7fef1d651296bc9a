"""Where `locations.parquet` and the reference disagree, in sentences."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from tests.reference.comparison import differing, spelled
from tests.reference.reference import Judged
from tests.reference.world import Connection, covers


def locations_differ(judged: Sequence[Judged], locations: pl.DataFrame) -> Iterator[str]:
    """Find the row of each connection: there is one, it has the same set, and counts its connections."""
    rows = locations.rows(named=True)
    used: Counter[int] = Counter()
    for one in judged:
        found = [number for number, row in enumerate(rows) if is_of(row, one.connection)]
        yield from differing(f"locations of {one.connection}", 1, len(found))
        for number in found:
            used[number] += 1
            expected, row = spelled(one.relay.candidates), rows[number]
            yield from differing(f"location of {one.connection}", expected, spelled(row["candidates"]))
            yield from differing(f"key of {one.connection}", expected, row["key"])
    counts = [used[number] for number in range(len(rows))]
    yield from differing("connections by location", counts, locations["connections"].to_list())


def is_of(row: Mapping[str, Any], connection: Connection) -> bool:
    """Tell whether a row is about the relay of a connection, in its role and at its start."""
    written = [connection["relay_ip"]] if connection["relay_ip"] is not None else []
    return (
        (set(written) <= set(row["as_written"]) and bool(written) == bool(row["as_written"]))
        and row["site"] == connection["relay_site"]
        and row["name"] == connection["relay_name"]
        and row["declared"] == connection["relay_country_declared"]
        and row["role"] == connection["role"]
        and covers(row["period_from"], row["period_until"], connection["started_at"])
    )
