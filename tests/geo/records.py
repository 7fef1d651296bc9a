"""One record of each kind that a country database can have."""

from typing import Any


def country(code: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  whatever a record may hold
    return {"country": {"iso_code": code}, **more}


RECORDS = {
    "1.0.0.0/8": country("US"),
    "1.2.0.0/16": country("CN", registered_country={"iso_code": "CN"}),
    "1.3.0.0/16": country("DE", registered_country={"iso_code": "US"}, continent={"code": "EU"}),
    "1.4.0.0/16": {"traits": {"is_anycast": True}},
    "1.5.0.0/16": {"registered_country": {"iso_code": "RO"}},
    "1.6.0.0/16": {"continent": {"code": "AS"}},
    "1.7.0.0/16": country("EU"),
    "1.8.0.0/16": country("PH", represented_country={"iso_code": "US", "type": "military"}),
    "1.9.0.0/16": country("US", traits={"is_anycast": True}),
    "1.10.0.0/16": {},
    "1.11.0.0/16": country(""),
    "1.12.0.0/16": country("JP", represented_country={"iso_code": "FR"}),
    "2a00::/16": country("FR"),
}
