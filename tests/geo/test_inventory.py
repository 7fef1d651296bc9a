import pickle
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import GeoError
from auditor.geo.fields import NotReadableError, prefix_of
from auditor.geo.files import fault_if_changed
from auditor.geo.inventory import load_inventory
from auditor.model import Role
from tests.geo.conftest import HEADER, WriteInventory

GOOD = "203.0.113.0/24,BJ-1,,CN,keys,2020-02-01T00:00:00Z,2020-04-03T02:00:00+02:00,noc@example.com,contract"


def faults_of(*paths: Path) -> list[str]:
    with pytest.raises(GeoError) as caught:
        load_inventory(paths)
    return [str(fault).replace(f"{paths[0].parent}/", "") for fault in caught.value.faults]


def test_a_line_is_read_whole(write_inventory: WriteInventory) -> None:
    path = write_inventory(f"{GOOD},SCC,relay", header=f"{HEADER},transfer_basis,kind")
    inventory = load_inventory([path])
    line = inventory.lines[0]
    assert (line.prefix, line.site, line.name, line.countries) == ("203.0.113.0/24", "BJ-1", None, ("CN",))
    assert (line.role, line.attested_by, line.basis) == (Role.KEYS, "noc@example.com", "contract")
    assert (line.transfer_basis, line.kind, line.line) == ("SCC", "relay", 2)
    assert line.from_at == datetime(2020, 2, 1, tzinfo=UTC)
    assert line.until_at == datetime(2020, 4, 3, tzinfo=UTC)
    assert inventory.files[0].bytes == path.stat().st_size
    assert len(inventory.files[0].sha256) == 64


def test_the_last_two_columns_may_be_left_out(write_inventory: WriteInventory) -> None:
    line = load_inventory([write_inventory(GOOD)]).lines[0]
    assert (line.transfer_basis, line.kind) == (None, None)


@pytest.mark.parametrize("code", ["NA", "NO"])
def test_namibia_and_norway_stay_texts(write_inventory: WriteInventory, code: str) -> None:
    path = write_inventory(f",x,,{code},,2020-01-01T00:00:00Z,,,")
    assert load_inventory([path]).lines[0].countries == (code,)


def test_a_footprint_is_sorted_and_distinct(write_inventory: WriteInventory) -> None:
    path = write_inventory(",edge,,SE DE  NL DE,,2020-01-01T00:00:00Z,,,")
    assert load_inventory([path]).lines[0].countries == ("DE", "NL", "SE")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (",,,DE,,2020-01-01T00:00:00Z,,,", "2:1: prefix: a line needs a prefix, a site or a name"),
        (",x,,,,2020-01-01T00:00:00Z,,,", "2:4: country: is missing"),
        (",x,,DE,,,,,", "2:6: from: is missing"),
        (
            "10.0.0.1/8,,,DE,,2020-01-01T00:00:00Z,,,",
            "2:1: prefix: `10.0.0.1/8` has host bits set\n  hint: the network is `10.0.0.0/8`",
        ),
        *(
            (
                f"{prefix},,,DE,,2020-01-01T00:00:00Z,,,",
                f"2:1: prefix: `{prefix}` is no prefix\n  hint: such as `203.0.113.0/24`",
            )
            for prefix in (
                "10.0.0.0/33",
                "10.0.0/8",
                "010.0.0.0/8",
                "10.0.0.0/255.0.0.0",
                "x",
                "10.0.0.0/",
                "fe80::%1/64",
                " 10.0.0.0/8",
                "167772160/8",
            )
        ),
        (
            "::ffff:a00:0/104,,,DE,,2020-01-01T00:00:00Z,,,",
            "2:1: prefix: `::ffff:a00:0/104` is IPv4 in another dress\n  hint: write `10.0.0.0/8`",
        ),
        (
            ",x,,UK,,2020-01-01T00:00:00Z,,,",
            "2:4: country: `UK` is not an ISO 3166-1 alpha-2 code\n  hint: did you mean `GB`?",
        ),
        (
            ",x,,de,,2020-01-01T00:00:00Z,,,",
            "2:4: country: `de` is not an ISO 3166-1 alpha-2 code\n  hint: did you mean `DE`?",
        ),
        (
            ",x,,DE;NL,,2020-01-01T00:00:00Z,,,",
            (
                "2:4: country: `DE;NL` is not an ISO 3166-1 alpha-2 code\n"
                "  hint: several countries are separated by blanks"
            ),
        ),
        *(
            (
                f",x,,DE,,{instant},,,",
                (
                    f"2:6: from: `{instant}` is no RFC 3339 instant\n"
                    "  hint: give date, time and offset, such as `2020-02-01T00:00:00Z`"
                ),
            )
            for instant in ("2020-01-01T00:00:00", "2020-01-01", "20200101T000000Z", "1580515200")
        ),
        (
            ",x,,DE,,2020-02-30T00:00:00Z,,,",
            "2:6: from: `2020-02-30T00:00:00Z` is no instant: day is out of range for month",
        ),
        (",x,,DE,,2020-01-01T00:00:00Z,2020-01-01T00:00:00Z,,", "2:7: until: is not later than `from`"),
        (
            ",x,,DE,key,2020-01-01T00:00:00Z,,,",
            "2:5: role: unknown word `key`\n  hint: did you mean `keys`?",
        ),
        (
            ",x,,DE,,2020-01-01T00:00:00Z,,,hearsay",
            (
                "2:9: basis: unknown word `hearsay`\n"
                "  hint: known: contract, site_visit, traceroute, provider_statement, assumed"
            ),
        ),
        (",  ,,DE,,2020-01-01T00:00:00Z,,,", "2:2: site: is blank"),
        *(
            (
                f",,{name},DE,,2020-01-01T00:00:00Z,,,",
                f"2:3: name: `{name}` is no host name\n  hint: only the beginning may be `*.`",
            )
            for name in ("a.*.example", "*", "a b", "http://a.example")
        ),
    ],
)
def test_each_fault_has_its_place(write_inventory: WriteInventory, line: str, fault: str) -> None:
    assert faults_of(write_inventory(line)) == [f"inventory.csv:{fault}"]


def test_the_faults_of_a_header_are_told(write_inventory: WriteInventory) -> None:
    path = write_inventory(header=HEADER.replace("basis", "bases"))
    assert faults_of(path) == [
        "inventory.csv:1:1: the column `basis` is missing",
        "inventory.csv:1:9: unknown column `bases`\n  hint: did you mean `basis`?",
    ]


def test_all_faults_of_all_files_are_told_together(write_inventory: WriteInventory, tmp_path: Path) -> None:
    one = write_inventory(",x,,XX,,yesterday,,,", "x,,,DE,,2020-01-01T00:00:00Z,,,", name="a.csv")
    places = [fault.partition(": ")[0] for fault in faults_of(one, tmp_path / "b.csv")]
    assert places == ["a.csv:2:4", "a.csv:2:6", "a.csv:3:1", "b.csv"]


OVERLAPPING = [
    ("10.1.0.0/16,A,,DE,,", "10.1.0.0/16,A,,FR,,", {"prefix", "site"}),
    ("10.1.0.0/16,,,DE,,", "10.1.0.0/16,,,FR,,", {"prefix"}),
    ("203.0.113.0/24,A,,DE,,", "203.0.113.0/24,B,,FR,,", {"prefix"}),
    (",fra  1,,DE,,", ", FRA 1,,FR,,", {"site"}),
    (",,Turn.example.,DE,keys,", ",,turn.example,FR,keys,", {"name"}),
    (",edge,,DE NL,,", ",edge,,DE,,", {"site"}),
]


@pytest.mark.parametrize(("one", "other", "columns"), OVERLAPPING)
def test_two_countries_at_one_time_are_a_fault(
    write_inventory: WriteInventory, one: str, other: str, columns: set[str]
) -> None:
    path = write_inventory(f"{one}2020-01-01T00:00:00Z,,,", f"{other}2021-01-01T00:00:00Z,,,")
    faults = faults_of(path)
    assert {fault.split(": ")[1] for fault in faults} == columns
    assert all(fault.startswith("inventory.csv:3:") for fault in faults)
    assert all("at the same time in DE" in fault for fault in faults)
    assert all("inventory.csv:2" in fault for fault in faults)


def test_a_line_far_below_is_compared_with_all_before(write_inventory: WriteInventory) -> None:
    path = write_inventory(
        ",x,,DE,,2020-01-01T00:00:00Z,,,",
        ",x,,DE,,2020-02-01T00:00:00Z,2020-03-01T00:00:00Z,,",
        ",x,,FR,,2020-04-01T00:00:00Z,,,",
    )
    assert len(faults_of(path)) == 1


NOT_OVERLAPPING = [
    ("10.1.0.0/16,A,,DE,,2020-01-01T00:00:00Z,,,", "10.1.0.0/16,B,,FR,,2020-01-01T00:00:00Z,,,"),
    (",x,,DE,,2020-01-01T00:00:00Z,2021-01-01T00:00:00Z,,", ",x,,FR,,2021-01-01T00:00:00Z,,,"),
    (",x,,DE,keys,2020-01-01T00:00:00Z,,,", ",x,,FR,media,2020-01-01T00:00:00Z,,,"),
    (",x,,DE,keys,2020-01-01T00:00:00Z,,,", ",x,,FR,,2020-01-01T00:00:00Z,,,"),
    (",x,,DE,,2020-01-01T00:00:00Z,,,", ",x,,DE,,2020-06-01T00:00:00Z,,,"),
    ("198.51.100.0/24,,,DE,,2020-01-01T00:00:00Z,,,", "198.51.100.0/25,,,FR,,2020-01-01T00:00:00Z,,,"),
]


@pytest.mark.parametrize(("one", "other"), NOT_OVERLAPPING)
def test_what_does_not_contradict_itself_is_no_fault(
    write_inventory: WriteInventory, one: str, other: str
) -> None:
    assert len(load_inventory([write_inventory(one, other)]).lines) == 2


def test_an_altered_file_is_noticed(write_inventory: WriteInventory) -> None:
    path = write_inventory(GOOD)
    file = load_inventory([path]).files[0]
    assert fault_if_changed(file.path, file.identity) is None
    write_inventory(GOOD.replace("CN", "DE"))
    assert fault_if_changed(file.path, file.identity) is not None
    path.unlink()
    assert fault_if_changed(file.path, file.identity) is not None


def test_lines_do_not_travel_and_are_read_again_where_they_are_asked_for(
    write_inventory: WriteInventory,
) -> None:
    inventory = load_inventory(
        [write_inventory(*(f",s{number},,DE,,2020-01-01T00:00:00Z,,," for number in range(500)))]
    )
    shipped = pickle.dumps(inventory)
    assert len(shipped) < 1000
    load_inventory([write_inventory(GOOD, name="another.csv")])
    arrived = pickle.loads(shipped)  # noqa: S301  written by this test
    assert arrived == inventory
    assert [line.site for line in arrived.lines] == [f"s{number}" for number in range(500)]


def test_lines_that_are_no_longer_what_was_read_are_refused(write_inventory: WriteInventory) -> None:
    inventory = load_inventory([write_inventory(GOOD)])
    load_inventory([write_inventory(GOOD, name="another.csv")])
    write_inventory(GOOD.replace("CN", "DE"))
    with pytest.raises(GeoError, match="replaced or altered"):
        _ = inventory.lines


def test_the_instants_of_all_changes_are_told_once_and_in_order(write_inventory: WriteInventory) -> None:
    path = write_inventory(
        GOOD, ",x,,DE,,2019-02-01T00:00:00Z,2020-02-01T00:00:00Z,,", ",y,,DE,,2020-02-01T00:00:00Z,,,"
    )
    instants = [f"{instant:%Y-%m-%dT%H}" for instant in load_inventory([path]).changes]
    assert instants == ["2019-02-01T00", "2020-02-01T00", "2020-04-03T00"]


def network_of(address: int, bits: int, length: int) -> IPv4Network | IPv6Network:
    return (IPv4Network if bits == 32 else IPv6Network)((address, length), strict=False)


NETWORKS = st.one_of(
    st.builds(network_of, st.integers(0, 2**32 - 1), st.just(32), st.integers(0, 32)),
    st.builds(network_of, st.integers(0, 2**128 - 1), st.just(128), st.integers(0, 128)),
    st.builds(network_of, st.integers(0, 2**49 - 1), st.just(128), st.integers(64, 128)),
    st.builds(network_of, st.integers(0, 7).map(lambda n: n << 61), st.just(128), st.integers(0, 128)),
)


@given(NETWORKS)
def test_a_prefix_is_read_in_its_shortest_spelling(network: IPv4Network | IPv6Network) -> None:
    if isinstance(network, IPv6Network) and network.prefixlen >= 96 and network[0].ipv4_mapped:
        with pytest.raises(NotReadableError, match="another dress"):
            prefix_of(str(network))
    else:
        assert prefix_of(str(network)) == prefix_of(network.exploded.upper()) == str(network)
