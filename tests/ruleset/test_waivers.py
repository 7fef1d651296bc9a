"""What waivers do to findings: which they fit, whether they count, and that they change nothing else."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, ip_address
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from auditor.ruleset.waiver_schema import Waiver
from auditor.ruleset.waivers import Decided, Standing, State, decide, standing_of
from tests.ruleset.making_waivers import FINDING_VALUES, IN_FORCE, findings, findings_of, waiver

ISSUED, EXPIRES = waiver().issued, waiver().expires
TICK = timedelta(microseconds=1)


def named(decided: Decided, rows: pl.LazyFrame) -> list[str | None]:
    return rows.with_columns(decided.waiver_id()).collect()["waiver_id"].to_list()


@pytest.mark.parametrize(
    ("asked", "row", "fits"),
    [
        ({}, {}, True),
        ({}, {"verdict": "indeterminate"}, True),
        ({}, {"verdict": "excused"}, False),
        ({}, {"verdict": None}, False),
        ({}, {"rule_id": "eu-home-fence"}, False),
        ({}, {"account_id": "acme2"}, False),
        ({}, {"account_id": None}, False),
        ({"match": {"call": "call"}}, {"account_id": None}, True),
        ({"match": {"call": "call"}}, {"call_id": "Call"}, False),
        ({"match": {"call": "call"}}, {"call_id": None}, False),
        ({"match": {"call": "call", "account": "acme"}}, {}, True),
        ({"match": {"call": "call", "account": "acme"}}, {"account_id": "other"}, False),
        ({"match": {"account": "acme", "roles": ["media", "keys"]}}, {"role": "keys"}, True),
        ({"match": {"account": "acme", "roles": ["media", "keys"]}}, {"role": "turn"}, False),
        ({"match": {"account": "acme", "roles": ["media", "keys"]}}, {"role": "unknown"}, False),
        ({"match": {"account": "acme", "roles": ["media", "keys"]}}, {"role": None}, False),
        ({}, {"started_at": datetime(2026, 3, 1, tzinfo=UTC)}, True),
        ({}, {"started_at": datetime(2026, 3, 1, tzinfo=UTC) - TICK}, False),
        ({}, {"started_at": datetime(2026, 3, 8, tzinfo=UTC) - TICK}, True),
        ({}, {"started_at": datetime(2026, 3, 8, tzinfo=UTC)}, False),
        ({}, {"started_at": None}, False),
    ],
)
def test_a_finding_fits_if_it_fits_all_that_is_asked(
    asked: dict[str, object], row: dict[str, object], *, fits: bool
) -> None:
    rows = findings({}, row)
    decided = decide([waiver(**asked)], rows, as_of=IN_FORCE)
    assert decided.uses[0].fits == 1 + fits
    assert named(decided, rows) == ["W-2026-014", "W-2026-014" if fits else None]


@pytest.mark.parametrize(
    ("relay", "fits"),
    [
        ("203.0.113.0", True),
        ("203.0.113.255", True),
        ("203.0.114.0", False),
        ("::ffff:203.0.113.9", True),
        ("::FFFF:cb00:7109", True),
        ("::203.0.113.9", False),
        ("2001:db8::1", True),
        ("2001:DB8:0:0::1", True),
        ("2001:db9::1", False),
        ("2001:db8::1%eth0", False),
        ("203.0.113.0/24", False),
        ("203.0.113.x", False),
        ("203.0.113.9 ", False),
        ("203.0.113.09", False),
        ("relay.example.com", False),
        ("", False),
        (None, False),
    ],
)
def test_a_relay_fits_by_its_address_however_it_is_written(relay: str | None, *, fits: bool) -> None:
    asked = waiver(match={"relay_in": ["198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"]})
    rows = findings({"relay_ip": relay})
    decided = decide([asked], rows, as_of=IN_FORCE)
    assert (decided.uses[0].fits, named(decided, rows)) == (int(fits), ["W-2026-014" if fits else None])


@pytest.mark.parametrize(
    ("as_of", "standing"),
    [
        (ISSUED - TICK, Standing.NOT_YET_ISSUED),
        (ISSUED, Standing.IN_FORCE),
        (EXPIRES - timedelta(days=30) - TICK, Standing.IN_FORCE),
        (EXPIRES - timedelta(days=30), Standing.EXPIRING),
        (EXPIRES - TICK, Standing.EXPIRING),
        (EXPIRES, Standing.EXPIRED),
    ],
)
def test_a_waiver_counts_from_its_issue_until_it_expires(as_of: datetime, standing: Standing) -> None:
    assert standing_of(waiver(), as_of) is standing


@pytest.mark.parametrize(
    ("as_of", "rows", "state", "expiring", "names"),
    [
        (IN_FORCE, [{}, {}], State.USED, False, True),
        (IN_FORCE, [{}, {}, {}], State.VOID, False, False),
        (IN_FORCE, [{"account_id": "other"}], State.UNUSED, False, False),
        (IN_FORCE, [], State.UNUSED, False, False),
        (EXPIRES - TICK, [{}], State.USED, True, True),
        (EXPIRES - TICK, [], State.UNUSED, True, False),
        (EXPIRES, [{}], State.EXPIRED_BUT_MATCHING, False, False),
        (EXPIRES, [{}, {}, {}], State.EXPIRED_BUT_MATCHING, False, False),
        (EXPIRES, [], State.EXPIRED, False, False),
        (ISSUED - TICK, [{}], State.NOT_YET_ISSUED, False, False),
    ],
)
def test_each_waiver_is_in_one_state(
    as_of: datetime, rows: list[dict[str, object]], state: State, *, expiring: bool, names: bool
) -> None:
    decided = decide([waiver(max_findings=2)], findings(*rows), as_of=as_of)
    (use,) = decided.uses
    assert (use.state, use.expiring, use.fits) == (
        state,
        expiring,
        sum(not row for row in rows),
    )
    assert named(decided, findings(*rows)) == ["W-2026-014" if names else None] * len(rows)


def test_the_smallest_id_that_counts_is_named_and_each_that_fits_is_used() -> None:
    waivers = [
        waiver(id="D"),
        waiver(id="C"),
        waiver(id="A", max_findings=1),
        waiver(id="B", issued="2026-01-01T00:00:00Z", expires="2026-03-31T00:00:00Z"),
    ]
    rows = findings({}, {}, {"account_id": "other"})
    decided = decide(waivers, rows, as_of=IN_FORCE)
    assert [(use.waiver.id, use.state) for use in decided.uses] == [
        ("A", State.VOID),
        ("B", State.EXPIRED_BUT_MATCHING),
        ("C", State.USED),
        ("D", State.USED),
    ]
    assert named(decided, rows) == ["C", "C", None]


def test_no_waivers_name_nothing() -> None:
    decided = decide([], findings({}), as_of=IN_FORCE)
    assert (decided.uses, named(decided, findings({}))) == ((), [None])
    assert findings({}).select(decided.waiver_id()).collect_schema() == {"waiver_id": pl.String}


def test_columns_of_enums_are_read_as_their_texts() -> None:
    rows = findings({}, {"role": "turn"}).with_columns(
        pl.col("role").cast(pl.Enum(["media", "turn"])), pl.col("rule_id", "relay_ip").cast(pl.Categorical)
    )
    asked = waiver(match={"relay_in": ["203.0.113.7/32"], "roles": ["media", "keys"]})
    assert named(decide([asked], rows, as_of=IN_FORCE), rows) == ["W-2026-014", None]


NETWORKS = {"203.0.113.0/25": 25, "203.0.112.0/20": 20, "2001:db8::/33": 33, "2001:db8::7/128": 128}
RELAYS = ("203.0.113.7", "203.0.113.200", "::ffff:203.0.113.7", "2001:db8::7", "2001:db8:8000::", "x", None)
CALLS, ACCOUNTS, ROLES = ("c1", "c2", None), ("a1", "a2", None), ("media", "keys", None)
DAYS = [datetime(2026, 3, day, tzinfo=UTC) for day in range(1, 6)]

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "rule_id": st.sampled_from(["one", "two"]),
            "verdict": st.sampled_from(["violation", "indeterminate", "excused"]),
            "call_id": st.sampled_from(CALLS),
            "account_id": st.sampled_from(ACCOUNTS),
            "relay_ip": st.sampled_from(RELAYS),
            "role": st.sampled_from(ROLES),
            "started_at": st.sampled_from(DAYS),
        }
    ),
    max_size=12,
)
MATCHES = st.fixed_dictionaries(
    {},
    optional={
        "call": st.sampled_from(["c1", "c2"]),
        "account": st.sampled_from(["a1", "a2"]),
        "relay_in": st.lists(st.sampled_from(list(NETWORKS)), min_size=1, max_size=3, unique=True),
        "roles": st.lists(st.sampled_from(["media", "keys"]), min_size=1, unique=True),
    },
).filter(lambda match: match.keys() & {"call", "account", "relay_in"})


@st.composite
def waivers_of(draw: st.DrawFn) -> list[Waiver]:
    made = []
    for name in draw(st.lists(st.sampled_from("ABCD"), max_size=4, unique=True)):
        first, last = sorted(draw(st.lists(st.sampled_from(DAYS), min_size=2, max_size=2, unique=True)))
        made.append(
            waiver(
                id=name,
                rule=draw(st.sampled_from(["one", "two"])),
                match=draw(MATCHES),
                covers={"from": first.isoformat(), "until": last.isoformat()},
                max_findings=draw(st.integers(1, 4)),
            )
        )
    return made


def is_fit(row: Mapping[str, Any], one: Waiver) -> bool:
    """Decide slowly, one finding at a time."""
    match = one.match
    return (
        row["rule_id"] == one.rule
        and row["verdict"] != "excused"
        and one.covers.from_ <= row["started_at"] < one.covers.until
        and match.call in (None, row["call_id"])
        and match.account in (None, row["account_id"])
        and (match.roles is None or row["role"] in match.roles)
        and (match.relay_in is None or is_within(row["relay_ip"], [str(one) for one in match.relay_in]))
    )


def is_within(relay: str | None, networks: Sequence[str]) -> bool:
    if relay is None or relay == "x":
        return False
    address = ip_address(relay.removeprefix("::ffff:"))
    bits = 32 if isinstance(address, IPv4Address) else 128
    for network in networks:
        base = ip_address(network.partition("/")[0])
        if base.version == address.version and (int(base) ^ int(address)) >> (bits - NETWORKS[network]) == 0:
            return True
    return False


CLOCKS = st.sampled_from([ISSUED - TICK, ISSUED, IN_FORCE, EXPIRES - TICK, EXPIRES])


@given(ROWS, waivers_of(), CLOCKS)
def test_the_decision_agrees_with_one_taken_finding_by_finding(
    rows: list[dict[str, object]], waivers: list[Waiver], as_of: datetime
) -> None:
    frame = findings_of(rows)
    decided = decide(waivers, frame, as_of=as_of)
    fits = {one.id: [is_fit(row, one) for row in rows] for one in waivers}
    assert {use.waiver.id: use.fits for use in decided.uses} == {key: sum(each) for key, each in fits.items()}
    counting = sorted(
        one.id
        for one in waivers
        if one.issued <= as_of < one.expires and sum(fits[one.id]) <= one.max_findings
    )
    expected = [next((key for key in counting if fits[key][place]), None) for place in range(len(rows))]
    assert named(decided, frame) == expected


@given(ROWS, waivers_of(), CLOCKS)
def test_a_waiver_changes_no_verdict_and_nothing_else(
    rows: list[dict[str, object]], waivers: list[Waiver], as_of: datetime
) -> None:
    frame = findings_of(rows)
    after = frame.with_columns(decide(waivers, frame, as_of=as_of).waiver_id())
    assert_frame_equal(after.drop("waiver_id").collect(), frame.drop("waiver_id").collect())
    assert after.collect_schema() == frame.collect_schema()


@given(ROWS, waivers_of(), st.integers(0, 12))
def test_slices_are_named_as_the_whole(
    rows: list[dict[str, object]], waivers: list[Waiver], cut: int
) -> None:
    frame = findings_of(rows)
    decided = decide(waivers, frame, as_of=IN_FORCE)
    assert named(decided, frame.head(cut)) + named(decided, frame.slice(cut)) == named(decided, frame)


def test_of_a_finding_only_what_a_waiver_can_ask_is_read() -> None:
    rows = pl.DataFrame([FINDING_VALUES]).drop("finding_id", "incident_id").lazy()
    asked = waiver(
        match={"call": "call", "account": "acme", "relay_in": ["203.0.113.7/32"], "roles": ["media"]}
    )
    assert decide([asked], rows, as_of=IN_FORCE).uses[0].fits == 1
