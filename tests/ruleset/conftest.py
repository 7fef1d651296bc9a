"""What the tests of rules share: rules made of plain values, folders of rule files, and the shipped rules."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.ruleset.group_schema import Group
from auditor.ruleset.groups import Groups
from auditor.ruleset.loader import load_ruleset
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import RULE_OF_EFFECT, Rule

SHIPPED = Path(__file__).parents[2] / "rules"

Values = Mapping[str, Any]


def _rule(**given: object) -> Rule:
    effect = next(key for key in RULE_OF_EFFECT if key in given)
    values: dict[str, object] = {
        "schema": "auditor/rule@1",
        "id": "rule",
        "version": "1.0.0",
        "title": "A rule",
        "statement": "It says something.",
        "authority": [{"kind": "promise", "cite": "ours"}],
        "severity": "high",
        "effect": effect,
        "in_force": {"from": "2020-01-01T00:00:00Z"},
        "scope": {},
        "tests": [
            {"name": "a", "given": [{"id": "c", "role": "media", "relay": ["US"]}], "expect": {}},
        ],
    }
    return RULE_OF_EFFECT[effect].model_validate_json(json.dumps(values | given))


def _groups(groups: Mapping[str, Values]) -> Groups:
    read = {
        name: Group.model_validate_json(json.dumps({"title": name, **group}))
        for name, group in groups.items()
    }
    return Groups(read)


@pytest.fixture(scope="session")
def make_rule() -> Callable[..., Rule]:
    """Make a rule of the effect whose body is given; the other keys are filled in."""
    return _rule


@pytest.fixture(scope="session")
def make_groups() -> Callable[[Mapping[str, Values]], Groups]:
    """Make groups of plain values; titles are filled in."""
    return _groups


@pytest.fixture(scope="session")
def shipped() -> RuleSet:
    """Load the rules that come with the program."""
    return load_ruleset([SHIPPED])


@pytest.fixture
def write_rules(tmp_path: Path) -> Iterator[Callable[[Mapping[str, str]], Path]]:
    """Write files, given by path and text, into the folder `rules` of an empty working folder."""

    def write(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            file = tmp_path / "rules" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return Path("rules")

    with contextlib.chdir(tmp_path):
        yield write
