"""What geoip2 and maxminddb say of the same file, and whether we say anything else."""

from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import maxminddb
import polars as pl
from geoip2 import models

from auditor.errors import GeoError
from auditor.geo.mmdb import Reader, open_database
from auditor.geo.schemas import Opinion, Said

AS_OF = datetime(2100, 1, 1, tzinfo=UTC)
_MODELS = (
    ("Enterprise", models.Enterprise),
    ("City", models.City),
    ("Country", models.Country),
    ("ASN", models.ASN),
    ("ISP", models.ISP),
    ("Anonymous-IP", models.AnonymousIP),
)
_HIDING = ("is_anonymous", "is_anonymous_vpn", "is_public_proxy", "is_residential_proxy", "is_tor_exit_node")


def addresses_around(prefixes: Sequence[str]) -> list[str]:
    """List the first and last address of each network, those beside them, and some of no network."""
    beside = {"0.0.0.0", "255.255.255.255", "::", "::1", "2001:db8::1", "ffff:" * 7 + "ffff"}  # noqa: S104
    for prefix in prefixes:
        network = ip_network(prefix)
        first, last = int(network[0]), int(network[-1])
        kind = type(network[0])
        beside |= {str(kind(number)) for number in (first - 1, first, (first + last) // 2, last, last + 1)}
    return sorted(str(ip_address(address)) for address in beside)


def outcome_of(path: Path, opinion: str | None, addresses: Sequence[str]) -> str:
    """Say how a file turned out: `error` or `answers`. AssertionError if it is neither, or a wrong one."""
    try:
        database = open_database(path, opinion, AS_OF)
        reader = Reader(database)
        asked = pl.Series(addresses)
        fast = reader.lookup(asked, with_city=True)
        slow = reader.lookup(asked, with_city=True, reference=True)
        networks = reader.networks_of(asked).to_list()
    except GeoError as error:
        return _named_fault(path, error)
    said = [fast.said[index] for index in fast.index]
    assert said == [slow.said[index] for index in slow.index], "the two readers differ"
    with maxminddb.open_database(path, maxminddb.MODE_MEMORY) as whole:
        for address, one, network in zip(addresses, said, networks, strict=True):
            _same(whole, database.opinion, address, one, network)
    return "answers"


def _named_fault(path: Path, error: GeoError) -> str:
    words = str(error).removeprefix(str(path))
    assert words != str(error), "the error does not name the file"
    assert len(words.splitlines()[0].split()) > 2, "the error is no sentence"
    return "error"


def _same(whole: maxminddb.Reader, opinion: Opinion, address: str, said: Said, network: str | None) -> None:
    """Compare what we say of one address with the record that geoip2 makes a model of."""
    known, database_type = ip_address(address), whole.metadata().database_type
    if whole.metadata().ip_version == 4 and known.version == 6:
        assert (said.reason, network) == ("no_record", None)
        return
    record, length = whole.get_with_prefix_len(known)
    if record is None:
        assert (said.reason, network) == ("no_record", None), f"{address}: {said}, but there is no record"
        return
    assert network == str(ip_network((known, length), strict=False))
    assert isinstance(record, dict)
    if opinion in (Opinion.LOCATION, Opinion.REGISTRATION):
        _same_place(database_type, record, said)
    elif opinion is Opinion.NETWORK:
        number = record.get("autonomous_system_number")
        assert said.network == (None if number is None else f"AS{str(number).removeprefix('AS')}")
    else:
        is_odd = any(hint.startswith("flag:") for hint in said.hints)  # what cannot be read is a doubt
        assert (said.reason == "anonymised") == (any(record.get(flag) for flag in _HIDING) or is_odd)
    _model_of(database_type, address, record)


def _same_place(database_type: str, record: dict[str, Any], said: Said) -> None:
    country = record.get("country_code") if "country_code" in record else record.get("country")
    code = country.get("iso_code") if isinstance(country, dict) else country
    flags = (record.get("is_anycast"), (record.get("traits") or {}).get("is_anycast"))
    assert said.country == code, f"{said}, but the record has {code}"
    is_flagged = any(flags) if "GeoI" not in database_type and "GeoL" not in database_type else bool(flags[1])
    is_odd = any(hint.startswith("flag:") for hint in said.hints)
    assert (said.reason == "anycast") == (is_flagged or is_odd)


def _model_of(database_type: str, address: str, record: dict[str, Any]) -> None:
    """Have geoip2 make its model, which refuses what is of another shape."""
    model = next((model for words, model in _MODELS if words in database_type), None)
    if model in (models.Enterprise, models.City, models.Country):
        model(["en"], ip_address=address, **record)
    elif model:
        model(address, **record)
