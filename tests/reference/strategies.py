"""Random small worlds, drawn so that borders are met: instants lie on, just before and just after edges."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, TypeVar

from hypothesis import strategies as st

from tests.reference.clauses import (
    ACCOUNTS,
    EDGES,
    FIRST_DAY,
    REGIONS,
    declared_windows,
    groups_of_countries,
    intervals,
    rules_over,
    waivers_of,
    whole_rules_over,
)
from tests.reference.files import DatabaseText
from tests.reference.listing import rows_of
from tests.reference.logs import raw_records
from tests.reference.reading import Raw
from tests.reference.sources import (
    COUNTRY,
    SHARED,
    databases_of_evidence,
    few,
    geofeeds,
    inventory_rows,
    ledgers,
    list_rows,
    range_lists,
    settings_of_evidence,
)
from tests.reference.world import AccountRow, InventoryRow, ListRow, World, covers


@dataclass(frozen=True, slots=True)
class Case:
    """A world, its databases still to be written, and one or two logs: each a format and its raw records."""

    world: World
    databases: tuple[DatabaseText, ...]
    logs: tuple[tuple[str, tuple[Raw, ...]], ...]


@st.composite
def cases(draw: st.DrawFn, *, whole: bool) -> Case:
    """Draw everything that an audit reads; with `whole`, in the whole rule language."""
    groups = draw(groups_of_countries())
    kinds = rules_over(groups) | whole_rules_over(groups) if whole else rules_over(groups)
    rules = draw(st.lists(kinds, min_size=1, max_size=4))
    databases = draw(databases_of_evidence())
    named = tuple({"id": f"rule-{number}", **rule} for number, rule in enumerate(rules, start=1))
    world = World(
        rules=named,
        groups=groups,
        windows=tuple(draw(declared_windows())) if whole else (),
        waivers=tuple(draw(waivers_of(named))) if whole else (),
        accounts=without_overlaps(draw(st.lists(account_rows(), max_size=4)), keys_of_account),
        inventory=without_overlaps(draw(st.lists(inventory_rows(), max_size=6)), keys_of_line),
        ranges=draw(few(range_lists(), lambda one: (one.provider, one.published_at))),
        geofeeds=draw(few(geofeeds(), lambda feed: (feed.publisher, feed.published_at))),
        ledger=draw(st.just(()) | ledgers()),
        relay_lists=tuple(draw(st.just([]) | st.lists(list_rows(), min_size=1, max_size=4))),
        settings=draw(settings_of_evidence()),
    )
    edges = interesting_instants(world, databases)
    at_least = draw(st.sampled_from((1, 20, 40)))
    raws = draw(st.lists(raw_records(edges), min_size=at_least, max_size=60))
    formats = draw(st.permutations(("csv", "ndjson", "parquet")))
    cut = draw(st.sampled_from((len(raws), len(raws), len(raws) // 2)))
    # Of two formats: of two files with one digest the second is not read.
    logs = [(formats[0], tuple(raws[:cut]))] + [(formats[1], tuple(raws[cut:]))] * (cut < len(raws))
    return Case(world, tuple(databases), tuple(logs))


@st.composite
def account_rows(draw: st.DrawFn) -> AccountRow:
    """Draw one line of the accounts file."""
    dates = draw(intervals())
    return AccountRow(
        account_id=draw(st.sampled_from(ACCOUNTS)),
        home_region=draw(st.sampled_from(REGIONS)),
        since=dates.get("from"),
        until=dates.get("until"),
        country=draw(st.none() | COUNTRY),
    )


def keys_of_account(row: AccountRow) -> set[tuple[str, ...]]:
    """Name what two lines of the accounts file must not both speak of at one time."""
    return {(row.account_id,)}


def keys_of_line(row: InventoryRow) -> set[tuple[str | None, ...]]:
    """Name what two lines of the inventory must not both speak of at one time."""
    shared = row.prefix in SHARED and row.site
    fields = (
        ("prefix", f"{row.prefix} at {row.site}" if shared else row.prefix),
        ("site", row.site),
        ("name", row.name),
    )
    return {(key, value, row.role) for key, value in fields if value is not None}


Line = TypeVar("Line", AccountRow, InventoryRow)


def without_overlaps(rows: Sequence[Line], keys_of: Callable[[Line], set[Any]]) -> tuple[Line, ...]:
    """Keep the rows that no earlier one contradicts: the product refuses such files, rightly."""
    kept: list[Line] = []
    for row in rows:
        if not any(keys_of(row) & keys_of(other) and overlap(row, other) for other in kept):
            kept.append(row)
    return tuple(kept)


def overlap(one: AccountRow | InventoryRow, other: AccountRow | InventoryRow) -> bool:
    """Tell whether two lines hold at one time."""
    starts = [row.since for row in (one, other) if row.since is not None]
    at = max(starts, default=FIRST_DAY - timedelta(days=10_000))
    return covers(one.since, one.until, at) and covers(other.since, other.until, at)


def interesting_instants(world: World, databases: Sequence[DatabaseText]) -> list[datetime]:
    """Collect the instants at which something changes, those most often that few others lie near."""
    days = world.settings.max_age
    builds = sorted({text.built_at for text in databases})
    beside = [one.published_at for one in world.ranges] + [feed.published_at for feed in world.geofeeds]
    beside += [recording.observed_at for recording in world.ledger]
    dated = [*rows_of(list(world.groups), world.groups), *(rule["in_force"] for rule in world.rules)]
    lines: list[AccountRow | InventoryRow | ListRow] = [*world.accounts, *world.inventory, *world.relay_lists]
    rare = [row[side] for row in dated for side in ("from", "until") if side in row]
    rare += [at for line in lines for at in (line.since, line.until) if at is not None]
    rare += [window[side] for window in world.windows for side in ("from", "until")]
    rare += [one + (other - one) / 2 for one, other in pairwise(builds)] * 2
    rare += [one + (other - one) / 2 for one, other in pairwise(sorted({*beside}))]
    near = [*builds, *beside]
    common = [*EDGES, *near, *(at + days for at in near), *(at - days for at in near)]
    return [*rare, *rare, *common]
