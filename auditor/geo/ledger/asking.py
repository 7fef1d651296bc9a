"""What a database says of relays now, as rows of a recording."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from auditor.geo.candidates import ANYCAST
from auditor.geo.ledger.recorded import RECORDED, SPOKEN
from auditor.geo.mmdb import Database, Reader
from auditor.geo.readers import Readers, damage_named
from auditor.model import cast_to


def answers_of(databases: Sequence[Database], addresses: pl.Series, observed_at: datetime) -> pl.DataFrame:
    """Ask each database about distinct canonical addresses; a row for each pair of them. Schema: RECORDED.

    Raises GeoError where a database is damaged inside, or is no longer the one that was opened.
    """
    return pl.concat(_answers(Reader(database), addresses, observed_at) for database in databases)


def _answers(reader: Reader, addresses: pl.Series, observed_at: datetime) -> pl.DataFrame:
    database = reader.database
    asked = pl.DataFrame({"address": addresses, "prefix": reader.networks_of(addresses)})
    spoken = _spoken(database, asked.filter(pl.col("prefix").is_not_null())["address"])
    said = reader.lookup(addresses)
    flagged = pl.Series([one.reason == ANYCAST for one in said.said], dtype=pl.Boolean)
    rows = asked.join(spoken, on="address", how="left", validate="1:1").with_columns(
        opinion=pl.lit(str(database.opinion)),
        source=pl.lit(database.database_type),
        maker=pl.lit(database.maker),
        vendor=pl.lit(database.vendor, pl.String),
        source_sha256=pl.lit(database.sha256),
        build=pl.lit(database.built_at),
        anycast=flagged.gather(said.index),
        observed_at=pl.lit(observed_at),
    )
    return cast_to(rows, RECORDED).sort("address")


def _spoken(database: Database, addresses: pl.Series) -> pl.DataFrame:
    """Give what the records of addresses say, as it is written. All of them have one."""
    types = {word: RECORDED[word] for word in SPOKEN}
    with damage_named(database.path):
        answers = Readers(Path(database.path)).answers(addresses, database.layout)
        words = [[row.get(word) for word in SPOKEN] for row in answers.rows if row is not None]
    distinct = pl.DataFrame(words, schema=types, orient="row", strict=False)
    return distinct[answers.index].with_columns(address=addresses)
