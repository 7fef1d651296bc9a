"""Lines of pairs, `name=value` one after the other → columns."""

from collections.abc import Sequence

import polars as pl

from auditor.sources.language import Pairs


def columns_of_pairs(text: pl.Series, pairs: Pairs, wanted: Sequence[str]) -> tuple[pl.DataFrame, pl.Series]:
    """Give the values of the wanted names, and mark the lines that are pairs and nothing else.

    A value goes up to the next `between`, and may hold `equals`. A line without `after`, with a part that has
    no `equals` or no name, or with a name twice that `ignore` does not list, is not marked. Blank parts, as
    behind a last `between`, are left out, and so are ignored names.
    """
    parts = _parts(text, pairs)
    broken = parts.filter(pl.col("value").is_null() | (pl.col("name") == ""))["row"]
    kept = parts.filter(~pl.col("name").is_in(pairs.ignore)) if pairs.ignore else parts
    twice = kept.filter(pl.struct("row", "name").is_duplicated())["row"]
    fits = pl.repeat(False, len(text), eager=True)  # noqa: FBT003  a value
    fits = fits.scatter(parts["row"].unique(), True).scatter(pl.concat([broken, twice]).unique(), False)  # noqa: FBT003  values
    named = kept.filter(pl.col("name").is_in(list(wanted))).unique(["row", "name"], keep="first")
    return pl.DataFrame({name: _of(named, name, len(text)) for name in wanted}, height=len(text)), fits


def _parts(text: pl.Series, pairs: Pairs) -> pl.DataFrame:
    """Part lines into `row`, `name` and `value`; a value is null where there is no `equals`."""
    lines = text.alias("text").to_frame().with_row_index("row")
    if pairs.after is not None:
        behind = pl.col("text").str.splitn(pairs.after, 2).struct.field("field_1")
        lines = lines.with_columns(text=behind)
    return (
        lines.with_columns(pl.col("text").str.split(pairs.between))
        .explode("text", empty_as_null=True)
        .filter(pl.col("text").str.strip_chars() != "")
        .select("row", pl.col("text").str.splitn(pairs.equals, 2).struct.unnest())
        .select("row", name=pl.col("field_0").str.strip_chars(), value=pl.col("field_1").str.strip_chars())
    )


def _of(named: pl.DataFrame, name: str, height: int) -> pl.Series:
    of_name = named.filter(pl.col("name") == name)
    if of_name.height == height:
        return of_name.sort("row")["value"]
    return pl.repeat(None, height, dtype=pl.String, eager=True).scatter(of_name["row"], of_name["value"])
