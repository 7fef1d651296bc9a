"""What the addresses of relays are, and what editions say of them.

A relay is met again in each role and in each period; of its address, only the periods decide anew who is
heard. Design: GEOLOCATION.md, sections 1 and 5.
"""

from collections.abc import Iterator, Sequence

import polars as pl

from auditor.geo.addresses import incident_networks
from auditor.geo.candidates import ATTESTABLE, RELAY
from auditor.geo.frames import Known
from auditor.geo.mmdb import Reader
from auditor.geo.opened import KIND, OpenedSources, said_column
from auditor.geo.schemas import Opinion, Said
from auditor.model import RELAY_UNIT, Schema

_OF_ADDRESS: Schema = {
    **dict.fromkeys(KIND, pl.String),
    "asked": pl.String,
    "segment": pl.Int64,
    "attested_segment": pl.Int64,
    "network": pl.String,
    "around": pl.String,
}


class RelayAddresses:
    """Asks about each text that stands for the address of a relay once, and remembers the answers."""

    def __init__(self, sources: OpenedSources) -> None:
        self._sources = sources
        self._known = Known({"relay_ip": RELAY_UNIT["relay_ip"]})
        self._numbers: dict[int, dict[Said, int]] = {place: {} for place in sources.of_relays}
        columns = {said_column(place): pl.UInt32 for place in sources.of_relays}
        prefixes = {prefix_column(place): pl.String for place in sources.of_relays}
        self._told = pl.DataFrame(schema={**_OF_ADDRESS, **columns, **prefixes})

    def told_of(self, texts: pl.Series) -> pl.DataFrame:
        """Say of each text what it is and what the sources have for it.

        The columns are KIND and `asked`; for each edition that is asked about relays, the index into `said`
        in its `said_column`, and the network that it answers for in its `prefix_column`; the longest
        `network` of those that tell how finely a place is known; `around`, the network of the incident; and
        the `segment` of the inventory that holds the address, `attested_segment` where it may place a relay.
        """
        numbers, new = self._known.numbers_of(pl.DataFrame({"relay_ip": texts}))
        if new.height:
            self._told = pl.concat([self._told, self._learned(new["relay_ip"])], rechunk=True)
        return self._told[numbers]

    def said(self) -> dict[int, Sequence[Said]]:
        """Give all that was said so far, by the place of the edition that said it."""
        return {place: list(said) for place, said in self._numbers.items()}

    def _learned(self, texts: pl.Series) -> pl.DataFrame:
        rows = self._looked_up(self._sources.classified(texts, RELAY, canonical=True))
        whole = pl.coalesce("asked", "address")
        attestable = pl.col("asked").is_not_null() | pl.col("kind").is_in(list(ATTESTABLE))
        addresses = rows.select(whole).to_series()
        return (
            rows.with_columns(
                self._segments_of(addresses).alias("segment"),
                incident_networks(addresses).alias("around"),
                network=_longest([prefix_column(place) for place in _placing(self._sources)]),
            )
            .with_columns(attested_segment=pl.when(attestable).then("segment"))
            .select(self._told.columns)
        )

    def _segments_of(self, addresses: pl.Series) -> pl.Series:
        register = self._sources.register
        if register is None:
            return pl.repeat(None, addresses.len(), dtype=pl.Int64, eager=True)
        return register.segments_of(addresses)

    def _looked_up(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Ask each edition once for each distinct address; also for the network that it answers for."""
        asked = rows["asked"].drop_nulls().unique(maintain_order=True)
        table = pl.DataFrame({"asked": asked})
        for place in self._sources.of_relays:
            edition, numbers = self._sources.editions[place], self._numbers[place]
            lookup = edition.lookup(asked, with_city=True)
            known = [numbers.setdefault(said, len(numbers)) for said in lookup.said]
            table = table.with_columns(
                pl.Series(known, dtype=pl.UInt32).gather(lookup.index).alias(said_column(place)),
                edition.networks_of(asked).alias(prefix_column(place)),
            )
        return rows.join(table, on="asked", how="left", maintain_order="left", validate="m:1")


def prefix_column(place: int) -> str:
    """Name the column with the network that the edition at a place answers for."""
    return f"prefix_{place}"


def _placing(sources: OpenedSources) -> Iterator[int]:
    """List the editions whose prefixes tell how finely a place is known: those of location databases."""
    for place in sources.of_relays:
        edition = sources.editions[place]
        if isinstance(edition, Reader) and edition.database.opinion is not Opinion.NETWORK:
            yield place


def _longest(prefixes: Sequence[str]) -> pl.Expr:
    """Choose the longest of several networks of one address; null if none has any."""
    longest = pl.lit(None, pl.String)
    for prefix in prefixes:
        longer = _length(pl.col(prefix)) > _length(longest).fill_null(-1)
        longest = pl.when(longer).then(prefix).otherwise(longest)
    return longest


def _length(prefix: pl.Expr) -> pl.Expr:
    return prefix.str.extract(r"/(\d+)$").cast(pl.Int32)
