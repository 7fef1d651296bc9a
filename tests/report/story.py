"""A run shaped like the spring of 2020, in small: every kind of row that a report can show."""

from datetime import datetime, timedelta

from auditor.evidence.summary import Condition, NotConnections, Undetermined, UnreadValues, Warned
from tests.report.maker import Recipe
from tests.report.rows import Row, answer, at, finding, location, reject, rule

_LOG = "logs/2020-04.csv"
_STEP = timedelta(hours=7, minutes=23, seconds=11)


def _series(first: int, count: int, start: str, rules: tuple[str, ...], **values: object) -> list[Row]:
    return [
        finding(first + index, rule_id, **(values | _times(at(start) + index * _STEP, 17 + index % 40)))
        for index in range(count)
        for rule_id in rules
    ]


def _times(start: datetime, minutes: int) -> dict[str, datetime]:
    return {"started_at": start, "ended_at": start + timedelta(minutes=minutes)}


def _findings() -> list[Row]:
    both = ("cn-exclusion", "us-home-fence")
    unknown: dict[str, object] = {"relay_countries": None, "relay_site": None, "tier": None}
    unknown |= {"verdict": "indeterminate", "relay_network": "203.0.113.0/24"}
    return [
        *_series(100, 42, "2020-03-24T05:48:46", both, reasons=["agreed"]),
        *_series(200, 21, "2020-03-16T04:55:27", both, role="keys", tier="primary", relay_ip="192.0.2.87",
                 relay_site="BJ-1", failed_primaries=None, attempt=1),
        *_series(300, 17, "2020-03-26T02:00:00", ("eu-home-fence",), home_region="EU", relay_site="HK-1",
                 relay_ip="198.51.100.7", relay_countries=["HK"]),
        *_series(400, 9, "2020-04-01T09:30:00", ("eu-home-fence",), home_region="EU", relay_site="SG-1",
                 relay_ip="198.51.100.40", relay_countries=["SG"]),
        *_series(450, 3, "2020-04-08T09:30:00", ("us-home-fence",), relay_site="SP-1", role="gateway",
                 relay_ip="198.51.100.60", relay_countries=["BR"], tier="primary", failed_primaries=None),
        *_series(500, 12, "2020-03-27T10:00:00", both, verdict="indeterminate", relay_countries=["CN", "US"],
                 relay_site="SJ-2", relay_ip="198.51.100.80", reasons=["contested"]),
        *_series(600, 8, "2020-04-01T11:00:00", both, relay_ip="203.0.113.200", reasons=["no_record"],
                 **unknown),
        *_series(700, 4, "2020-04-02T11:00:00", ("us-home-fence",), home_region=None, account_id=None,
                 relay_site="SG-1", relay_ip="198.51.100.40", relay_countries=["SG"], verdict="indeterminate",
                 reasons=["home_region_unknown"]),
        finding(800, "us-home-fence"),
        finding(800, verdict="indeterminate", reasons=["participant:private_client"]),
    ]  # fmt: skip


def _locations() -> list[Row]:
    edition = ("GeoIP2-Country", "2020-04-07")
    return [
        location(connections=84),
        location(address="192.0.2.87", as_written=["192.0.2.87"], site="BJ-1", role="keys", connections=42,
                 reasons=["single_source"],
                 answers=[answer(1, "inventory.csv, line 2", "CN", "192.0.2.0/24", "2020-03-01")]),
        location(address="198.51.100.80", as_written=["198.51.100.80"], site="SJ-2", connections=24,
                 reasons=["contested"], candidates=["CN", "US"], key="CN US",
                 answers=[answer(1, "inventory.csv, line 9", "CN", "198.51.100.80/28", "2020-03-01"),
                          answer(4, edition[0], "US", "198.51.100.0/24", edition[1])]),
        location(address="203.0.113.200", as_written=["203.0.113.200"], site=None, connections=16,
                 reasons=["no_record"], candidates=None, key="*", answers=[]),
    ]  # fmt: skip


def spring() -> Recipe:
    return Recipe(
        findings=_findings(),
        rules=(
            rule("cn-exclusion"),
            rule("eu-home-fence"),
            rule("us-home-fence"),
            rule("greater-china-watch", effect="watch", severity="low", title="Seen in greater China"),
        ),
        locations=_locations(),
        rejects=[
            *(reject(9_000 + number) for number in range(7)),
            reject(9_100, reason="malformed", column=None),
        ],
        connections=21_204,
        calls=6_210,
        audited=6_004,
        uncovered=37,
        conditions=(
            Condition(code=1, name="violation", text="155 violations at or above low without a waiver"),
            Condition(code=4, name="rejects", text="8 of 21,213 records could not be read; the limit is 0"),
            Condition(
                code=3,
                name="indeterminate",
                text="44 findings at or above low not determined; the limit is 0",
            ),
        ),
        exit_code=1,
        exhibits=6,
        record='2020-04-02T14:03:12Z,call-{number},account-3,US,media,203.0.113.9,TJ-1,fallback,4,3,"ok"',
        summary_values={
            "only_stale": Undetermined(reason="stale_location", connections=12, calls=5),
            "not_connections": [
                NotConnections(source_file=_LOG, reason="header", count=1, first_record=1)
            ],
            "unread_values": [
                UnreadValues(source_file=_LOG, column="bytes", reason="unreadable", count=4,
                             first_record=77, example="n/a")
            ],
            "warnings": [
                Warned(source_file=_LOG, text="the last line has no end", count=1, first_record=None)
            ],
        },
    )  # fmt: skip
