"""Random sources of location evidence: what they say, and the days on which they said it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st
from mmdb_writer import MmdbU16, MmdbU32

from tests.reference.clauses import COUNTRIES, EDGE, FENCE_ROLES, REGIONS, UNNAMED, intervals
from tests.reference.files import DatabaseText
from tests.reference.logs import SITES
from tests.reference.ranges import EVERYWHERE, SITE_NAMES
from tests.reference.ranges import REGIONS as CLOUD_REGIONS
from tests.reference.world import Geofeed, InventoryRow, ListRow, RangeList, Recorded, Recording, Settings

Drawn = TypeVar("Drawn")

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
    "GeoIP2-Enterprise",
    "DBIP-Country-Lite",
    "acme",
    "acme",
)
"""Often the same, so that editions of one kind meet."""


PUBLIC_NETWORKS = tuple(
    network for network in NETWORKS if not network.startswith(("10.", "192.", "2001:db8", "2620:"))
)
CONFIDENCES = (100, 80, 79, 50)
RECORDED_ADDRESSES = ("81.2.69.142", "81.2.69.143", "89.160.20.112", "8.8.8.8", "2a02:cf40::1")
NAT64 = ("64:ff9b:1::/48", "2a02:cf40::/32", "64:ff9b:1:5102::/64")
OFF = (0, 0, -35, 35, -1, 1)
"""Days between an edge and the date of a source."""


def settings_of_evidence() -> st.SearchStrategy[Settings]:
    """Draw how evidence counts."""
    return st.builds(
        Settings,
        max_age_days=st.sampled_from((400, 35, 1)),
        documentation_is_public=st.booleans(),
        min_confidence=st.sampled_from((80, 80, 0, 100)),
        trust=st.sampled_from(("all", "all", "inventory")),
        site_names=st.lists(st.sampled_from(sorted(SITE_NAMES)), max_size=2, unique=True).map(tuple),
        nat64_prefixes=st.lists(st.sampled_from(NAT64), max_size=2, unique=True).map(tuple),
    )


@st.composite
def databases_of_evidence(draw: st.DrawFn) -> list[DatabaseText]:
    """Draw up to three databases of places, of which one is of locations; others know more of addresses."""
    databases = draw(st.lists(databases_of_places(), max_size=2))
    first = draw(databases_of_places().filter(lambda one: one.opinion == "location"))
    proxies, networks = (draw(st.sampled_from((False, False, True))) for _ in range(2))
    return [
        *databases,
        first,
        *(draw(st.lists(databases_of_proxies(), min_size=1, max_size=2)) if proxies else []),
        *([draw(databases_of_networks())] if networks else []),
    ]


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
        built_at=draw(dates()),
        records={**networks, "1.0.0.0/24": certain},
        ip_version=draw(st.sampled_from((6, 6, 6, 4))),
        opinion=draw(st.sampled_from(("location", "location", "location", "registration")))
        if flat
        else "location",
        vendor=draw(st.sampled_from(("Other",) if flat else (None, None, None, "Other", "Third"))),
    )


@st.composite
def databases_of_proxies(draw: st.DrawFn) -> DatabaseText:
    """Draw a database of who hides behind an address."""
    flags = ("is_anonymous_vpn", "is_public_proxy", "is_residential_proxy", "is_tor_exit_node")
    records = [{"is_anonymous": True, flag: True} for flag in flags]
    records += [{"is_hosting_provider": True}, {}]
    networks = draw(
        st.dictionaries(st.sampled_from(PUBLIC_NETWORKS), st.sampled_from(records), min_size=1, max_size=3)
    )
    return DatabaseText(
        "GeoIP2-Anonymous-IP",
        draw(dates()),
        {**networks, "1.0.0.0/24": {"is_anonymous": True, "is_anonymous_vpn": True}},
        opinion="anonymity",
    )


@st.composite
def databases_of_networks(draw: st.DrawFn) -> DatabaseText:
    """Draw a database of who announces a network."""
    record = {
        "autonomous_system_number": MmdbU32(64496),
        "autonomous_system_organization": "Example Org of CN",
    }
    networks = draw(st.lists(st.sampled_from(PUBLIC_NETWORKS), min_size=1, max_size=3))
    return DatabaseText("GeoLite2-ASN", draw(dates()), dict.fromkeys(networks, record), opinion="network")


def maxmind_records() -> st.SearchStrategy[dict[str, Any]]:
    """Draw a record of MaxMind's Country schema."""
    country = COUNTRY.map(lambda code: {"country": {"iso_code": code}})
    sure = st.sampled_from(CONFIDENCES).map(MmdbU16)
    return st.one_of(
        st.builds(lambda code, how: {"country": {"iso_code": code, "confidence": how}}, COUNTRY, sure),
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
        basis=draw(st.sampled_from(("contract", "traceroute", "provider_statement", "assumed"))),
        **chosen,
    )


@st.composite
def range_lists(draw: st.DrawFn) -> RangeList:
    """Draw a provider's list: known regions, unknown ones, everywhere, and prefixes within one another."""
    provider = draw(st.sampled_from(("AWS", "AWS", "Google", "Azure", "Oracle")))
    regions = [*CLOUD_REGIONS[provider], "atlantis-1"]
    if provider in ("AWS", "Google"):
        regions.append(EVERYWHERE[provider == "Google"])
    if provider == "AWS":
        regions.append("eu-central-1/eu-central-1-waw-1")
    entries = st.dictionaries(
        st.sampled_from(PUBLIC_NETWORKS), st.sampled_from(regions), min_size=1, max_size=5
    )
    published_at = draw(dates())
    if provider == "Azure":
        published_at = midnight(published_at)
    return RangeList(provider, published_at, draw(entries))


@st.composite
def geofeeds(draw: st.DrawFn) -> Geofeed:
    """Draw a geofeed, which may be silent on a prefix."""
    country = st.just("") | COUNTRY | COUNTRY
    entries = st.dictionaries(st.sampled_from(PUBLIC_NETWORKS), country, min_size=1, max_size=4)
    publisher = draw(st.sampled_from(("example-net", "example-net", "example-org")))
    return Geofeed(publisher, midnight(draw(dates())), draw(entries))


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[Recording, ...]:
    """Draw up to three recordings at different instants."""
    instants = draw(st.lists(dates(), min_size=1, max_size=3, unique=True))
    return tuple(draw(recordings_at(at)) for at in sorted(instants))


@st.composite
def recordings_at(draw: st.DrawFn, at: datetime) -> Recording:
    """Draw what one or two databases said of some addresses."""
    makers = draw(st.lists(st.sampled_from(("GeoIP2-Country", "acme")), min_size=1, max_size=2, unique=True))
    builds = {maker: at - timedelta(days=draw(st.sampled_from((0, 1, 35, 36)))) for maker in makers}
    addresses = draw(st.lists(st.sampled_from(RECORDED_ADDRESSES), min_size=1, max_size=4, unique=True))
    return Recording(
        at,
        tuple(
            draw(rows_recorded(address, maker, builds[maker]))
            for address in sorted(addresses)
            for maker in makers
        ),
    )


def rows_recorded(address: str, database_type: str, built_at: datetime) -> st.SearchStrategy[Recorded]:
    """Draw what was said of one address."""

    def row(**said: Any) -> Recorded:  # noqa: ANN401  whatever a record says
        return Recorded(address, database_type, built_at, **said)

    country = COUNTRY.map(lambda code: row(country=code))
    return st.one_of(
        country,
        country,
        country,
        st.sampled_from((row(), row(continent="EU"), row(anycast=True), row(country="ZZ"))),
    )


@st.composite
def list_rows(draw: st.DrawFn) -> ListRow:
    """Draw one entry of a relay list."""
    held = draw(intervals())
    keys = draw(st.sampled_from((("prefix",), ("prefix",), ("site",), ("name",), ("prefix", "site", "name"))))
    pools = {"prefix": (*NETWORKS, "0.0.0.0/0", "2000::/3"), "site": SITES, "name": NAMES}
    return ListRow(
        home_region=draw(st.sampled_from(REGIONS)),
        since=held.get("from", datetime(2019, 1, 1, tzinfo=UTC)),
        until=held.get("until"),
        tier=draw(st.sampled_from((None, "primary", "fallback"))),
        role=draw(st.sampled_from((None, None, *FENCE_ROLES))),
        participants=tuple(draw(st.just([]) | st.lists(COUNTRY, min_size=1, max_size=2, unique=True))),
        **{key: draw(st.sampled_from(pools[key])) for key in keys},
    )


def few(
    one: st.SearchStrategy[Drawn], edition: Callable[[Drawn], Any]
) -> st.SearchStrategy[tuple[Drawn, ...]]:
    """Draw mostly nothing: where everything is doubted, nothing can be told apart.

    Of one publisher and date there is one list: the product refuses two that say different things, rightly.
    """
    some = st.lists(one, min_size=1, max_size=2, unique_by=edition).map(tuple)
    return st.just(()) | st.just(()) | some


def dates() -> st.SearchStrategy[datetime]:
    """Draw the date of a source, at or near an edge."""
    return st.builds(lambda edge, days: edge + timedelta(days=days), EDGE, st.sampled_from(OFF))


def midnight(at: datetime) -> datetime:
    """Cut an instant to its day, where a file is dated by the day."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)
