from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.errors import GeoError
from auditor.geo.relay_lists import load_relay_lists
from auditor.model import Role, Tier

HEADER = "home_region,tier,role,prefix,site,name,participants,from,until"
WriteList = Callable[..., Path]


@pytest.fixture
def write_list(tmp_path: Path) -> WriteList:
    def write(*lines: str, name: str = "list.csv", header: str = HEADER) -> Path:
        path = tmp_path / name
        path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
        return path

    return write


def faults_of(*paths: Path) -> list[str]:
    with pytest.raises(GeoError) as raised:
        load_relay_lists(paths)
    return [f"{Path(fault.place).name} {fault.text}" for fault in raised.value.faults]


def test_an_entry_says_to_whom_a_relay_is_handed_and_when(write_list: WriteList) -> None:
    handed = "EU,fallback,media,203.0.113.0/24,BJ-1,*.bj.example,CN HK"
    line = f"{handed},2020-03-24T01:00:00+01:00,2020-04-07T00:00:00Z"
    (entry,) = load_relay_lists([write_list(line)]).entries
    assert Path(entry.place).name == "list.csv:2"
    assert (entry.home_region, entry.tier, entry.role) == ("EU", Tier.FALLBACK, Role.MEDIA)
    assert entry.relay == "203.0.113.0/24 BJ-1 *.bj.example"
    assert entry.participants == frozenset({"CN", "HK"})
    assert entry.from_at == datetime(2020, 3, 24, tzinfo=UTC)
    assert entry.until_at == datetime(2020, 4, 7, tzinfo=UTC)


def test_what_is_left_out_restricts_nothing(write_list: WriteList) -> None:
    (entry,) = load_relay_lists([write_list("EU,,,,FRA-1,,,2020-03-24T00:00:00Z,")]).entries
    assert (entry.tier, entry.role, entry.participants, entry.until_at) == (None, None, None, None)
    assert (entry.prefix, entry.site, entry.name) == (None, "FRA-1", None)


def test_namibia_and_norway_are_countries_and_no_blanks(write_list: WriteList) -> None:
    (entry,) = load_relay_lists([write_list("EU,,,,FRA-1,,NA NO,2020-03-24T00:00:00Z,")]).entries
    assert entry.participants == frozenset({"NA", "NO"})


def test_a_region_is_spelled_as_logs_spell_it(write_list: WriteList) -> None:
    (entry,) = load_relay_lists([write_list("Zu\u0308rich,,,,ZRH-1,,,2020-03-24T00:00:00Z,")]).entries
    assert entry.home_region == "Zürich"


FAULTS = [
    (",,,,FRA-1,,,2020-03-24T00:00:00Z,", "list.csv:2:1 home_region: is missing"),
    ("  ,,,,FRA-1,,,2020-03-24T00:00:00Z,", "list.csv:2:1 home_region: is blank"),
    (" EU,,,,FRA-1,,,2020-03-24T00:00:00Z,", "list.csv:2:1 home_region: ` EU` has blanks around it"),
    ("EU,Fallback,,,FRA-1,,,2020-03-24T00:00:00Z,", "list.csv:2:2 tier: unknown word `Fallback`"),
    ("EU,,unknown,,FRA-1,,,2020-03-24T00:00:00Z,", "list.csv:2:3 role: unknown word `unknown`"),
    (
        "EU,,,203.0.113.1/24,,,,2020-03-24T00:00:00Z,",
        "list.csv:2:4 prefix: `203.0.113.1/24` has host bits set",
    ),
    ("EU,,,,,,,2020-03-24T00:00:00Z,", "list.csv:2:4 prefix: an entry needs a prefix, a site or a name"),
    ("EU,,,,   ,,,2020-03-24T00:00:00Z,", "list.csv:2:5 site: is blank"),
    ("EU,,,,,a.*.example,,2020-03-24T00:00:00Z,", "list.csv:2:6 name: `a.*.example` is no host name"),
    (
        "EU,,,,FRA-1,,UK,2020-03-24T00:00:00Z,",
        "list.csv:2:7 participants: `UK` is not an ISO 3166-1 alpha-2 code",
    ),
    ("EU,,,,FRA-1,,,,", "list.csv:2:8 from: is missing"),
    ("EU,,,,FRA-1,,,2020-03-24,", "list.csv:2:8 from: `2020-03-24` is no RFC 3339 instant"),
    (
        "EU,,,,FRA-1,,,2020-03-24T00:00:00Z,2020-03-24T00:00:00Z",
        "list.csv:2:9 until: is not later than `from`",
    ),
    ("EU,,,,FRA-1,,,2020-03-24T00:00:00Z", "list.csv:2:1 has 8 fields, the header has 9"),
]


@pytest.mark.parametrize(("line", "fault"), FAULTS)
def test_a_fault_says_where_and_what(line: str, fault: str, write_list: WriteList) -> None:
    assert faults_of(write_list(line)) == [fault]


def test_all_faults_of_all_files_are_told_together(write_list: WriteList, tmp_path: Path) -> None:
    one = write_list("EU,x,y,,FRA-1,,,2020-03-24T00:00:00Z,", name="a.csv")
    other = write_list("EU,,,,FRA-1,,,,", name="b.csv", header=HEADER.replace("participants", "clients"))
    assert faults_of(one, other, tmp_path / "c.csv") == [
        "a.csv:2:2 tier: unknown word `x`",
        "a.csv:2:3 role: unknown word `y`",
        "b.csv:1:1 the column `participants` is missing",
        "b.csv:1:7 unknown column `clients`",
        "c.csv cannot be read: No such file or directory",
    ]


def test_lists_without_any_entry_are_a_fault_and_an_empty_one_among_others_is_none(
    write_list: WriteList,
) -> None:
    empty, full = write_list(name="a.csv"), write_list("EU,,,,X,,,2020-03-24T00:00:00Z,", name="b.csv")
    assert faults_of(empty) == ["a.csv holds no entries"]
    lists = load_relay_lists([empty, full, full])
    assert [Path(file.path).name for file in lists.files] == ["a.csv", "b.csv"]
    assert len(lists.entries) == 1
