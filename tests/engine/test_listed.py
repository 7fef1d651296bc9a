from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from auditor.engine.findings import write_findings
from auditor.engine.incidents import incidents_of
from auditor.engine.listed import MOST_NAMED, Listed
from auditor.geo.relay_lists import ListEntry, RelayLists
from auditor.model import FINDING, LIST_ENTRY, Role, Subject, Tier
from auditor.ruleset.waivers import Decided
from tests.engine.rows import raw_findings

DAY = datetime(2020, 4, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return DAY + timedelta(days=number)


def entry(line: int = 2, **changes: Any) -> ListEntry:  # noqa: ANN401  fields of an entry by name
    fields: dict[str, Any] = {
        "path": "list.csv",
        "line": line,
        "home_region": "US",
        "tier": None,
        "role": None,
        "prefix": None,
        "site": None,
        "name": None,
        "participants": None,
        "from_at": day(0),
        "until_at": None,
    }
    return ListEntry(**{**fields, **changes})


def listed(*entries: ListEntry) -> Listed:
    return Listed(RelayLists((), entries))


def findings(*rows: dict[str, Any]) -> pl.DataFrame:
    """Make findings of single connections that say nothing but what is given."""
    plain = {"subject": Subject.CONNECTION, "home_region": "US", "role": "media", "started_at": day(0)}
    return pl.DataFrame(
        [{name: None} | plain | row for row in rows for name in ["tier"]], schema=dict(FINDING)
    )


def places(lists: Listed, **row: Any) -> list[str] | None:  # noqa: ANN401  columns of a finding by name
    return lists.entries_of(findings(row)).to_list()[0]  # type: ignore[no-any-return]  # a list of texts, or null


LINE_2 = ["list.csv:2"]


def test_an_entry_allows_what_it_names_and_nothing_else() -> None:
    lists = listed(entry(prefix="192.0.2.0/28"))
    assert places(lists, relay_ip="192.0.2.15") == LINE_2
    assert places(lists, relay_ip="::ffff:192.0.2.15") == LINE_2
    assert places(lists, relay_ip="64:ff9b::192.0.2.15") == LINE_2
    assert places(lists, relay_ip="192.0.2.16") == []
    assert places(lists, relay_site="SJ-1") == []
    assert places(lists, relay_ip="192.0.2.x") == []
    assert places(lists) == []


def test_addresses_of_a_translator_are_those_within_them() -> None:
    lists = RelayLists((), (entry(prefix="192.0.2.0/28"),))
    row = findings({"relay_ip": "2001:db8:122:344::192.0.2.1"})
    for nat64, named in {(): [], (IPv6Network("2001:db8:122:344::/96"),): LINE_2}.items():
        assert Listed(lists, nat64).entries_of(row).to_list() == [named]


def test_sites_are_compared_as_everywhere() -> None:
    lists = listed(entry(site="San José, USA"))
    assert places(lists, relay_site="  san jose\u0301,  usa ") == LINE_2
    assert places(lists, relay_site="San Jose, USA") == []


def test_a_name_may_stand_for_all_hosts_below_it() -> None:
    lists = listed(entry(name="*.edge.example"))
    assert places(lists, relay_name="A.b.Edge.Example.") == LINE_2
    assert places(lists, relay_ip="a.edge.example") == LINE_2
    assert places(lists, relay_name="edge.example") == []
    assert places(lists, relay_name="a.edge.example", relay_ip="host.elsewhere.example") == LINE_2


def test_all_that_the_log_knows_must_agree_and_one_thing_at_least() -> None:
    lists = listed(entry(prefix="192.0.2.0/28", site="SJ-1"))
    assert places(lists, relay_ip="192.0.2.1", relay_site="SJ-1") == LINE_2
    assert places(lists, relay_ip="192.0.2.1") == LINE_2
    assert places(lists, relay_ip="10.0.0.x", relay_site="SJ-1") == LINE_2
    assert places(lists, relay_ip="192.0.2.1", relay_site="NY-1") == []
    assert places(lists, relay_ip="192.0.2.99", relay_site="SJ-1") == []
    assert places(lists, relay_ip="192.0.2.1", relay_name="a.example") == LINE_2
    assert places(lists, relay_name="a.example") == []


def test_what_neither_says_rules_nothing_out() -> None:
    lists = listed(entry(site="X", tier=Tier.FALLBACK, role=Role.MEDIA))
    assert places(lists, relay_site="X", tier="fallback") == LINE_2
    assert places(lists, relay_site="X") == LINE_2
    assert places(lists, relay_site="X", role="unknown") == LINE_2
    assert places(lists, relay_site="X", home_region=None) == LINE_2
    assert places(lists, relay_site="X", tier="primary") == []
    assert places(lists, relay_site="X", role="keys") == []
    assert places(lists, relay_site="X", home_region="EU") == []


def test_an_entry_holds_from_its_beginning_until_just_before_its_end() -> None:
    lists = listed(entry(site="X", from_at=day(1), until_at=day(2)))
    tick = timedelta(microseconds=1)
    assert places(lists, relay_site="X", started_at=day(1) - tick) == []
    assert places(lists, relay_site="X", started_at=day(1)) == LINE_2
    assert places(lists, relay_site="X", started_at=day(2) - tick) == LINE_2
    assert places(lists, relay_site="X", started_at=day(2)) == []


def test_a_list_for_some_participants_is_not_handed_to_others() -> None:
    lists = listed(entry(site="X", participants=frozenset({"CN", "HK"})))
    assert places(lists, relay_site="X", participant_countries=["HK"]) == LINE_2
    assert places(lists, relay_site="X", participant_countries=["HK", "US"]) == LINE_2
    assert places(lists, relay_site="X", participant_countries=None) == LINE_2
    assert places(lists, relay_site="X", participant_countries=["US"]) == []


def test_a_finding_about_no_single_relay_has_no_entries() -> None:
    lists = listed(entry(site="X"))
    for subject in (Subject.CALL, Subject.UNOBSERVED):
        assert places(lists, subject=subject) is None


def test_no_findings_have_no_entries() -> None:
    assert listed(entry(site="X")).entries_of(findings()).to_list() == []


# The reference: every finding against every entry, in plain words.


@dataclass(frozen=True)
class Found:
    ip: str | None
    site: str | None
    name: str | None
    region: str | None
    tier: str | None
    role: str
    participants: tuple[str, ...] | None
    hour: int


def allowed(found: Found, one: ListEntry) -> bool:
    known = []
    if found.ip is not None and one.prefix is not None:
        known.append(ip_address(found.ip) in ip_network(one.prefix))
    if found.site is not None and one.site is not None:
        known.append(found.site.lower() == one.site.lower())
    if found.name is not None and one.name is not None:
        ends = one.name.startswith("*") and found.name.endswith(one.name[1:])
        known.append(ends or found.name == one.name)
    at = DAY + timedelta(hours=found.hour)
    return (
        bool(known)
        and all(known)
        and found.region in (None, one.home_region)
        and (found.tier is None or one.tier in (None, found.tier))
        and (found.role == "unknown" or one.role in (None, found.role))
        and (
            found.participants is None
            or not one.participants
            or bool(one.participants & {*found.participants})
        )
        and one.from_at <= at
        and (one.until_at is None or at < one.until_at)
    )


REGIONS, ROLES = ("US", "EU"), ("media", "keys", "unknown")
ENTRIES = st.builds(
    entry,
    home_region=st.sampled_from(REGIONS),
    tier=st.sampled_from([None, *Tier]),
    role=st.sampled_from([None, Role.MEDIA, Role.KEYS]),
    participants=st.sampled_from([None, frozenset({"CN"}), frozenset({"CN", "US"})]),
    from_at=st.integers(0, 4).map(day),
    until_at=st.one_of(st.none(), st.integers(5, 8).map(day)),
    prefix=st.sampled_from([None, "192.0.2.0/24", "192.0.2.0/28", "192.0.2.1/32", "2001:db8::/32"]),
    site=st.sampled_from([None, "X", "Y"]),
    name=st.sampled_from([None, "*.example", "a.example", "*.b.example"]),
)
FOUND = st.builds(
    Found,
    ip=st.sampled_from([None, "192.0.2.1", "192.0.2.200", "2001:db8::5", "198.51.100.1"]),
    site=st.sampled_from([None, "x", "Y"]),
    name=st.sampled_from([None, "a.example", "z.b.example", "example"]),
    region=st.sampled_from([None, *REGIONS]),
    tier=st.sampled_from([None, "primary", "fallback"]),
    role=st.sampled_from(ROLES),
    participants=st.sampled_from([None, ("CN",), ("US",), ("DE", "FR"), ("CN", "DE")]),
    hour=st.integers(0, 24 * 9),
)


@given(st.lists(ENTRIES, min_size=1, max_size=6), st.lists(FOUND, max_size=12))
def test_entries_are_those_of_a_slow_comparison(entries: list[ListEntry], found: list[Found]) -> None:
    numbered = [entry(line, **_fields(one)) for line, one in enumerate(entries, start=2)]
    rows = findings(
        *(
            {
                "relay_ip": one.ip,
                "relay_site": one.site,
                "relay_name": one.name,
                "home_region": one.region,
                "tier": one.tier,
                "role": one.role,
                "participant_countries": one.participants,
                "started_at": DAY + timedelta(hours=one.hour),
            }
            for one in found
        )
    )
    expected = [[each.place for each in numbered if allowed(one, each)] for one in found]
    assert listed(*numbered).entries_of(rows).to_list() == expected


def _fields(one: ListEntry) -> dict[str, Any]:
    names = (
        *("home_region", "tier", "role", "prefix", "site", "name"),
        "participants",
        "from_at",
        "until_at",
    )
    return {name: getattr(one, name) for name in names}


# Through findings and incidents.


def incidents(folder: Path, lists: Listed | None, rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    path = folder / "findings.parquet"
    write_findings(raw_findings(*rows), path, folder, Decided((), {}), listed=lists)
    return incidents_of(path, lists)


def test_an_incident_names_the_entries_of_its_findings_and_counts_those_on_no_list(tmp_path: Path) -> None:
    lists = listed(
        entry(2, site="BJ-1", tier=Tier.FALLBACK, from_at=day(-9)),
        entry(3, site="BJ-1", prefix="192.0.2.0/24", from_at=day(-20), until_at=day(30)),
        entry(4, site="NY-1"),
    )
    there = {"relay_site": "BJ-1", "started_at": day(1)}
    rows = [
        {**there, "call_id": "c1", "relay_ip": "192.0.2.1"},
        {**there, "call_id": "c2", "relay_ip": "198.51.100.1", "tier": "primary"},
        {**there, "call_id": "c3", "relay_ip": "192.0.2.1", "tier": "primary"},
    ]
    (incident,) = incidents(tmp_path, lists, rows).to_dicts()
    assert [one["entry"] for one in incident["list_entries"]] == ["list.csv:3", "list.csv:2"]
    assert incident["list_entries"][0] == {
        "entry": "list.csv:3",
        "home_region": "US",
        "tier": None,
        "role": None,
        "relay": "192.0.2.0/24 BJ-1",
        "from": day(-20),
        "until": day(30),
    }
    assert incident["findings_on_no_list"] == 1
    written = pl.read_parquet(tmp_path / "findings.parquet").sort("call_id")
    assert written["list_entries"].to_list() == [["list.csv:2", "list.csv:3"], [], ["list.csv:3"]]


def test_an_excused_finding_names_its_entries_too(tmp_path: Path) -> None:
    row = {"relay_site": "X", "verdict": "excused", "started_at": day(1), "home_region": "US"}
    assert incidents(tmp_path, listed(entry(site="X")), [row]).is_empty()
    assert pl.read_parquet(tmp_path / "findings.parquet")["list_entries"].to_list() == [LINE_2]


def test_without_lists_nothing_is_said(tmp_path: Path) -> None:
    incident = incidents(tmp_path, None, [{"relay_site": "X", "started_at": day(1)}])
    assert incident.select("list_entries", "findings_on_no_list").row(0) == (None, None)
    assert incident.schema["list_entries"] == pl.List(LIST_ENTRY)
    assert pl.read_parquet(tmp_path / "findings.parquet")["list_entries"].to_list() == [None]


def test_an_incident_names_no_more_entries_than_a_reader_can_use(tmp_path: Path) -> None:
    many = [entry(line, site="X", from_at=day(-line)) for line in range(2, MOST_NAMED + 10)]
    row = {"relay_site": "X", "started_at": day(1), "home_region": "US"}
    (incident,) = incidents(tmp_path, listed(*many), [row]).to_dicts()
    begins = [one["from"] for one in incident["list_entries"]]
    assert len(begins) == MOST_NAMED
    assert begins == sorted(begins)
    assert begins[0] == min(one.from_at for one in many)
