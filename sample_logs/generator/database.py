"""The sample database: MaxMind's Country schema over documentation addresses, built on a fixed day."""

from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

from .places import SITES, Site, client_networks
from .values import utc

BUILT_AT = utc(2020, 4, 7)
DESCRIPTION = "Synthetic sample database of documentation addresses: no evidence of anything"

_NAMES = {
    "AE": "United Arab Emirates",
    "AU": "Australia",
    "BR": "Brazil",
    "CA": "Canada",
    "CH": "Switzerland",
    "CN": "China",
    "DE": "Germany",
    "ES": "Spain",
    "FR": "France",
    "GB": "United Kingdom",
    "HK": "Hong Kong",
    "IE": "Ireland",
    "IN": "India",
    "IT": "Italy",
    "JP": "Japan",
    "KR": "South Korea",
    "MX": "Mexico",
    "NL": "Netherlands",
    "NZ": "New Zealand",
    "PL": "Poland",
    "SE": "Sweden",
    "SG": "Singapore",
    "TW": "Taiwan",
    "US": "United States",
}
_CONTINENTS = {
    "AS": ("Asia", "AE CN HK IN JP KR SG TW"),
    "EU": ("Europe", "CH DE ES FR GB IE IT NL PL SE"),
    "NA": ("North America", "CA MX US"),
    "OC": ("Oceania", "AU NZ"),
    "SA": ("South America", "BR"),
}


class _DatedWriter(MMDBWriter):
    """Writes the same bytes at any time."""

    def _build_meta(self) -> dict[str, Any]:
        return {**super()._build_meta(), "build_epoch": int(BUILT_AT.timestamp())}


def write_database(path: Path) -> None:
    """Write the database of all sites and client networks."""
    writer = _DatedWriter(
        ip_version=6,
        database_type="GeoIP2-Country",
        languages=["en"],
        description={"en": DESCRIPTION},
        ipv4_compatible=True,
    )
    for country, networks in client_networks().items():
        writer.insert_network(IPSet(networks), _located(country))
    for site in SITES.values():
        record = _record_of(site)
        if record is not None:
            prefixes = [prefix for prefix in (site.prefix, site.prefix6) if prefix]
            writer.insert_network(IPSet(prefixes), record)
    writer.to_db_file(str(path))


def _record_of(site: Site) -> dict[str, Any] | None:
    if site.database is not None:
        return _located(site.database)
    records: dict[str, dict[str, Any]] = {
        "anycast": {"traits": {"is_anycast": True}},
        "continent": {"continent": _continent("EU")},
        "registered": {"registered_country": _country("CN")},
    }
    return records[site.record] if site.record else None


def _located(code: str) -> dict[str, Any]:
    continent = next(key for key, (_, codes) in _CONTINENTS.items() if code in codes.split())
    return {
        "continent": _continent(continent),
        "country": _country(code),
        "registered_country": _country(code),
    }


def _country(code: str) -> dict[str, Any]:
    return {"iso_code": code, "names": {"en": _NAMES[code]}}


def _continent(code: str) -> dict[str, Any]:
    return {"code": code, "names": {"en": _CONTINENTS[code][0]}}
