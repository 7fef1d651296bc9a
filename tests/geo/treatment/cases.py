"""How several sources become one set: the cases of GEOLOCATION.md, section 3, each with what it is about."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mmdb_writer import MmdbU16, MmdbU32

from tests.reference.files import DatabaseText
from tests.reference.world import Geofeed, InventoryRow, RangeList, Recorded, Recording, Settings

CALL = datetime(2020, 4, 2, 14, 3, tzinfo=UTC)
BUILT = datetime(2020, 3, 31, tzinfo=UTC)
SINCE = datetime(2020, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)

ADDRESS, NETWORK = "1.1.1.1", "1.1.1.0/24"
PROBED = {"9.9.9.0/24": {"country": {"iso_code": "US"}}}
"""A database in whose first records no country stands is refused."""


@dataclass(frozen=True, slots=True)
class Sources:
    """All that an atlas can be made of, still to be written."""

    databases: tuple[DatabaseText, ...] = ()
    inventory: tuple[InventoryRow, ...] = ()
    ranges: tuple[RangeList, ...] = ()
    geofeeds: tuple[Geofeed, ...] = ()
    ledger: tuple[Recording, ...] = ()
    settings: Settings = field(default_factory=Settings)


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked of some sources, and what is expected: `key`, `reasons`, and `hints` among others."""

    about: str
    sources: Sources
    key: str
    reasons: tuple[str, ...]
    hints: tuple[str, ...] = ()
    columns: dict[str, Any] = field(default_factory=lambda: {"relay_ip": ADDRESS})


def database(
    record: dict[str, Any] | None,
    database_type: str = "GeoIP2-Country",
    **more: Any,  # noqa: ANN401  its fields
) -> DatabaseText:
    """Make a database that has one record of the address, or none."""
    records = PROBED if record is None else PROBED | {NETWORK: record}
    return DatabaseText(database_type, more.pop("built_at", BUILT), records, **more)


def placed(code: str, database_type: str = "GeoIP2-Country", **more: Any) -> DatabaseText:  # noqa: ANN401  its fields
    """Make a database that names one country."""
    return database({"country": {"iso_code": code}}, database_type, **more)


def enterprise(code: str, confidence: int | None) -> DatabaseText:
    """Make a database that says how sure it is."""
    sure = {} if confidence is None else {"confidence": MmdbU16(confidence)}
    return database({"country": {"iso_code": code, **sure}}, "GeoIP2-Enterprise")


def attested(
    *codes: str, basis: str = "contract", prefix: str | None = None, site: str | None = None
) -> InventoryRow:
    """Make a line of the inventory, of the address where nothing else is said."""
    return InventoryRow(codes, SINCE, basis=basis, prefix=prefix or (None if site else NETWORK), site=site)


def listed(region: str, provider: str = "AWS", at: datetime = BUILT) -> RangeList:
    """Make a provider's list that has the address in a region."""
    return RangeList(provider, at, {NETWORK: region})


def recorded(code: str | None, at: datetime = BUILT, **said: Any) -> Recording:  # noqa: ANN401  a record's fields
    """Make a recording of what an edition of the day said of the address."""
    return Recording(at, (Recorded(ADDRESS, "GeoIP2-Country", at, code, **said),))


def feed(code: str, publisher: str = "example-net", at: datetime = BUILT) -> Geofeed:
    """Make a geofeed that has the address."""
    return Geofeed(publisher, at, {NETWORK: code})


US, DE = placed("US"), placed("DE", "DBIP-Country-Lite")
ANYCAST = database({"traits": {"is_anycast": True}})
TRUSTING = Settings(trust="inventory")
SITE = {"relay_ip": None, "relay_site": "Frankfurt 1"}


def databases_alone() -> Iterator[Case]:
    """List what one or several databases leave open."""
    yield Case("one source, one country", Sources((US,)), "US", ("single_source",))
    yield Case("several, same country", Sources((US, placed("US", "DBIP-City"))), "US", ("agreed",))
    yield Case("several, different", Sources((US, DE)), "DE US", ("contested",))
    yield Case("flagged anycast", Sources((ANYCAST,)), "*", ("anycast",))
    both = database({"country": {"iso_code": "US"}, "traits": {"is_anycast": True}})
    yield Case("flagged anycast beside a country", Sources((both,)), "*", ("anycast",))
    yield Case("flagged anycast by one of two", Sources((ANYCAST, DE)), "*", ("anycast",))
    yield Case("no record", Sources((database(None),)), "*", ("no_record",))
    registered = {"registered_country": {"iso_code": "CN"}}
    yield Case("no country", Sources((database(registered),)), "*", ("no_country",), ("registered:CN",))
    yield Case("an empty record", Sources((database({}),)), "*", ("no_country",))
    europe = database({"continent": {"code": "EU"}})
    yield Case("continent only", Sources((europe,)), "*", ("continent_only",), ("continent:EU",))
    for code in ("A1", "A2", "O1", "AP", "EU", "ZZ", ""):
        yield Case(f"the code `{code}`", Sources((placed(code),)), "*", ("not_a_country",))
    for confidence, floor, key in (
        (55, 80, "*"),
        (79, 80, "*"),
        (80, 80, "US"),
        (55, 55, "US"),
        (1, 0, "US"),
    ):
        sources = Sources((enterprise("US", confidence),), settings=Settings(min_confidence=floor))
        reasons = ("low_confidence",) if key == "*" else ("single_source",)
        hints = (f"confidence:US:{confidence}",) if key == "*" else ()
        yield Case(f"confidence {confidence}, floor {floor}", sources, key, reasons, hints)
    yield Case("confidence unknown", Sources((enterprise("US", None),)), "*", ("low_confidence",))
    yield Case("one doubts, one knows", Sources((enterprise("US", 1), DE)), "DE", ("single_source",))
    abroad = database({"country": {"iso_code": "US"}, **registered})
    yield Case("registered elsewhere", Sources((abroad,)), "US", ("single_source",), ("registered:CN",))
    base = database(
        {"country": {"iso_code": "PH"}, "represented_country": {"iso_code": "US", "type": "military"}}
    )
    hint = ("represents:US:military",)
    yield Case("a base abroad", Sources((base,)), "PH", ("single_source",), hint)
    holder = placed("CN", "somebody's", opinion="registration")
    yield Case("a register", Sources((US, holder)), "US", ("single_source",), ("registered:CN",))
    ranked = tuple(placed(code, f"GeoIP2-{kind}") for kind, code in (("Country", "US"), ("City", "DE")))
    yield Case("City goes before Country", Sources(ranked), "DE", ("single_source",))
    best = Sources((*ranked, enterprise("FR", 90)))
    yield Case("Enterprise goes before both", best, "FR", ("single_source",))
    other = placed("DE", vendor="Other")
    yield Case("a vendor with a type of MaxMind's", Sources((US, other)), "DE US", ("contested",))


def ages() -> Iterator[Case]:
    """List what the age of evidence changes; the oldest that counts is of 35 days."""
    tick = timedelta(microseconds=1)
    for about, built_at, key in (
        ("built 35 days before", CALL - 35 * DAY, "US"),
        ("built 35 days after", CALL + 35 * DAY, "US"),
        ("built earlier", CALL - 35 * DAY - DAY, "*"),
        ("built later", CALL + 35 * DAY + DAY, "*"),
    ):
        reasons = ("stale_location",) if key == "*" else ("single_source",)
        yield Case(about, Sources((placed("US", built_at=built_at),)), key, reasons)
    editions = (placed("US", built_at=CALL - 2 * DAY), placed("DE", built_at=CALL + DAY))
    yield Case("the nearest edition", Sources(editions), "DE", ("single_source",))
    middle = (placed("US", built_at=CALL - DAY), placed("DE", built_at=CALL + DAY))
    yield Case("of two as near the older", Sources(middle), "US", ("single_source",))
    yield Case(
        "an instant past the middle",
        Sources(middle),
        "DE",
        ("single_source",),
        columns={"relay_ip": ADDRESS, "started_at": CALL + tick},
    )
    stale_flag = database({"traits": {"is_anycast": True}}, built_at=CALL - 40 * DAY)
    yield Case("an old flag of anycast", Sources((stale_flag, DE)), "DE", ("single_source",))
    old = (listed("us-east-1", at=CALL - 36 * DAY),)
    yield Case("an old list", Sources(ranges=old), "*", ("stale_location",))
    recording = (recorded("US", CALL - 36 * DAY),)
    yield Case("an old recording", Sources(ledger=recording), "*", ("stale_location",))


def inventories() -> Iterator[Case]:
    """List what the operator's own word does."""
    yield Case("attested", Sources(inventory=(attested("DE"),)), "DE", ("single_source",))
    prints = Sources(inventory=(attested("DE", "NL"),))
    yield Case("several countries in one line", prints, "DE NL", ("footprint",))
    at_odds = Sources((US,), (attested("DE"),))
    yield Case("operator and database", at_odds, "DE US", ("contested",))
    for basis in ("contract", "site_visit", "traceroute"):
        trusted = Sources((US,), (attested("DE", basis=basis),), settings=TRUSTING)
        yield Case(f"trusted for a {basis}", trusted, "DE", ("single_source",))
    for basis in ("provider_statement", "assumed"):
        doubted = Sources((US,), (attested("DE", basis=basis),), settings=TRUSTING)
        yield Case(f"not trusted for a {basis}", doubted, "DE US", ("contested",))
    silent = Sources((US,), (attested("DE", prefix="2.2.2.0/24"),), settings=TRUSTING)
    yield Case("trusted, and silent", silent, "US", ("single_source",))
    anycast = Sources((ANYCAST, DE), (attested("FR"),))
    yield Case("anycast in the inventory", anycast, "FR", ("single_source",))
    site = (attested("DE", site="Frankfurt 1"),)
    yield Case("an attested site", Sources(inventory=site), "DE", ("single_source",), columns=SITE)
    yield Case(
        "another site", Sources(inventory=site), "*", ("unknown_site",), columns=SITE | {"relay_site": "X"}
    )
    spelled = {"relay_ip": None, "relay_site": "  frankfurt   1"}
    yield Case(
        "a site, spelled otherwise", Sources(inventory=site), "DE", ("single_source",), columns=spelled
    )
    both = {"relay_ip": ADDRESS, "relay_site": "Frankfurt 1"}
    firm = Sources(
        inventory=(attested("DE", site="Frankfurt 1", basis="assumed"), attested("FR")), settings=TRUSTING
    )
    yield Case("a firm line hides no other line", firm, "DE FR", ("contested",), columns=both)
    address_and_site = Sources(inventory=(*site, attested("FR")))
    yield Case(
        "address and site at odds",
        address_and_site,
        "DE FR",
        ("contested",),
        columns={"relay_ip": ADDRESS, "relay_site": "Frankfurt 1"},
    )
    yield Case("nothing at all", Sources(inventory=site), "*", ("no_source",))


def lists_and_recordings() -> Iterator[Case]:
    """List what providers, geofeeds and the ledger add."""
    yield Case("a provider's region", Sources(ranges=(listed("us-east-1"),)), "US", ("single_source",))
    everywhere = Sources((DE,), ranges=(listed("GLOBAL"),))
    yield Case("a provider's GLOBAL", everywhere, "*", ("provider_global",))
    in_inventory = replace(everywhere, inventory=(attested("FR"),))
    yield Case("GLOBAL in the inventory", in_inventory, "FR", ("single_source",))
    google = Sources(ranges=(listed("global", "Google"),))
    yield Case("Google's global", google, "*", ("provider_global",))
    nested = RangeList("AWS", BUILT, {"1.1.0.0/16": "GLOBAL", NETWORK: "eu-central-1"})
    yield Case("a region within GLOBAL", Sources(ranges=(nested,)), "DE", ("single_source",))
    yield Case("an unknown region", Sources(ranges=(listed("atlantis-1"),)), "*", ("unknown_region",))
    unknown = Sources((DE,), ranges=(listed("atlantis-1"),))
    yield Case("an unknown region beside a database", unknown, "DE", ("single_source",))
    yield Case(
        "a list against a database", Sources((DE,), ranges=(listed("us-east-1"),)), "DE US", ("contested",)
    )
    yield Case("a list that agrees", Sources((DE,), ranges=(listed("eu-central-1"),)), "DE", ("agreed",))
    yield Case("a geofeed elsewhere", Sources((US,), geofeeds=(feed("FR"),)), "FR US", ("geofeed",))
    yield Case("a geofeed that agrees", Sources((US,), geofeeds=(feed("US"),)), "US", ("single_source",))
    yield Case("a geofeed alone", Sources((database(None),), geofeeds=(feed("FR"),)), "*", ("no_record",))
    yield Case("a geofeed of anycast", Sources((ANYCAST,), geofeeds=(feed("FR"),)), "*", ("anycast",))
    anycast = Sources((ANYCAST,), (attested("DE"),), geofeeds=(feed("FR"),))
    yield Case("a geofeed of anycast in the inventory", anycast, "DE", ("single_source",))
    trusted = replace(anycast, databases=(US,), settings=TRUSTING)
    yield Case("a geofeed against a trusted line", trusted, "DE", ("single_source",))
    yield Case("a recording", Sources(ledger=(recorded("US"),)), "US", ("single_source",))
    contradicted = Sources((US,), ledger=(recorded("DE"),))
    yield Case("a recording against a database", contradicted, "DE US", ("contested",))
    around = (recorded("FR", CALL - 3 * DAY), recorded("US", CALL - DAY), recorded("DE", CALL + DAY))
    yield Case("the recordings before and after", Sources(ledger=around), "DE US", ("contested",))
    flagged = Sources((US,), ledger=(recorded(None, anycast=True),))
    yield Case("a recorded flag of anycast", flagged, "*", ("anycast",))
    declared = {"relay_ip": ADDRESS, "relay_country_declared": "DE"}
    yield Case("the log's own word", Sources((US,)), "DE US", ("contested",), columns=declared)


def participants() -> Iterator[Case]:
    """List where a participant may be."""

    def client(ip: str | None = ADDRESS, declared: str | None = None) -> dict[str, Any]:
        return {"client_ip": ip, "participant_country_declared": declared}

    yield Case("the client's address", Sources((US,)), "US", ("single_source",), columns=client())
    yield Case("a record's country", Sources((US,)), "DE US", ("contested",), columns=client(declared="DE"))
    yield Case("a record that agrees", Sources((US,)), "US", ("agreed",), columns=client(declared="US"))
    yield Case(
        "a record without an address", Sources((US,)), "DE", ("single_source",), columns=client(None, "DE")
    )
    yield Case("no address", Sources((US,)), "*", ("no_client",), columns=client(None))
    for flag in ("is_anonymous_vpn", "is_public_proxy", "is_residential_proxy", "is_tor_exit_node"):
        proxies = proxied({"is_anonymous": True, flag: True})
        for declared in (None, "DE"):
            yield Case(
                f"{flag}, {declared}", proxies, "*", ("anonymised",), columns=client(declared=declared)
            )
        yield Case(f"{flag} of a relay", proxies, "US", ("single_source",))
    hosting = proxied({"is_hosting_provider": True})
    yield Case("a hosting network", hosting, "US", ("single_source",), ("hosting",), client())
    registered = Sources((database({"registered_country": {"iso_code": "CN"}}),))
    yield Case("registered only", registered, "*", ("no_country",), ("registered:CN",), client())
    yield Case("an anycast client", Sources((ANYCAST,)), "*", ("anycast",), columns=client())
    doubted = Sources((US,), geofeeds=(feed("FR"),))
    yield Case("a geofeed of clients", doubted, "FR US", ("geofeed",), columns=client())
    private_word = Sources(
        (US,), (attested("DE"),), (listed("cn-north-1"),), ledger=(recorded("HK"),), settings=TRUSTING
    )
    yield Case("what is known of relays", private_word, "US", ("single_source",), columns=client())


def proxied(record: dict[str, Any]) -> Sources:
    """Make a database of places, and one of proxies that has the address."""
    records = {"9.9.9.0/24": {"is_anonymous": True, "is_anonymous_vpn": True}, NETWORK: record}
    proxies = DatabaseText("GeoIP2-Anonymous-IP", BUILT, records, opinion="anonymity")
    network = {"autonomous_system_number": MmdbU32(64496), "autonomous_system_organization": "Example"}
    networks = DatabaseText("GeoLite2-ASN", BUILT, {NETWORK: network}, opinion="network")
    return Sources((US, proxies, networks))


CASES = (*databases_alone(), *ages(), *inventories(), *lists_and_recordings(), *participants())
