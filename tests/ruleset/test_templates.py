"""New rules to start from: they load as they are written, and say what a person must decide."""

import re

import pytest

from auditor.errors import UsageError
from auditor.ruleset.loader import load_ruleset
from auditor.ruleset.schema import Effect
from auditor.ruleset.templates import MARK, rule_template
from auditor.ruleset.testing import failures_in
from tests.ruleset.rule_files import WriteRules

EFFECTS = pytest.mark.parametrize("effect", Effect)


@EFFECTS
def test_a_new_rule_loads_and_passes_its_cases(write_rules: WriteRules, effect: Effect) -> None:
    ruleset = load_ruleset([write_rules({"mine.yaml": rule_template("mine", effect)})])
    (rule,) = ruleset.rules
    assert (rule.id, rule.effect, rule.is_draft) == ("mine", effect, True)
    assert failures_in(rule, ruleset) == []


@EFFECTS
def test_what_is_commented_out_loads_too(write_rules: WriteRules, effect: Effect) -> None:
    text = re.sub(r"^( *)# ?(?=( *)(- )?[a-z_]+:)", r"\1", rule_template("mine", effect), flags=re.MULTILINE)
    text = re.sub(r"^#   (  )?#.*\n", "", text, flags=re.MULTILINE)
    if effect is Effect.WATCH:
        text = re.sub(r"^ *must_observe.*\n", "", text, flags=re.MULTILINE)
    (rule,) = load_ruleset([write_rules({"mine.yaml": text})]).rules
    assert rule.approved
    assert rule.scope.participant
    assert rule.scope.labels
    assert rule.expect_connections
    assert [clause.id for clause in getattr(rule, "exceptions", ())] == ["congestion"] * (effect == "fence")


@EFFECTS
def test_each_key_is_explained_and_what_is_to_be_decided_is_marked(effect: Effect) -> None:
    lines = rule_template("mine", effect).splitlines()
    keys = [line for line in lines[: lines.index("tests:")] if re.match(r"(  )?[a-z_]+:", line)]
    for line in keys:
        above = lines[lines.index(line) - 1]
        assert above.strip().startswith("# "), line
        assert above.endswith("."), line
    assert sum(MARK in line for line in lines) > 7
    assert all(len(line) <= 110 for line in lines)
    assert "#:" not in "\n".join(lines)


@pytest.mark.parametrize("rule_id", ["", "-a", "EU", "a b", "../a", "a/b", "a.yaml", "a" * 65, "a\n"])
def test_what_is_no_id_is_refused(rule_id: str) -> None:
    with pytest.raises(UsageError, match="is no id of a rule"):
        rule_template(rule_id, Effect.FENCE)
