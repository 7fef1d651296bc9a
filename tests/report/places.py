"""A run with every sort of evidence of places: sources that disagree, are too old, set aside, only hint."""

from auditor.evidence.manifest import Database, EvidenceFile, LedgerApplied, RangeList
from tests.report.maker import Recipe
from tests.report.rows import Row, answer, aside, at, finding, location, rule, sha

RELIED_ON = "what the operator has seen or agreed decides alone, as the audit was told to trust it"
TOO_FAR = "it was built more than 35 days from the call"
HOSTILE = "</script><b>Evil\u202e\0 {{7*7}}"


def _inventory(line: int, country: str, prefix: str, **values: object) -> Row:
    attested = {"basis": "site_visit", "attested_by": "noc@example.com", "transfer_basis": "SCC"}
    return answer(1, f"inventory inventory.csv:{line}", country, prefix, "2020-02-01", **(attested | values))


def _maxmind(country: str | None, prefix: str, **values: object) -> Row:
    return answer(4, "GeoIP2-City", country, prefix, "2020-03-31", **values)


def _locations() -> list[Row]:
    frankfurt = {"address": "198.51.100.9", "as_written": ["198.51.100.9"], "site": "FRA-2"}
    return [
        location(**frankfurt, connections=40, reasons=["contested"], candidates=["CN", "DE"],
                 hints=["network:AS64496 " + HOSTILE, "registered:CN", "region:AWS eu-central-1"],
                 answers=[_inventory(7, "DE", "198.51.100.0/28"),
                          answer(2, "AWS address ranges", "DE", "198.51.100.0/24", "2020-03-30"),
                          _maxmind("CN", "198.51.100.0/24", city="Beijing"),
                          answer(3, "ledger: DBIP-Country-Lite", "CN", "198.51.100.0/24", "2020-03-28",
                                 observed_at=at("2020-04-03")),
                          aside(answer(None, "GeoLite2-ASN", None, None, "2020-03-31"), "networks only")]),
        location(**frankfurt, role="keys", connections=2, reasons=["contested"], candidates=["CN", "DE"],
                 answers=[_inventory(7, "DE", "198.51.100.0/28"),
                          _maxmind("CN", "198.51.100.0/24", city="Beijing")]),
        location(address="198.51.100.40", as_written=["198.51.100.40"], site="AMS-1", connections=900,
                 reasons=["single_source"], candidates=["NL"], period_from=at("2020-04-01"),
                 answers=[_inventory(8, "NL", "198.51.100.40/32", basis="contract"),
                          aside(_maxmind("SG", "198.51.100.0/24", city=HOSTILE), RELIED_ON)]),
        location(address="203.0.113.50", as_written=["203.0.113.50"], site="EDGE-2", connections=30,
                 reasons=["contested", "footprint"], candidates=["DE", "NL", "US"],
                 answers=[_inventory(9, "DE NL", "203.0.113.48/28"), _maxmind("US", "203.0.113.0/24")]),
        location(address="203.0.113.77", as_written=["203.0.113.77"], site=None, connections=25,
                 declared="US", reasons=["geofeed"], candidates=["SG", "US"],
                 answers=[_maxmind("US", "203.0.113.0/24"),
                          answer(4, "relay_country_declared", "US", None, None),
                          answer(5, "example geofeed", "SG", "203.0.113.64/26", "2020-04-01")]),
        location(address="203.0.113.99", as_written=["203.0.113.99"], site=None, connections=14,
                 reasons=["contested"], candidates=["CN", "HK"],
                 answers=[_maxmind("CN", "203.0.113.0/24"),
                          answer(4, "DBIP-Country-Lite", "HK", "203.0.113.96/27", "2020-04-01")]),
        location(address="203.0.113.9", as_written=["203.0.113.9"], site="TJ-1", connections=50,
                 reasons=["agreed"], period_until=at("2020-05-01"),
                 answers=[_inventory(3, "CN", "203.0.113.0/28"), _maxmind("CN", "203.0.113.0/24"),
                          aside(answer(4, "DBIP-Country-Lite", None, None, "2020-04-01"),
                                "no record of this address")]),
        location(address="192.0.2.200", as_written=["192.0.2.200"], site=None, connections=9,
                 reasons=["stale_location"], candidates=None, key="*", hints=["stale:CN:>35d"],
                 answers=[aside(answer(4, "GeoIP2-City", "CN", "192.0.2.0/24", "2019-12-24"), TOO_FAR)]),
    ]  # fmt: skip


def _findings() -> list[Row]:
    fallback, contested = "lists/fallback.csv:7", {"verdict": "indeterminate", "reasons": ["contested"]}
    frankfurt = {"relay_ip": "198.51.100.9", "relay_site": "FRA-2", "relay_countries": ["CN", "DE"]}
    stale = {
        "relay_ip": "192.0.2.200",
        "relay_site": None,
        "relay_countries": None,
        "relay_network": "192.0.2.0/24",
        "verdict": "indeterminate",
        "reasons": ["stale_location"],
    }
    between = {
        "relay_ip": "203.0.113.99",
        "relay_site": None,
        "relay_countries": ["CN", "HK"],
        "relay_network": "203.0.113.0/24",
        "reasons": ["contested"],
    }
    return [
        *(finding(100 + number, reasons=["agreed"], list_entries=[fallback]) for number in range(5)),
        *(finding(110 + number, "us-home-fence", relay_site="SZ-1", reasons=["agreed"],
                  list_entries=[fallback] if number else []) for number in range(4)),
        *(finding(200 + number, **frankfurt, **contested, list_entries=[]) for number in range(3)),
        *(finding(220 + number, "us-home-fence", **frankfurt, **contested, list_entries=[])
          for number in range(3)),
        *(finding(300 + number, **stale, list_entries=[]) for number in range(2)),
        *(finding(400 + number, "us-home-fence", **between, list_entries=["primary.csv:12", "primary.csv:13"])
          for number in range(2)),
    ]  # fmt: skip


def _database(
    path: str, database_type: str, built: str, opinion: str = "location", **values: object
) -> Database:
    facts = {
        "path": path, "sha256": sha(database_type), "bytes": 6_000_000, "database_type": database_type,
        "opinion": opinion, "built_at": at(built), "ip_version": 6, "description": database_type,
        "licence_note": None, "schema_path": "country.iso_code",
    }  # fmt: skip
    return Database(**(facts | values))


def placed() -> Recipe:
    note = "GeoLite data of MaxMind: the report must name its source; this edition is 90 days old"
    return Recipe(
        findings=_findings(),
        rules=(rule("cn-exclusion"), rule("us-home-fence")),
        locations=_locations(),
        exhibits=12,
        settings={"trust": "inventory", "nat64_prefixes": ["2001:db8:64::/96"], "relay_lists": ["lists"],
                  "site_names": ["AWS"]},
        manifest_values={
            "databases": [
                _database("geo/GeoIP2-City.mmdb", "GeoIP2-City", "2020-03-31"),
                _database("geo/other.mmdb", "DBIP-Country-Lite", "2020-04-01", vendor=HOSTILE),
                _database("geo/old.mmdb", "GeoLite2-Country", "2020-01-20", licence_note=note),
                _database("geo/asn.mmdb", "GeoLite2-ASN", "2020-05-05", "network", schema_path=""),
                _database("geo/anonymous.mmdb", "GeoIP2-Anonymous-IP", "2020-04-26", "anonymity"),
            ],
            "ranges": [
                RangeList(path="ranges/ip-ranges.json", sha256=sha("AWS address ranges"), bytes=1,
                          form="cloud", publisher="AWS", published_at=at("2020-03-30"), entries=8_012),
                RangeList(path="feeds/geofeed.csv", sha256=sha("example geofeed"), bytes=1, form="geofeed",
                          publisher=HOSTILE, published_at=at("2020-04-01"), entries=17),
            ],
            "ledger": LedgerApplied(path="ledger", recordings=28, head=sha("head"),
                                    first_observed_at=at("2020-03-20"), last_observed_at=at("2020-04-16")),
            "evidence": [
                EvidenceFile(kind="inventory", path="inventory.csv", bytes=987, sha256=sha("inventory")),
                EvidenceFile(kind="relay_list", path="lists/fallback.csv", bytes=98, sha256=sha("list")),
            ],
        },
    )  # fmt: skip
