"""A small log and a rule of every kind, audited for real: what the report says of it is not made up."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor.engine.audit import Means, audit
from auditor.engine.request import LocationSources, LogsAsked, Request
from auditor.evidence.manifest import Manifest
from auditor.evidence.run import load_manifest, open_run
from auditor.evidence.summary import Summary
from auditor.report.write import write_report

AS_OF = datetime(2021, 6, 1, tzinfo=UTC)
MEANS = Means(lambda: AS_OF, environ={})

US, DE, CN, RU, GB, NOWHERE = "11.0.1.1", "11.0.2.1", "11.0.3.1", "11.0.4.1", "11.0.5.1", "11.9.9.9"
_COUNTRIES = {US: "US", DE: "DE", CN: "CN", RU: "RU", GB: "GB"}
_COLUMNS = (
    "call_id", "account_id", "role", "relay_ip", "started_at", "ended_at", "tier", "attempt",
    "failed_primaries", "selection_reason",
)  # fmt: skip

Connection = Mapping[str, object]
FALLBACK = {"tier": "fallback", "failed_primaries": 2}


def connection(call: str | None, account: str, role: str, relay: str, **values: object) -> Connection:
    """Describe a connection on 1 March 2021 of five minutes; None is not logged."""
    row = {"started_at": "2021-03-01T10:00:00Z", "ended_at": "2021-03-01T10:05:00Z"}
    return {"call_id": call, "account_id": account, "role": role, "relay_ip": relay, **row, **values}


CONNECTIONS = (
    connection("e-excused", "eu", "media", US, **FALLBACK),
    *(
        connection("e-over", "eu", "media", US, **FALLBACK, started_at=f"2021-03-01T10:0{minute}:00Z")
        for minute in range(3)
    ),
    connection("e-primary", "eu", "media", US, tier="primary", failed_primaries=1, attempt=1),
    connection("e-no-tier", "eu", "media", US, failed_primaries=2),
    connection("e-no-end", "eu", "media", GB, **FALLBACK, ended_at=None),
    connection(None, "eu", "media", US, **FALLBACK),
    connection("e-late", "eu", "media", US, **FALLBACK, started_at="2021-03-05T10:00:00Z",
               ended_at="2021-03-05T10:05:00Z"),
    connection("e-keys", "eu", "keys", US, **FALLBACK),
    connection("e-reason", "eu", "keys", GB, attempt=3, selection_reason="near"),
    connection("r-inside", "ru", "recording", RU),
    connection("r-inside", "ru", "media", DE),
    connection("r-outside", "ru", "recording", DE),
    connection("r-none", "ru", "media", RU),
    connection("r-open", "ru", "recording", NOWHERE),
    connection("u-china", "us", "media", CN),
    connection("u-china", "us", "keys", US),
)  # fmt: skip


def _rule(rule_id: str, effect: str, body: Mapping[str, Any], **values: object) -> dict[str, Any]:
    return {
        "schema": "auditor/rule@1",
        "id": rule_id,
        "version": "1.0.0",
        "title": f"The title of {rule_id}",
        "statement": f"The statement of {rule_id}.",
        "authority": [{"kind": "promise", "cite": "Ours"}],
        "severity": "high",
        "effect": effect,
        effect: body,
        "in_force": {"from": "2021-01-01T00:00:00Z"},
        "scope": {},
        "tests": [{"name": "a", "given": [{"id": "c", "role": "media", "relay": ["DE"]}], "expect": {}}],
        **values,
    }


RULES = (
    _rule(
        "eu-fence", "fence", {"allow": ["DE"]}, scope={"home_region": ["EU"]},
        exceptions=[
            {"id": "congestion", "why": "Calls go on.", "roles": ["media"], "allow": ["US", "GB"],
             "when": {"tier": ["fallback"], "failed_primaries_min": 2, "in_window": "busy"},
             "limits": {"connections_per_call": 2, "minutes_per_call": 30}},
            {"id": "handover", "why": "A relay was full.", "allow": ["GB"],
             "when": {"attempt_min": 2, "selection_reason": ["full"]}},
        ],
    ),
    _rule("ru-recording", "require", {"roles": ["recording"], "in": ["RU"]}, scope={"home_region": ["RU"]}),
    _rule("cn-never", "never", {"in": ["CN"]}, severity="critical"),
    _rule("keys-on-record", "never", {"in": ["CN"]},
          scope={"home_region": ["US", "RU"], "must_observe": ["keys"]}),
    _rule("us-draft", "fence", {"allow": ["US"]}, scope={"home_region": ["US"]}, status="draft"),
    _rule("gb-watch", "watch", {"in": ["GB"]}, severity="low"),
)  # fmt: skip
WINDOWS = [
    {"id": "busy", "regions": ["EU"],
     "from": f"2021-03-0{day}T00:00:00Z", "until": f"2021-03-0{day + 1}T00:00:00Z",
     "evidence": "incident 7", "declared_by": "noc", "declared_at": declared}
    for day, declared in ((1, "2021-03-01T01:00:00Z"), (5, "2021-04-01T00:00:00Z"))
]  # fmt: skip


def _waiver(waiver_id: str, match: Mapping[str, object], **values: object) -> dict[str, Any]:
    return {
        "schema": "auditor/waiver@1",
        "id": waiver_id,
        "rule": "eu-fence",
        "match": match,
        "covers": {"from": "2021-03-01T00:00:00Z", "until": "2021-03-02T00:00:00Z"},
        "max_findings": 4,
        "issued": "2021-05-01T00:00:00Z",
        "expires": "2021-09-01T00:00:00Z",
        "reason": "The customer agreed to it in writing",
        "ticket": "LEG-7",
        "requested_by": "Jo Roe",
        "approved_by": "Max Doe",
        **values,
    }


WAIVERS = (
    _waiver("W-used", {"call": "e-primary"}),
    _waiver("W-unused", {"call": "no such call"}),
    _waiver("W-expiring", {"call": "e-keys"}, expires="2021-06-11T00:00:00Z"),
    _waiver("W-expired", {"call": "e-keys"}, expires="2021-05-11T00:00:00Z"),
    _waiver("W-gone", {"call": "no such call"}, expires="2021-05-11T00:00:00Z"),
    _waiver("W-early", {"call": "e-keys"}, issued="2021-06-02T00:00:00Z"),
    _waiver("W-void", {"account": "eu"}, max_findings=1),
    _waiver("W-call", {"call": "r-outside"}, rule="ru-recording"),
)


@dataclass(frozen=True)
class World:
    """Logs and rules, written to a folder and audited."""

    connections: Sequence[Connection] = CONNECTIONS
    rules: Sequence[Mapping[str, Any]] = RULES
    waivers: Sequence[Mapping[str, Any]] = WAIVERS
    settings: Mapping[str, Any] = field(default_factory=dict)

    def audited(self, folder: Path) -> "Audited":
        rules = folder / "rules"
        for kind in ("windows", "waivers"):
            (rules / kind).mkdir(parents=True)
        for rule in self.rules:
            (rules / f"{rule['id']}.yaml").write_text(json.dumps(rule))
        for waiver in self.waivers:
            (rules / "waivers" / f"{waiver['id']}.yaml").write_text(json.dumps(waiver))
        (rules / "windows" / "busy.yaml").write_text(
            json.dumps({"schema": "auditor/windows@1", "windows": WINDOWS})
        )
        with (folder / "log.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, _COLUMNS)
            writer.writeheader()
            writer.writerows(self.connections)
        (folder / "accounts.csv").write_text("account_id,home_region,from,until\neu,EU,,\nru,RU,,\nus,US,,\n")
        (folder / "inventory.csv").write_text(
            "prefix,site,name,country,role,from,until,attested_by,basis\n"
            + "".join(
                f"{relay}/32,,,{code},,2020-01-01T00:00:00Z,,noc,contract\n"
                for relay, code in _COUNTRIES.items()
            )
        )
        request = Request(
            logs=(LogsAsked((str(folder / "log.csv"),)),),
            rules=(str(rules),),
            accounts=str(folder / "accounts.csv"),
            location=LocationSources(inventory=(str(folder / "inventory.csv"),)),
            skip_rule_tests=True,
            allow_draft=True,
            **self.settings,
        )
        with open_run(folder / "run") as opened:
            done = audit(request, opened, MEANS, as_of=AS_OF)
            manifest = done.manifest.model_copy(update={"outputs": opened.outputs()})
            write_report(opened.directory, manifest)
            run = opened.finish(manifest)
        return Audited(run, load_manifest(run), done.summary)


@dataclass(frozen=True)
class Audited:
    """A run directory of a real audit."""

    directory: Path
    manifest: Manifest
    summary: Summary
