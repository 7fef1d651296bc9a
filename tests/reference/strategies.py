"""Random small worlds, drawn so that borders are met: instants lie on, just before and just after edges."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, TypeVar

from hypothesis import strategies as st

from tests.reference.clauses import (
    ACCOUNTS,
    COUNTRIES,
    EDGE,
    EDGES,
    FIRST_DAY,
    REGIONS,
    UNNAMED,
    declared_windows,
    groups_of_countries,
    intervals,
    rules_over,
    waivers_of,
    whole_rules_over,
)
from tests.reference.files import DatabaseText
from tests.reference.listing import rows_of
from tests.reference.logs import SITES, raw_records
from tests.reference.reading import Raw
from tests.reference.world import AccountRow, InventoryRow, Settings, World, covers

NAMES = ("relay1.example.com", "*.edge.example.net")

NETWORKS = (
    *("1.0.0.0/24", "81.2.69.0/24", "81.2.69.128/25", "81.2.69.142/32", "89.160.20.0/24", "10.1.0.0/16"),
    *(
        "192.0.2.0/24",
        "192.88.99.0/24",
        "2a02:cf40::/29",
        "2a02:cf40:1::/48",
        "2001:db8::/32",
        "2620:4f:8000::/48",
    ),
)
COUNTRY = st.sampled_from((*COUNTRIES, UNNAMED))

SHARED = ("10.1.0.0/16", "10.0.0.0/8")
"""Private networks: several sites may use them."""

DATABASE_TYPES = ("GeoIP2-Country",) * 3 + (
    "GeoLite2-Country",
    "GeoIP2-City",
    "DBIP-Country-Lite",
    "acme",
    "acme",
)
"""Often the same, so that editions of one kind meet."""


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
    databases = draw(st.lists(databases_of_places(), min_size=1, max_size=3))
    settings = Settings(draw(st.sampled_from((400, 35, 1))), documentation_is_public=draw(st.booleans()))
    named = tuple({"id": f"rule-{number}", **rule} for number, rule in enumerate(rules, start=1))
    world = World(
        rules=named,
        groups=groups,
        windows=tuple(draw(declared_windows())) if whole else (),
        waivers=tuple(draw(waivers_of(named))) if whole else (),
        accounts=without_overlaps(draw(st.lists(account_rows(), max_size=4)), keys_of_account),
        inventory=without_overlaps(draw(st.lists(inventory_rows(), max_size=6)), keys_of_line),
        settings=settings,
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
def databases_of_places(draw: st.DrawFn) -> DatabaseText:
    """Draw a MaxMind or a flat database, of either kind of opinion, built near the edges."""
    database_type = draw(st.sampled_from(DATABASE_TYPES))
    flat = database_type.startswith("acme")
    records = flat_records() if flat else maxmind_records()
    networks = draw(st.dictionaries(st.sampled_from(NETWORKS), records, min_size=4, max_size=9))
    # A file in which no record has a country is a fault, and no world.
    certain = {"country_code": "DE"} if flat else {"country": {"iso_code": "DE"}}
    return DatabaseText(
        database_type=database_type,
        built_at=draw(EDGE) + timedelta(days=draw(st.sampled_from((0, 0, -35, 35, -1, 1)))),
        records={**networks, "1.0.0.0/24": certain},
        ip_version=draw(st.sampled_from((6, 6, 6, 4))),
        opinion=draw(st.sampled_from(("location", "location", "location", "registration")))
        if flat
        else "location",
    )


def maxmind_records() -> st.SearchStrategy[dict[str, Any]]:
    """Draw a record of MaxMind's Country schema."""
    country = COUNTRY.map(lambda code: {"country": {"iso_code": code}})
    return st.one_of(
        country,
        country,
        country.map(lambda record: {**record, "registered_country": {"iso_code": "CN"}}),
        country.map(lambda record: {**record, "traits": {"is_anycast": True}}),
        st.sampled_from(
            (
                {"registered_country": {"iso_code": "CN"}},
                {"continent": {"code": "EU"}},
                {"traits": {"is_anycast": True}},
                {"country": {"iso_code": "EU"}},
                {},
            )
        ),
    )


def flat_records() -> st.SearchStrategy[dict[str, Any]]:
    """Draw a record of a flat database."""
    country = COUNTRY.map(lambda code: {"country_code": code})
    odd: tuple[dict[str, Any], ...] = (
        {"country_code": "ZZ"},
        {"country_code": ""},
        {"continent_code": "EU"},
        {},
    )
    return st.one_of(
        country, country, country.map(lambda record: {**record, "country": "Some"}), st.sampled_from(odd)
    )


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


@st.composite
def inventory_rows(draw: st.DrawFn) -> InventoryRow:
    """Draw one line of the inventory."""
    dates = draw(intervals())
    keys = draw(st.sampled_from((("prefix",), ("site",), ("name",), ("prefix", "site"))))
    pools = {"prefix": (*NETWORKS, *SHARED, "0.0.0.0/0", "8.0.0.0/5"), "site": SITES, "name": NAMES}
    chosen = {key: draw(st.sampled_from(pools[key])) for key in keys}
    return InventoryRow(
        countries=tuple(draw(st.lists(COUNTRY, min_size=1, max_size=2, unique=True))),
        since=dates.get("from", datetime(2019, 1, 1, tzinfo=UTC)),
        until=dates.get("until"),
        role=draw(st.sampled_from((None, None, "media", "keys"))),
        **chosen,
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
    days = timedelta(days=world.settings.max_age_days)
    builds = sorted({text.built_at for text in databases})
    dated = [*rows_of(list(world.groups), world.groups), *(rule["in_force"] for rule in world.rules)]
    lines: list[AccountRow | InventoryRow] = [*world.accounts, *world.inventory]
    rare = [row[side] for row in dated for side in ("from", "until") if side in row]
    rare += [at for line in lines for at in (line.since, line.until) if at is not None]
    rare += [window[side] for window in world.windows for side in ("from", "until")]
    rare += [one + (other - one) / 2 for one, other in pairwise(builds)] * 2
    common = [*EDGES, *builds, *(at + days for at in builds), *(at - days for at in builds)]
    return [*rare, *rare, *common]
