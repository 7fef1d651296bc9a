"""A small world of relays that lists may hand out: who places them where, and since when."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

from auditor.geo.atlas import AtlasSettings
from auditor.geo.inventory import load_inventory
from auditor.geo.mmdb import open_database
from auditor.geo.relay_lists import ListEntry
from auditor.ruleset.group_schema import Group
from auditor.ruleset.groups import Groups
from auditor.ruleset.schema import RULE_OF_EFFECT, Rule

BUILT = datetime(2021, 1, 1, tzinfo=UTC)
AS_OF = datetime(2025, 6, 1, tzinfo=UTC)
NETWORKS = {"11.0.0.0/26": "DE", "11.0.0.64/26": "US", "11.0.0.128/26": "CN"}
"""11.0.0.192/26 has no record."""
INVENTORY = """\
prefix,site,name,country,role,from,until,attested_by,basis
11.0.0.64/28,,,US,,2019-01-01T00:00:00Z,2021-07-01T12:00:00Z,noc@example.com,contract
11.0.0.64/28,,,GB,,2021-07-01T12:00:00Z,,noc@example.com,contract
,X,,CH,,2019-01-01T00:00:00Z,,noc@example.com,contract
,Y,,CN,keys,2019-01-01T00:00:00Z,,noc@example.com,contract
,Y,,DE,,2019-01-01T00:00:00Z,2023-01-01T00:00:00Z,noc@example.com,contract
,,*.example,FR,,2019-01-01T00:00:00Z,,noc@example.com,contract
,,a.example,HK,,2020-02-01T00:00:00Z,,noc@example.com,contract
"""


class DatedWriter(MMDBWriter):
    def _build_meta(self) -> dict[str, object]:
        return {**super()._build_meta(), "build_epoch": int(BUILT.timestamp())}


def settings_in(folder: Path) -> AtlasSettings:
    """Write the evidence into a folder, and open it."""
    writer = DatedWriter(ip_version=6, database_type="GeoIP2-Country", ipv4_compatible=True)
    for network, country in NETWORKS.items():
        writer.insert_network(IPSet([network]), {"country": {"iso_code": country}})
    writer.to_db_file(str(folder / "country.mmdb"))
    (folder / "inventory.csv").write_text(INVENTORY, encoding="utf-8")
    database = open_database(folder / "country.mmdb", None, AS_OF)
    return AtlasSettings((database,), load_inventory([folder / "inventory.csv"]), max_age_days=1_000)


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
        "from_at": datetime(2020, 4, 1, tzinfo=UTC),
        "until_at": None,
    }
    return ListEntry(**{**fields, **changes})


def rule_of(name: str = "rule", **given: object) -> Rule:
    """Make a rule of the effect whose body is given."""
    effect = next(key for key in RULE_OF_EFFECT if key in given)
    values: dict[str, object] = {
        "schema": "auditor/rule@1",
        "id": name,
        "version": "1.0.0",
        "title": "A rule",
        "statement": "It says something.",
        "authority": [{"kind": "promise", "cite": "ours"}],
        "severity": "high",
        "effect": effect,
        "in_force": {"from": "2020-01-01T00:00:00Z"},
        "scope": {},
        "tests": [{"name": "a", "given": [{"id": "c", "role": "media", "relay": ["US"]}], "expect": {}}],
    }
    return RULE_OF_EFFECT[effect].model_validate_json(json.dumps(values | given))


def groups_of(groups: Mapping[str, Any]) -> Groups:
    """Make groups of plain values."""
    titled = {name: {"title": name, **group} for name, group in groups.items()}
    return Groups({name: Group.model_validate_json(json.dumps(group)) for name, group in titled.items()})
