"""The whole sample: invent, plant, write, and write down what was planted."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from random import Random
from typing import Any

from . import broken
from .calls import calls_of, connections_of
from .congestion import accounts_of_congestion, days_of, without_account, without_call
from .database import write_databases
from .evidence import GEOFEED
from .handed import LISTS, write_relay_lists
from .judging import Log
from .ledger import LEDGER, write_ledger
from .logs import HOME_REGION, write_csv, write_ndjson, write_parquet
from .oddities import around_the_evidence, around_the_promise, oddities_of, plain_connections
from .people import Account, Person, accounts_of
from .published import write_cloud_ranges, write_geofeed
from .regions import PERIOD
from .sidefiles import write_accounts, write_inventory
from .truth import truth_of
from .values import Connection, Entry, utc

SEED, SEED_OF_CONGESTION = 20200316, 20200323
CSV_CALLS, OTHER_CALLS = 5_800, 110

_SAID_TWICE, _CONTRADICTED = 20, 150
_BLANK_LINES = (utc(2020, 3, 19, 6), utc(2020, 4, 14, 6))


def write_sample(folder: Path) -> dict[str, Any]:
    """Write all generated files into a folder, and return the truth, which is one of them."""
    folder.mkdir(parents=True, exist_ok=True)
    random = Random(SEED)
    accounts = accounts_of(random)
    apart = Random(SEED_OF_CONGESTION)
    congested = accounts_of_congestion(apart)
    stories = (
        _csv_entries(accounts, random),
        _ndjson_entries(accounts, random),
        _parquet_entries(accounts, random),
    )
    fallbacks = (
        days_of(congested, apart),
        (without_account(congested, apart),),
        (without_call(congested, apart),),
    )
    entries = [
        _in_order(chain(story, _entries(more))) for story, more in zip(stories, fallbacks, strict=True)
    ]
    csv, ndjson, parquet = (
        Log("spring-2020.csv", entries[0], header=True, blank_lines_count=True),
        Log("spring-2020.ndjson", entries[1]),
        Log("spring-2020.parquet", entries[2]),
    )
    write_csv(folder / csv.name, csv.entries)
    write_ndjson(folder / ndjson.name, ndjson.entries)
    write_parquet(folder / parquet.name, parquet.entries)
    write_accounts(folder / "accounts.csv", (*accounts, *congested.values()))
    write_inventory(folder / "inventory.csv")
    write_relay_lists(folder / LISTS)
    write_databases(folder)
    write_cloud_ranges(folder / "sample-ip-ranges.json")
    write_ledger(folder / LEDGER)
    write_geofeed(folder / f"sample-geofeed_{GEOFEED:%Y-%m-%d}.csv")
    truth = truth_of((csv, ndjson, parquet))
    (folder / "truth.json").write_text(_json(truth), encoding="utf-8")
    return truth


def _csv_entries(accounts: tuple[Account, ...], random: Random) -> list[Entry]:
    spare = _spare(accounts, random)
    american, european = (_witness(accounts, *of) for of in (("US", "US"), ("EU", "DE")))
    connections = chain(
        _story(accounts, CSV_CALLS, random),
        oddities_of(spare, 2, random),
        around_the_promise(*american, random),
        around_the_evidence(*european, random),
    )
    bad = broken.broken_of(broken.UNREADABLE + broken.CSV, spare)
    return _in_order(chain(_entries(connections), bad, _blank_lines()))


def _witness(accounts: Iterable[Account], region: str, country: str) -> tuple[Account, Person]:
    """Find an account of a region of which nothing is odd, and one of its people in a country."""
    account = next(one for one in accounts if one.plain and one.lines[0].home_region == region)
    at_home = (one for one in account.people if one.located == frozenset((country,)))
    return account, next(one for one in at_home if one.declared is None)


def _ndjson_entries(accounts: tuple[Account, ...], random: Random) -> list[Entry]:
    spare = _spare(accounts, random)
    connections = chain(_story(accounts, OTHER_CALLS, random), oddities_of(spare, 1, random))
    bad = broken.broken_of(broken.UNREADABLE + broken.NDJSON, spare)
    last = replace(broken.CUT_OFF.of(next(spare)), at=PERIOD[1])
    return _in_order(chain(_entries(_with_home_regions(connections)), bad, _blank_lines(), (last,)))


def _parquet_entries(accounts: tuple[Account, ...], random: Random) -> list[Entry]:
    spare = _spare(accounts, random)
    oddities = filter(_fits_typed_columns, oddities_of(spare, 1, random))
    connections = chain(_story(accounts, OTHER_CALLS, random), oddities)
    return _in_order(chain(_entries(connections), broken.broken_of(broken.ABSURD, spare)))


def _story(accounts: tuple[Account, ...], calls: int, random: Random) -> Iterator[Connection]:
    return (one for call in calls_of(accounts, calls, random) for one in connections_of(call, random))


def _spare(accounts: tuple[Account, ...], random: Random) -> Iterator[Connection]:
    endless = (call for _ in count() for call in calls_of(accounts, 100, random))
    return plain_connections(endless, random)


def _entries(connections: Iterable[Connection]) -> Iterator[Entry]:
    return (Entry(one.facts.started_at, one) for one in connections)


def _blank_lines() -> Iterator[Entry]:
    return (Entry(at, None) for at in _BLANK_LINES)


def _in_order(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.at)


def _with_home_regions(connections: Iterator[Connection]) -> Iterator[Connection]:
    """Let some records name the home region too; a few contradict the accounts file."""
    for one, number in zip(connections, count(), strict=False):
        filed = one.facts.home_region
        if number % _CONTRADICTED == 1 and filed is not None:
            yield _with_home_region(one, "JP" if filed != "JP" else "US", None)
        elif number % _SAID_TWICE == 0:
            yield _with_home_region(one, filed or "EU", filed or "EU")
        else:
            yield one


def _with_home_region(one: Connection, logged: str, true: str | None) -> Connection:
    told = one.told(one.story, **{HOME_REGION: logged})
    return replace(told, facts=replace(one.facts, home_region=true))


def _fits_typed_columns(one: Connection) -> bool:
    typed = ("ended_at", "bytes", "attempt")
    return not any(unread.reason == "unreadable" and unread.column in typed for unread in one.unread)


def _json(truth: dict[str, Any]) -> str:
    """Write a value a line, but lists of numbers and of call ids as one."""
    text = json.dumps(truth, indent=1, ensure_ascii=False)
    return re.sub(r"\[[^\[\]{}]*\]", lambda found: " ".join(found[0].split()), text) + "\n"
