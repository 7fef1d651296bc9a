"""The judge is judged: which waiver counts when, and for what."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.reference.waiving import Found, Standing, fits, overlay
from tests.reference.world import Waiver

ISSUED = datetime.fromisoformat("2026-01-01T00:00:00Z")
EXPIRES = datetime.fromisoformat("2026-06-01T00:00:00Z")
MARCH, APRIL = datetime.fromisoformat("2026-03-01T00:00:00Z"), datetime.fromisoformat("2026-04-01T00:00:00Z")
SECOND = timedelta(seconds=1)
WAIVER: Waiver = {
    "id": "W-2",
    "rule": "us-home-fence",
    "match": {"account": "a-1", "relay_in": ["203.0.113.0/24", "2001:db8::/32"], "roles": ["media"]},
    "covers": {"from": MARCH, "until": APRIL},
    "issued": ISSUED,
    "expires": EXPIRES,
    "max_findings": 2,
}
FOUND = Found("us-home-fence", "violation", MARCH, "c-1", "a-1", "203.0.113.7", "media")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({"verdict": "indeterminate"}, True),
        ({"verdict": "excused"}, False),
        ({"rule_id": "another"}, False),
        ({"start": MARCH - SECOND}, False),
        ({"start": APRIL - SECOND}, True),
        ({"start": APRIL}, False),
        ({"account_id": "a-2"}, False),
        ({"account_id": None}, False),
        ({"call_id": None}, True),
        ({"role": "keys"}, False),
        ({"role": None}, False),
        ({"relay_ip": "203.0.114.7"}, False),
        ({"relay_ip": "2001:DB8::7"}, True),
        ({"relay_ip": "::ffff:203.0.113.7"}, True),
        ({"relay_ip": "relay.example.com"}, False),
        ({"relay_ip": None}, False),
    ],
)
def test_a_waiver_fits_a_finding_only_if_all_its_keys_do(changed: dict[str, Any], *, expected: bool) -> None:
    assert fits(WAIVER, replace(FOUND, **changed)) is expected


def test_a_waiver_of_a_call_asks_for_no_more() -> None:
    waiver = WAIVER | {"match": {"call": "c-1"}}
    assert fits(waiver, replace(FOUND, account_id=None, relay_ip=None, role=None))
    assert not fits(waiver, replace(FOUND, call_id="c-2"))


@pytest.mark.parametrize(
    ("as_of", "findings", "state", "expiring"),
    [
        (ISSUED - SECOND, 1, "not_yet_issued", False),
        (ISSUED, 1, "used", False),
        (ISSUED, 0, "unused", False),
        (ISSUED, 2, "used", False),
        (ISSUED, 3, "void", False),
        (EXPIRES - timedelta(days=30) - SECOND, 1, "used", False),
        (EXPIRES - timedelta(days=30), 1, "used", True),
        (EXPIRES - SECOND, 0, "unused", True),
        (EXPIRES, 1, "expired_but_matching", False),
        (EXPIRES, 3, "expired_but_matching", False),
        (EXPIRES, 0, "expired", False),
    ],
)
def test_how_a_waiver_stands_hangs_on_the_clock_and_on_what_it_fits(
    as_of: datetime, findings: int, state: str, *, expiring: bool
) -> None:
    decided = overlay([WAIVER], [FOUND] * findings, as_of)
    assert decided.standings == {"W-2": Standing(state, findings, expiring)}
    assert decided.waived_by == ("W-2" if state == "used" else None,) * findings


def test_of_several_waivers_that_count_the_smallest_id_is_named_and_a_void_one_is_not() -> None:
    first, broad = WAIVER | {"id": "W-1"}, WAIVER | {"id": "W-0", "match": {"account": "a-1"}}
    findings = [FOUND, replace(FOUND, role="keys"), replace(FOUND, role="keys", call_id="c-2")]
    decided = overlay([WAIVER, first, broad], findings, ISSUED)
    assert decided.waived_by == ("W-1", None, None)
    assert {name: each.state for name, each in decided.standings.items()} == {
        "W-0": "void",
        "W-1": "used",
        "W-2": "used",
    }
