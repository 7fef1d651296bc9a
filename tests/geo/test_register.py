import ipaddress
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.geo.addresses import private_among
from auditor.geo.inventory import load_inventory
from auditor.geo.register import Question, Register
from auditor.model import Role
from tests.geo.conftest import WriteInventory

AT = datetime(2020, 6, 1, tzinfo=UTC)
SINCE = "2020-01-01T00:00:00Z,,,"

LINES = (
    f"198.51.100.0/24,,,US,,{SINCE}",
    f"198.51.100.128/25,,,DE,,{SINCE}",
    f"198.51.100.128/25,,,CN,keys,{SINCE}",
    "198.51.100.64/26,,,FR,,2020-01-01T00:00:00Z,2020-06-01T00:00:00Z,,",
    "198.51.100.32/27,,,IT,,2020-06-01T00:00:00Z,,,",
    f"198.51.100.255/32,,,JP,keys,{SINCE}",
    f"2001:db8::/32,,,NL,,{SINCE}",
    f"2001:db8:7::/48,,,SE,,{SINCE}",
    f"10.0.0.0/8,FRA-1,,DE,,{SINCE}",
    f"10.0.0.0/8,NRT-1,,JP,,{SINCE}",
    f"192.168.0.0/16,OSA-1,,JP,,{SINCE}",
    f"192.168.0.0/16,NRT-2,,JP,,{SINCE}",
    f"172.16.0.0/12,,,GB,,{SINCE}",
    f",Café  Royal,,CH,,{SINCE}",
    f",edge,,DE NL,,{SINCE}",
    f",Hauptstraße,,AT,,{SINCE}",
    f",,turn.example.com,US,,{SINCE}",
    f",,*.example.com,BR,,{SINCE}",
    f",,*.eu.example.com,AT,,{SINCE}",
)


@pytest.fixture
def register(write_inventory: WriteInventory) -> Register:
    return Register(load_inventory([write_inventory(*LINES)]))


def found(
    register: Register,
    address: str | None = None,
    site: str | None = None,
    *names: str,
    role: Role = Role.MEDIA,
    at: datetime = AT,
) -> list[str | None]:
    segment = register.segments_of(pl.Series([address], dtype=pl.String)).item()
    private = address is not None and bool(private_among([address]))
    asked = Question(segment, private, site, names, role, at)
    return [" ".join(one.line.countries) if one.line else None for one in register.find(asked)]


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("198.51.100.1", "US"),
        ("198.51.100.127", "US"),
        ("198.51.100.128", "DE"),
        ("198.51.100.255", "DE"),
        ("198.51.101.0", None),
        ("198.51.99.255", None),
        ("198.51.100.33", "IT"),
        ("2001:db8::1", "NL"),
        ("2001:db8:7::1", "SE"),
        ("2001:db8:8::1", "NL"),
        ("2001:db9::", None),
        ("172.31.0.1", "GB"),
    ],
)
def test_the_longest_valid_prefix_speaks(register: Register, address: str, country: str | None) -> None:
    assert found(register, address) == [country]


def test_a_line_with_the_role_comes_before_one_without(register: Register) -> None:
    assert found(register, "198.51.100.200", role=Role.KEYS) == ["CN"]
    assert found(register, "198.51.100.200", role=Role.MEDIA) == ["DE"]


def test_a_line_is_valid_from_its_first_instant_until_before_its_last(register: Register) -> None:
    before = datetime(2020, 5, 31, 23, 59, 59, 999999, tzinfo=UTC)
    assert found(register, "198.51.100.64", at=before) == ["FR"]
    assert found(register, "198.51.100.64", at=AT) == ["US"]
    assert found(register, "198.51.100.32", at=before) == ["US"]
    assert found(register, "198.51.100.32", at=AT) == ["IT"]


def test_a_private_prefix_used_at_two_sites_is_placed_only_with_the_site(register: Register) -> None:
    assert found(register, "10.1.1.1", "fra-1") == ["DE", "DE"]
    assert found(register, "10.1.1.1", "NRT-1") == ["JP", "JP"]
    assert found(register, "10.1.1.1") == [None]
    assert found(register, "10.1.1.1", "elsewhere") == [None, None]


def test_a_private_prefix_whose_sites_are_in_one_country_is_placed_without_the_site(
    register: Register,
) -> None:
    assert found(register, "192.168.1.1") == ["JP"]


FRA, SHA = "FRA,,DE", "SHA,,CN"


@pytest.mark.parametrize(
    "lines",
    [
        (f"10.0.0.0/24,{FRA},", f"10.0.0.0/24,{SHA},"),
        (f"10.0.0.0/24,{FRA},media", f"10.0.0.0/24,{SHA},"),
        (f"10.0.0.0/24,{FRA},", f"10.0.0.0/24,{SHA},media"),
        (f"10.0.0.0/24,{FRA},", f"10.0.0.0/16,{SHA},"),
        (f"10.0.0.0/16,{FRA},media", f"10.0.0.0/24,{SHA},"),
        (f"10.0.0.0/24,{FRA},", f"10.0.0.0/8,{FRA},", f"10.0.0.0/16,{SHA},media"),
        (f"10.0.0.0/24,{FRA},", "10.0.0.0/8,,,CN,"),
        ("10.0.0.0/24,FRA,,DE NL,", "10.0.0.0/24,AMS,,NL,"),
    ],
)
def test_without_a_site_all_lines_of_a_private_address_have_to_agree(
    write_inventory: WriteInventory, lines: tuple[str, ...]
) -> None:
    register = Register(load_inventory([write_inventory(*(f"{line},{SINCE}" for line in lines))]))
    assert found(register, "10.0.0.5") == [None]
    assert found(register, "10.0.0.5", "FRA")[-1] == ("DE NL" if "NL" in lines[0] else "DE")


@pytest.mark.parametrize(
    "other",
    [
        f"10.0.0.0/24,{SHA},keys,{SINCE}",
        f"10.0.1.0/24,{SHA},,{SINCE}",
        f"10.0.0.0/16,{SHA},,2020-01-01T00:00:00Z,2020-06-01T00:00:00Z,,",
        f"8.0.0.0/5,{SHA},,{SINCE}",
    ],
)
def test_a_line_that_does_not_speak_of_a_private_address_is_no_rival(
    write_inventory: WriteInventory, other: str
) -> None:
    path = write_inventory(f"10.0.0.0/24,{FRA},media,{SINCE}", other)
    assert found(Register(load_inventory([path])), "10.0.0.5") == ["DE"]


@pytest.mark.parametrize(
    ("prefix", "private", "public"),
    [
        ("8.0.0.0/5", "10.0.0.5", "11.0.0.5"),
        ("10.0.0.0/7", "10.0.0.5", "11.0.0.5"),
        ("0.0.0.0/0", "192.168.0.1", "8.8.8.8"),
        ("8000::/1", "fd00::1", "8000::1"),
    ],
)
def test_a_prefix_that_reaches_beyond_private_space_places_no_private_address(
    write_inventory: WriteInventory, prefix: str, private: str, public: str
) -> None:
    register = Register(load_inventory([write_inventory(f"{prefix},,,DE,,{SINCE}")]))
    assert found(register, private) == [None]
    assert found(register, private, "elsewhere") == [None, None]
    assert found(register, public) == ["DE"]


@pytest.mark.parametrize("site", ["Café Royal", " café royal ", "CAFÉ\tROYAL", "Cafe\u0301 Royal"])
def test_a_site_matches_whatever_its_case_blanks_and_accents(register: Register, site: str) -> None:
    assert found(register, None, site) == ["CH"]


def test_a_site_matches_in_capitals_that_are_longer(register: Register) -> None:
    assert found(register, None, "HAUPTSTRASSE") == ["AT"]


@pytest.mark.parametrize("site", ["Café", "Café Royal 2", "CaféRoyal", "Cafe Royal", ""])
def test_a_part_of_a_site_matches_nothing(register: Register, site: str) -> None:
    assert found(register, None, site) == [None]


@pytest.mark.parametrize(
    ("name", "country"),
    [
        ("turn.example.com", "US"),
        ("TURN.example.com.", "US"),
        ("a.example.com", "BR"),
        ("a.b.example.com", "BR"),
        ("a.eu.example.com", "AT"),
        ("eu.example.com", "BR"),
        ("example.com", None),
        ("turn.example.com.evil.test", None),
        ("notexample.com", None),
    ],
)
def test_the_whole_name_then_its_longest_ending_speaks(
    register: Register, name: str, country: str | None
) -> None:
    assert found(register, None, None, name) == [country]


def test_address_site_and_names_are_all_asked(register: Register) -> None:
    assert found(register, "198.51.100.1", "edge", "turn.example.com", "a.b") == ["US", "DE NL", "US", None]


PREFIX_LENGTHS = st.integers(0, 32)
PREFIXES = st.tuples(st.integers(0, 2**32 - 1), PREFIX_LENGTHS).map(
    lambda pair: str(ipaddress.ip_network(pair, strict=False))
)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    prefixes=st.lists(PREFIXES, min_size=1, max_size=12, unique=True),
    seeds=st.lists(st.integers(0, 2**32 - 1)),
)
def test_segments_agree_with_a_search_one_by_one(
    write_inventory: WriteInventory, prefixes: list[str], seeds: list[int]
) -> None:
    path: Path = write_inventory(
        *(f"{prefix},,{index}.test,DE,,{SINCE}" for index, prefix in enumerate(prefixes))
    )
    register = Register(load_inventory([path]))
    networks = [ipaddress.ip_network(prefix) for prefix in prefixes]
    borders = [int(network[end]) + step for network in networks for end in (0, -1) for step in (-1, 0, 1)]
    addresses = [ipaddress.IPv4Address(number % 2**32) for number in [*seeds, *borders]]
    private_prefixes = private_among(prefixes)
    private_hosts = private_among(f"{address}/32" for address in addresses)
    segments = register.segments_of(pl.Series([str(address) for address in addresses]))
    for address, segment in zip(addresses, segments, strict=True):
        private = f"{address}/32" in private_hosts
        holding = [
            network
            for network in networks
            if address in network and (str(network) in private_prefixes) == private
        ]
        longest = max(holding, key=lambda network: network.prefixlen, default=None)
        answer = register.find(Question(segment, private, None, (), Role.MEDIA, AT))[0].line
        assert (answer.prefix if answer else None) == (str(longest) if longest else None)
