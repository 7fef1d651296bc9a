"""A good database of each kind that is read, made small."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmdb_writer import MmdbF64, MmdbI32, MmdbU16, MmdbU32

from tests.geo.records import RECORDS, country


@dataclass(frozen=True, slots=True)
class Kind:
    """What a database is made of. `opinion` is what the user must say, if anything."""

    database_type: str
    records: Mapping[str, Mapping[str, Any]]
    ip_version: int = 6
    opinion: str | None = None


def _city(code: str, name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  whatever a record may hold
    return {
        "city": {"geoname_id": MmdbU32(len(name)), "names": {"en": name, "de": f"{name}stadt"}},
        "continent": {"code": "EU", "names": {"en": "Europe"}},
        "country": {"iso_code": code, "names": {"en": code.lower()}, **more},
        "location": {"accuracy_radius": MmdbU16(10), "latitude": MmdbF64(51.5), "time_zone": "Europe/Berlin"},
        "registered_country": {"iso_code": "US"},
        "subdivisions": [{"iso_code": "HE", "names": {"en": "Hesse"}}],
    }


def _network(number: int, name: str) -> dict[str, Any]:
    return {"autonomous_system_number": MmdbU32(number), "autonomous_system_organization": name}


COUNTRY = Kind("GeoIP2-Country", RECORDS)
CITY = Kind(
    "GeoLite2-City",
    {
        "1.0.0.0/8": _city("DE", "Frankfurt"),
        "1.2.0.0/16": _city("FR", "Paris"),
        "1.3.0.0/16": country("CN", continent={"code": "AS"}),
        "9.9.9.0/24": _city("IE", "Dublin"),
        "200.0.0.0/7": _city("BR", "São Paulo"),
    },
    ip_version=4,
)
ENTERPRISE = Kind(
    "GeoIP2-Enterprise",
    {
        "1.0.0.0/8": _city("DE", "Frankfurt", confidence=MmdbU16(99)),
        "1.2.0.0/16": _city("CN", "Beijing", confidence=MmdbU16(40)),
        "2a00::/16": _city("US", "Ashburn", confidence=MmdbU16(80)),
    },
)
ASN = Kind(
    "GeoLite2-ASN",
    {
        "1.0.0.0/8": _network(64496, "Example Org"),
        "1.2.0.0/16": _network(4200000000, "Späte Netze"),
        "1.3.0.0/16": {"autonomous_system_number": MmdbU32(64500)},
        "2a00::/16": {"autonomous_system_organization": "Nameless"},
    },
)
ANONYMOUS = Kind(
    "GeoIP2-Anonymous-IP",
    {
        "1.0.0.0/8": {"is_anonymous": True, "is_anonymous_vpn": True},
        "1.2.0.0/16": {"is_anonymous": True, "is_public_proxy": True, "is_tor_exit_node": True},
        "1.3.0.0/16": {"is_anonymous": True},
        "1.4.0.0/16": {"is_hosting_provider": True},
        "1.5.0.0/16": {"is_anonymous": True, "is_hosting_provider": True, "is_residential_proxy": True},
        "2a00::/16": {},
    },
)
FLAT = Kind(
    "somebody's",
    {
        "1.0.0.0/8": {"country_code": "CN", "continent_code": "AS", "is_anycast": MmdbI32(0)},
        "1.2.0.0/16": {"country_code": "US", "continent_code": "NA", "is_anycast": MmdbI32(1)},
        "1.3.0.0/16": {"country_code": "DE", "asn": "AS64496", "city": "Frankfurt"},
        "9.0.0.0/8": {"continent_code": "EU"},
    },
    ip_version=4,
    opinion="location",
)
KINDS = {
    "country": COUNTRY,
    "city": CITY,
    "enterprise": ENTERPRISE,
    "asn": ASN,
    "anonymous": ANONYMOUS,
    "flat": FLAT,
}
