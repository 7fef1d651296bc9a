"""The sample databases, built on fixed days over documentation addresses.

Two editions of one in MaxMind's Country schema, one of another maker, one of networks, one of anonymisers.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from mmdb_writer import MmdbU32, MMDBWriter
from netaddr import IPSet

from .evidence import APRIL, MARCH, VENDOR, Said
from .places import BEHIND_A_VPN, HOSTED, LEASED, SITES, client_networks

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

    def __init__(self, database_type: str, built_at: datetime) -> None:
        super().__init__(
            ip_version=6,
            database_type=database_type,
            languages=["en"],
            description={"en": DESCRIPTION},
            ipv4_compatible=True,
        )
        self._built_at = built_at

    def _build_meta(self) -> dict[str, Any]:
        return {**super()._build_meta(), "build_epoch": int(self._built_at.timestamp())}


def write_databases(folder: Path) -> None:
    """Write all databases of the sample."""
    _write_country(folder / "sample-country.mmdb", APRIL, lambda said: said.april)
    _write_country(folder / f"sample-country_{MARCH:%Y%m%d}.mmdb", MARCH, lambda said: said.march)
    _write_vendor(folder / "sample-vendor.mmdb")
    _write_isp(folder / "sample-isp.mmdb")
    _write_anonymous(folder / "sample-anonymous-ip.mmdb")


def _write_country(path: Path, built_at: datetime, said: Callable[[Said], str | None]) -> None:
    """Write an edition of the database of all sites and client networks."""
    writer = _DatedWriter("GeoIP2-Country", built_at)
    for country, networks in client_networks().items():
        writer.insert_network(IPSet(networks), _located(country))
    for country, network in LEASED.items():
        writer.insert_network(IPSet([network]), _located(country))
    for site in SITES.values():
        code = said(site.said)
        record = _located(code) if code else _RECORDS.get(site.record)
        if record is not None:
            writer.insert_network(IPSet(site.prefixes), record)
    writer.to_db_file(str(path))


def _write_vendor(path: Path) -> None:
    """Write what the other maker knows: little, in records that are flat."""
    writer = _DatedWriter("sample-vendor country", VENDOR)
    for site in SITES.values():
        if site.said.vendor:
            writer.insert_network(IPSet(site.prefixes), {"country_code": site.said.vendor})
    writer.to_db_file(str(path))


def _write_isp(path: Path) -> None:
    """Write whose networks the relays are in."""
    writer = _DatedWriter("GeoIP2-ISP", APRIL)
    for site in SITES.values():
        writer.insert_network(IPSet(site.prefixes), _network(site.operator))
    writer.insert_network(IPSet(LEASED.values()), _network("another holder"))
    writer.to_db_file(str(path))


def _write_anonymous(path: Path) -> None:
    """Write which clients hide, and which are at a hosting provider."""
    writer = _DatedWriter("GeoIP2-Anonymous-IP", APRIL)
    writer.insert_network(IPSet([BEHIND_A_VPN]), {"is_anonymous": True, "is_anonymous_vpn": True})
    writer.insert_network(IPSet([HOSTED]), {"is_hosting_provider": True})
    writer.to_db_file(str(path))


_NETWORKS = {"the provider": 64496, "a cloud": 64500, "another holder": 64511}
"""Numbers that are reserved for documentation (RFC 5398)."""


def _network(holder: str) -> dict[str, Any]:
    return {
        "autonomous_system_number": MmdbU32(_NETWORKS[holder]),
        "autonomous_system_organization": f"Sample network of {holder}",
    }


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


_RECORDS: dict[str | None, dict[str, Any]] = {
    "anycast": {"traits": {"is_anycast": True}},
    "continent": {"continent": _continent("EU")},
    "registered": {"registered_country": _country("CN")},
}
"""What it has of places that it gives no country for."""
