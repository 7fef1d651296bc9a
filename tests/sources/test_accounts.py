from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import SourceError
from auditor.model import CONNECTION, cast_to
from auditor.sources.accounts import Accounts, load_accounts

Written = Callable[..., Path]
HEAD = "account_id,home_region,from,until,country,label_cloud\n"
DAY = datetime(2026, 3, 1, tzinfo=UTC)


def connections(*rows: dict[str, Any]) -> pl.DataFrame:
    given = [
        {
            "source_file": "a.csv",
            "record": number,
            "started_at": DAY,
            "account_id": None,
            "home_region": None,
            **row,
        }
        for number, row in enumerate(rows, 1)
    ]
    return cast_to(pl.DataFrame(given, infer_schema_length=None), CONNECTION)


@pytest.fixture
def accounts(written: Written) -> Accounts:
    lines = (
        "t-1,EU,,2026-03-01T00:00:00Z,DE,gov",
        "t-1,US,2026-03-01T00:00:00Z,,,",
        "t-2,EU,2026-03-01T01:00:00+01:00,2026-03-02T00:00:00Z,FR,x",
    )
    return load_accounts(written("accounts.csv", HEAD + "\n".join(lines) + "\n"))


@pytest.mark.parametrize(
    ("account", "at", "region"),
    [
        ("t-1", "1999-01-01T00:00:00", "EU"),
        ("t-1", "2026-02-28T23:59:59", "EU"),
        ("t-1", "2026-03-01T00:00:00", "US"),
        ("t-1", "2099-01-01T00:00:00", "US"),
        ("t-2", "2026-02-28T23:59:59", None),
        ("t-2", "2026-03-01T00:00:00", "EU"),
        ("t-2", "2026-03-01T23:59:59", "EU"),
        ("t-2", "2026-03-02T00:00:00", None),
        ("t-3", "2026-03-01T00:00:00", None),
        (None, "2026-03-01T00:00:00", None),
    ],
)
def test_the_line_that_holds_at_the_start_gives_the_home_region(
    accounts: Accounts, account: str | None, at: str, region: str | None
) -> None:
    started = datetime.fromisoformat(at).replace(tzinfo=UTC)
    joined, _ = accounts.join(connections({"account_id": account, "started_at": started}))
    assert joined["home_region"].to_list() == [region]


def test_where_log_and_file_differ_nothing_is_known_and_that_is_told(accounts: Accounts) -> None:
    joined, warnings = accounts.join(
        connections(
            {"account_id": "t-2", "home_region": "US"},
            {"account_id": "t-2", "home_region": "EU"},
            {"account_id": "t-9", "home_region": "US"},
            {"home_region": "EU"},
        )
    )
    assert joined["home_region"].to_list() == [None, "EU", "US", "EU"]
    assert joined["label_cloud"].to_list() == ["x", "x", None, None]
    assert warnings.select("count", "first_record").rows() == [(1, 3), (1, 1)]
    assert "has no line" in warnings["text"][0]
    assert "`home_region` in the log is not what the accounts file says" in warnings["text"][1]


def test_names_are_the_same_however_they_are_spelled(read: Callable[..., Any], written: Written) -> None:
    lines = "t-\u00e9 ,\u00a0R\u00e9gion,,,,\n\u3000t-2,EU ,,,,\n"
    accounts = load_accounts(written("accounts.csv", HEAD + lines))
    log = "started_at,account_id,home_region\n" + "".join(
        f"2026-03-01T00:00:00Z,{account},{region}\n"
        for account, region in [(" t-e\u0301", "Re\u0301gion "), ("t-2\u00a0", " EU"), ("t-2", "")]
    )
    joined, warnings = accounts.join(read(written("a.csv", log)).connections)
    assert joined.select("account_id", "home_region").rows() == [
        ("t-\u00e9", "R\u00e9gion"),
        ("t-2", "EU"),
        ("t-2", "EU"),
    ]
    assert warnings.is_empty()


@pytest.mark.parametrize("account", [" t ", "t\u00a0"])
def test_lines_of_one_account_overlap_however_it_is_spelled(written: Written, account: str) -> None:
    with pytest.raises(SourceError, match="3:3: overlaps the line 2 of the account `t`"):
        load_accounts(written("a.csv", HEAD + f"t,EU,,,,\n{account},US,2026-03-01T00:00:00Z,,,\n"))


def test_the_country_of_an_account_is_declared_only_beside_an_address(accounts: Accounts) -> None:
    address = {"account_id": "t-2", "client_ip": "192.0.2.1"}
    joined, _ = accounts.join(
        connections(
            address,
            {"account_id": "t-2"},
            {**address, "participant_country_declared": "CN"},
            {"account_id": "t-2", "participant_country_declared": "CN"},
            {**address, "account_id": "t-9"},
        )
    )
    assert joined["participant_country_declared"].to_list() == ["FR", None, "CN", "CN", None]


ACCOUNT = st.sampled_from(["t-1", "t-2", "t-3", None])
HOURS = st.integers(-3, 30)


@given(st.lists(st.tuples(ACCOUNT, HOURS), min_size=1, max_size=20))
def test_rows_and_their_order_stay(rows: list[tuple[str | None, int]]) -> None:
    lines = pl.DataFrame(
        {
            "account_id": ["t-1", "t-1", "t-2"],
            "home_region": ["EU", "US", "CN"],
            "country": pl.Series([None] * 3, dtype=pl.String),
            "from": [DAY, DAY.replace(hour=12), DAY],
            "until": [DAY.replace(hour=6), DAY.replace(hour=18), DAY.replace(hour=20)],
        },
        schema_overrides={"from": pl.Datetime("us", "UTC"), "until": pl.Datetime("us", "UTC")},
    )
    given_rows = connections(
        *(
            {"account_id": account, "started_at": datetime.fromtimestamp(DAY.timestamp() + hour * 3600, UTC)}
            for account, hour in rows
        )
    )
    joined, _ = Accounts("", 0, lines).join(given_rows)
    assert joined.drop("home_region").equals(given_rows.drop("home_region"))

    def slowly(account: str | None, hour: int) -> str | None:
        spans = {"t-1": [(0, 6, "EU"), (12, 18, "US")], "t-2": [(0, 20, "CN")]}
        return next(
            (region for start, end, region in spans.get(account or "", []) if start <= hour < end), None
        )

    assert joined["home_region"].to_list() == [slowly(*row) for row in rows]


def test_an_empty_file_of_accounts_lists_every_account(written: Written) -> None:
    joined, warnings = load_accounts(written("a.csv", HEAD)).join(
        connections({"account_id": "t"}, {"account_id": "t"})
    )
    assert joined["home_region"].to_list() == [None, None]
    assert warnings["count"].to_list() == [2]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (",EU,,,,", "2:1: account_id: is empty"),
        (" ,EU,,,,", "2:1: account_id: is empty"),
        ("t,,,,,", "2:2: home_region: is empty"),
        ("t,EU,2026-03-01T00:00:00,,,", "2:3: from: `2026-03-01T00:00:00` has no offset"),
        ("t,EU,2026-03-01,,,", "2:3: from: `2026-03-01` has no offset"),
        ("t,EU,,soon,,", "2:4: until: `soon` is no instant"),
        ("t,EU,2026-02-30T00:00:00Z,,,", "2:3: from: `2026-02-30T00:00:00Z` is no instant"),
        ("t,EU,2026-03-01T00:00:00Z,2026-03-01T00:00:00Z,,", "2:4: until: is not after `from`"),
        ("t,EU,,,UK,", "2:5: country: `UK` is no ISO 3166-1 alpha-2 code\n  hint: did you mean `GB`?"),
        ("t,EU,,,de,", "did you mean `DE`?"),
        ("t,EU,,,,\nt,US,2026-03-01T00:00:00Z,,,", "3:3: overlaps the line 2 of the account `t`"),
        ("t,EU", "2:1: has 2 fields, the header has 6"),
    ],
)
def test_a_fault_is_found_and_located(written: Written, line: str, fault: str) -> None:
    with pytest.raises(SourceError) as error:
        load_accounts(written("a.csv", HEAD + line + "\n"))
    (found,) = error.value.faults
    assert fault in str(found)


def test_all_faults_are_told_at_once(written: Written) -> None:
    with pytest.raises(SourceError) as error:
        load_accounts(written("a.csv", HEAD + ",EU,x,,,\nt,,,y,ZZ,\n"))
    assert len(error.value.faults) == 5


def test_an_unknown_column_is_a_fault(written: Written) -> None:
    with pytest.raises(SourceError, match="unknown column `hom_region`"):
        load_accounts(written("a.csv", "account_id,hom_region,from,until\n"))
