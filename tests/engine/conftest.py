"""A small world with everything that an audit needs, on disk and real."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import polars as pl
import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPNetwork, IPSet

from auditor.engine.audit import Means, audit
from auditor.engine.request import LocationSources, LogsAsked, Request
from auditor.evidence.run import open_run
from auditor.report.write import write_report

AS_OF = datetime(2020, 4, 27, 6, tzinfo=UTC)
BUILT = datetime(2020, 4, 7, tzinfo=UTC)
NETWORKS = {
    "11.0.1.0/24": "US",
    "11.0.2.0/24": "DE",
    "11.0.3.0/24": "CN",
    "2a00:1::/32": "CN",
    "11.0.4.0/24": "CA",
}
RELAYS = [
    "11.0.1.1",
    "11.0.1.2",
    "11.0.2.1",
    "11.0.3.1",
    "11.0.3.2",
    "11.0.4.1",
    "2a00:1::5",
    "11.9.9.9",
    "10.0.0.1",
]
Auditing = Callable[..., Path]


class DatedWriter(MMDBWriter):
    def _build_meta(self) -> dict[str, object]:
        return {**super()._build_meta(), "build_epoch": int(BUILT.timestamp())}


def write_database(path: Path) -> None:
    writer = DatedWriter(ip_version=6, database_type="GeoIP2-Country", ipv4_compatible=True)
    for network, country in NETWORKS.items():
        writer.insert_network(IPSet([IPNetwork(network)]), {"country": {"iso_code": country}})
    writer.to_db_file(str(path))


def connections(count: int, seed: int) -> pl.DataFrame:
    random = Random(seed)
    start = datetime(2020, 4, 1, tzinfo=UTC)
    rows = []
    for number in range(count):
        began = start + timedelta(seconds=random.randrange(6 * 86_400))
        ended = began + timedelta(seconds=random.randrange(7_200)) if random.random() < 0.9 else None
        rows.append(
            {
                "call_id": call_of(number, seed) if random.random() < 0.95 else None,
                "account_id": random.choice(["us-1", "eu-1", "cn-1", "nobody", None]),
                "participant_id": random.choice([None, *(f"p{place}" for place in range(40))]),
                "role": random.choice(["media", "keys", "signaling", "turn", "unknown", "gateway"]),
                "relay_ip": random.choice([*RELAYS, None, "x.x.x.x"]),
                "relay_site": random.choice([None, None, "SJ-1", "BJ-1"]),
                "client_ip": random.choice(["11.0.1.77", "11.0.3.77", "10.1.1.1", None]),
                "tier": random.choice(["primary", "fallback", None]),
                "started_at": began,
                "ended_at": ended,
                "bytes": random.choice([None, random.randrange(10**9)]),
                "use_proved": random.random() < 0.9,
            }
        )
    return pl.DataFrame(rows)


def call_of(number: int, seed: int) -> str:
    """Name a call: most have three connections in one log, and some are spread over all logs."""
    return f"shared-{number // 20}" if number % 10 == 9 else f"c{seed}-{number // 3}"


RULES = {
    "us-fence": """
effect: fence
scope: {home_region: [US], roles: [media, keys, signaling]}
fence: {allow: [US]}
exceptions:
  - id: congestion
    why: calls go on
    roles: [media, signaling]
    when: {tier: [fallback], in_window: us-congestion}
    allow: [CA, DE]
    limits:
      connections_per_call: 1
      minutes_per_call: 60
      share_of_calls: {max: 0.29, per: account, over: day}
  - id: primaries
    why: they are near
    when: {tier: [primary]}
    allow: [CA]
    limits: {minutes_per_call: 30}
    overflow: all
""",
    "kept-in-america": """
effect: require
scope: {home_region: {not_in: [CN]}, roles: [media]}
require: {roles: [media, gateway], in: [US, CA]}
""",
    "keys-are-logged": """
effect: never
scope: {participant: {not_in: [CN]}, must_observe: [keys, signaling]}
never: {in: [CN]}
""",
    "greater-china-watch": """
effect: watch
scope: {}
watch: {in: [CN]}
""",
}
"""One rule of each effect, with everything that needs whole calls or an account's day."""

HEAD = """\
schema: auditor/rule@1
id: {name}
version: 1.0.0
title: Something was promised
statement: What was promised
authority: [{{kind: promise, cite: ours}}]
severity: high
in_force: {{from: "2020-01-01T00:00:00Z"}}
tests:
  - name: before it was in force
    given: [{{id: c, role: media, relay: unknown, at: "2019-01-01T00:00:00Z"}}]
    expect: {{c: not_applicable}}
"""
BESIDE = {
    "windows/us.yaml": """\
schema: auditor/windows@1
windows:
  - {id: us-congestion, regions: [US], from: "2020-04-01T00:00:00Z", until: "2020-04-06T00:00:00Z",
     evidence: incident 7, declared_by: noc, declared_at: "2020-04-08T00:00:00Z"}
""",
    "waivers/w.yaml": """\
schema: auditor/waiver@1
id: W-1
rule: us-fence
match: {account: us-1}
covers: {from: "2020-04-02T00:00:00Z", until: "2020-04-05T00:00:00Z"}
issued: "2020-04-20T00:00:00Z"
expires: "2020-06-01T00:00:00Z"
max_findings: 400
reason: A reason of more than twenty characters
ticket: T-1
requested_by: A
approved_by: B
""",
}


@pytest.fixture(scope="session")
def whole_rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder of rules that need whole calls, with a window and a waiver."""
    folder = tmp_path_factory.mktemp("rules")
    files = {f"{name}.yaml": HEAD.format(name=name) + body.lstrip() for name, body in RULES.items()}
    for name, text in (files | BESIDE).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with logs in three formats, accounts, an inventory and a database."""
    folder = tmp_path_factory.mktemp("world")
    write_database(folder / "country.mmdb")
    (folder / "accounts.csv").write_text(
        "account_id,home_region,from,until\nus-1,US,,\neu-1,EU,,2020-04-03T00:00:00Z\n"
        "eu-1,US,2020-04-03T00:00:00Z,\ncn-1,CN,,\n"
    )
    (folder / "inventory.csv").write_text(
        "prefix,site,name,country,role,from,until,attested_by,basis\n"
        "10.0.0.0/24,,,US,,2020-01-01T00:00:00Z,,noc,contract\n"
    )
    (folder / "logs").mkdir()
    instants = pl.col("started_at", "ended_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    connections(160, 1).with_columns(instants).write_csv(folder / "logs" / "a.csv")
    connections(160, 2).with_columns(instants).write_ndjson(folder / "logs" / "b.ndjson")
    connections(160, 3).write_parquet(folder / "logs" / "c.parquet", row_group_size=40)
    with (folder / "logs" / "b.ndjson").open("a") as log:
        log.write('{"call_id": "broken\n{"call_id": "no start"}\n')
    return folder


@pytest.fixture(scope="session")
def request_of(world: Path) -> Request:
    return Request(
        logs=(LogsAsked((str(world / "logs"),)),),
        rules=("rules",),
        accounts=str(world / "accounts.csv"),
        location=LocationSources(
            geo=(str(world / "country.mmdb"),), inventory=(str(world / "inventory.csv"),)
        ),
    )


@pytest.fixture
def audited(request_of: Request, tmp_path: Path) -> Auditing:
    """Give a function that runs a whole audit, and gives its run directory."""
    return auditing(request_of, tmp_path)


def auditing(request_of: Request, folder: Path) -> Auditing:
    """Give a function that runs whole audits in a folder."""

    def run(name: str = "run", *, means: Means | None = None, **changes: object) -> Path:
        of_location = {field.name for field in fields(LocationSources)}
        location = {name: changes.pop(name) for name in of_location & changes.keys()}
        changes["location"] = replace(request_of.location, **location)  # type: ignore[arg-type]  # fields by name
        request = replace(request_of, **changes)  # type: ignore[arg-type]  # fields of the request by name
        with open_run(folder / name) as opened:
            done = audit(request, opened, means or Means(lambda: AS_OF, environ={}), as_of=AS_OF)
            manifest = done.manifest.model_copy(update={"outputs": opened.outputs()})
            write_report(opened.directory, manifest)
            return opened.finish(manifest)

    return run


def evidence_in(run: Path) -> dict[str, bytes]:
    """Read all files of a run but the manifest, whose run facts differ."""
    return {path.name: path.read_bytes() for path in sorted(run.iterdir()) if path.name != "manifest.json"}
