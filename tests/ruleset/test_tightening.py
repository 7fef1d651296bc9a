"""A rule that extends another may only tighten it: each way to loosen it has its message."""

from collections.abc import Callable
from typing import Any

import pytest

from auditor.errors import RuleSetError
from auditor.ruleset.groups import Groups
from auditor.ruleset.loader import load_ruleset
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import FenceRule, Rule, place_names
from auditor.ruleset.tightening import loosenings
from tests.ruleset.rule_files import RULE, SOUND, WriteRules

MakeRule = Callable[..., Rule]
Values = dict[str, Any]

SHARE = {"share_of_calls": {"max": 0.01, "per": "account", "over": "day"}}


def _exception(**given: object) -> Values:
    return {"id": "e", "why": "x", "allow": ["GB"], **given}


def _fence(*exceptions: Values, **given: object) -> Values:
    return {"fence": {"allow": ["DE", "FR"]}, "exceptions": list(exceptions), **given}


def _loosenings(parent: Values, child: Values, make_rule: MakeRule) -> list[str]:
    rules = [make_rule(**parent, id="parent"), make_rule(**child, id="child", extends="parent")]
    return list(loosenings(rules[1], rules[0], RuleSet.of(rules, Groups({}))))


@pytest.mark.parametrize(
    ("parent", "child", "message"),
    [
        (
            _fence(),
            _fence(fence={"allow": ["DE", "FR", "IT"]}),
            (
                "from 2020-01-01T00:00:00Z, media, relay in IT, participant in AD: "
                "violation under `parent`, compliant under `child`"
            ),
        ),
        (
            _fence(),
            _fence(_exception()),
            (
                "from 2020-01-01T00:00:00Z, media, relay in GB, participant in AD: "
                "violation under `parent`, excused under `child`"
            ),
        ),
        (
            _fence(_exception(when={"tier": ["fallback"]})),
            _fence(_exception()),
            (
                "from 2020-01-01T00:00:00Z, media, relay in GB, participant in AD, primary: "
                "violation under `parent`, excused under `child`"
            ),
        ),
        (
            _fence(_exception(limits={"connections_per_call": 1})),
            _fence(_exception()),
            (
                "from 2020-01-01T00:00:00Z, media, relay in GB, participant in AD: "
                "excused under `parent`, excused under `child`"
            ),
        ),
        (
            _fence(),
            _fence(scope={"home_region": ["EU"]}),
            (
                "from 2020-01-01T00:00:00Z, media, relay in AD, participant in AD: "
                "violation under `parent`, not_applicable under `child`"
            ),
        ),
        (
            _fence(scope={"roles": ["media", "keys"]}),
            _fence(scope={"roles": ["media"]}),
            (
                "from 2020-01-01T00:00:00Z, keys, relay in AD, participant in AD: "
                "violation under `parent`, not_applicable under `child`"
            ),
        ),
        (
            _fence(),
            _fence(in_force={"from": "2020-02-01T00:00:00Z"}),
            (
                "from 2020-01-01T00:00:00Z, media, relay in AD, participant in AD: "
                "violation under `parent`, not_applicable under `child`"
            ),
        ),
        (
            _fence(),
            _fence(in_force={"from": "2020-01-01T00:00:00Z", "until": "2021-01-01T00:00:00Z"}),
            (
                "from 2021-01-01T00:00:00Z, media, relay in AD, participant in AD: "
                "violation under `parent`, not_applicable under `child`"
            ),
        ),
        (
            {"require": {"roles": ["recording"], "in": ["RU"]}},
            {"require": {"roles": ["recording"], "in": ["RU", "BY"]}},
            (
                "from 2020-01-01T00:00:00Z, recording, relay in BY, participant in AD: "
                "violation under `parent`, compliant under `child`"
            ),
        ),
        (
            {"never": {"in": ["CN"]}},
            {"watch": {"in": ["CN"]}},
            "`child` is a `watch`, milder than a `never`, as `parent` is",
        ),
        (
            {"never": {"in": ["CN"]}},
            {"fence": {"forbid": ["CN"]}},
            "`child` is a `fence`, milder than a `never`, as `parent` is",
        ),
        (
            _fence(scope={"must_observe": ["keys", "media"]}),
            _fence(scope={"must_observe": ["media"]}),
            "`child` does not observe keys, and `parent` does",
        ),
        (
            _fence(_exception(limits={"connections_per_call": 2})),
            _fence(_exception(limits={"connections_per_call": 3})),
            "exception `e`: connections_per_call is 3, more than 2",
        ),
        (
            _fence(_exception(limits={"minutes_per_call": 30})),
            _fence(_exception(limits={"minutes_per_call": 30.5})),
            "exception `e`: minutes_per_call is 30.5, more than 30",
        ),
        (
            _fence(_exception(limits=SHARE)),
            _fence(_exception(limits={"share_of_calls": {"max": 0.02, "per": "account", "over": "day"}})),
            "exception `e`: share_of_calls is 0.02, more than 0.01",
        ),
        (
            _fence(_exception(limits={"connections_per_call": 2})),
            _fence(_exception(id="other", limits={"minutes_per_call": 1})),
            "exception `other` has no limit connections_per_call, and `e` has 2",
        ),
        (
            _fence(_exception(limits={"connections_per_call": 2}, overflow="all")),
            _fence(_exception(limits={"connections_per_call": 2})),
            "exception `e`: overflow is `excess`, milder than `all`",
        ),
        (
            _fence(_exception(limits={"connections_per_call": 2})),
            _fence(
                _exception(id="a", roles=["media"], limits={"connections_per_call": 2}),
                _exception(id="b", limits={"connections_per_call": 2}),
            ),
            "the uses that exception `e` counts together `child` counts apart, as `a`, `b`",
        ),
        (
            _fence(_exception(limits=SHARE), scope={"roles": ["media"]}),
            _fence(_exception(limits=SHARE), scope={"roles": ["media", "keys"]}),
            (
                "from 2020-01-01T00:00:00Z, keys, relay in AD, participant in AD is newly in scope, "
                "so that the share of calls of exception `e` grows"
            ),
        ),
    ],
)
def test_what_loosens_a_rule_is_told(
    make_rule: MakeRule, parent: Values, child: Values, message: str
) -> None:
    assert message in _loosenings(parent, child, make_rule)


@pytest.mark.parametrize(
    ("parent", "child"),
    [
        (_fence(), _fence()),
        (_fence(), _fence(fence={"allow": ["DE"]})),
        (_fence(), _fence(in_force={"from": "2019-01-01T00:00:00Z"})),
        (_fence(scope={"home_region": ["EU"]}), _fence(scope={"home_region": ["EU", "US"]})),
        (_fence(), _fence(scope={"must_observe": ["keys"]})),
        (_fence(_exception()), _fence()),
        (_fence(_exception()), _fence(_exception(limits={"connections_per_call": 9}))),
        (_fence(_exception()), _fence(_exception(when={"attempt_min": 2}))),
        (
            _fence(_exception(limits={"connections_per_call": 2})),
            _fence(_exception(limits={"connections_per_call": 1, "minutes_per_call": 5}, overflow="all")),
        ),
        (
            _fence(_exception(limits=SHARE), scope={"roles": ["media"]}),
            _fence(_exception(limits=SHARE), scope={"roles": ["media"]}),
        ),
        ({"watch": {"in": ["CN"]}}, {"never": {"in": ["CN", "HK"]}}),
        ({"fence": {"forbid": ["CN"]}}, {"never": {"in": ["CN"]}}),
        (
            {"require": {"roles": ["recording"], "in": ["RU"]}},
            {"require": {"roles": ["recording"], "in": ["RU"]}, "scope": {"must_observe": ["media"]}},
        ),
    ],
)
def test_what_is_equal_or_tighter_passes(make_rule: MakeRule, parent: Values, child: Values) -> None:
    assert _loosenings(parent, child, make_rule) == []


CHILD = """\
schema: auditor/rule@1
id: child
version: 1.0.0
extends: eu-fence
tests:
  - name: a case
    given: [{id: c, role: media, home_region: EU, relay: [DE]}]
    expect: {c: compliant}
"""
OWN_WORDS = CHILD + "statement: s\n"


def test_a_file_takes_what_it_does_not_say_from_the_rule_that_it_extends(write_rules: WriteRules) -> None:
    folder = write_rules(SOUND | {"child.yaml": OWN_WORDS + "fence:\n  allow: [EU27]\n"})
    child, parent = load_ruleset([folder]).rules
    own = {"id", "version", "status", "statement", "approved", "tests", "extends", "fence"}
    taken = set(FenceRule.model_fields) - own
    assert {name: getattr(child, name) for name in taken} == {name: getattr(parent, name) for name in taken}
    assert child.version == "1.0.0"
    assert parent.extends is None


def test_a_file_that_loosens_is_refused_with_the_first_thing_in_which_it_does(
    write_rules: WriteRules,
) -> None:
    looser = "statement: s\nfence:\n  allow: [EU27, CH, US]\nin_force: {from: '2020-02-01T00:00:00Z'}\n"
    with pytest.raises(RuleSetError) as raised:
        load_ruleset([write_rules(SOUND | {"child.yaml": CHILD + looser})])
    (fault,) = raised.value.faults
    assert fault.place == "rules/child.yaml:4:10"
    assert fault.text.startswith("extends: from 2020-01-01T00:00:00Z, media, relay in AD, home region EU")
    assert fault.text.endswith(": violation under `eu-fence`, not_applicable under `child`")


def test_a_rule_is_tighter_than_each_rule_above_it(write_rules: WriteRules) -> None:
    grandchild = CHILD.replace("id: child", "id: grandchild").replace("eu-fence", "child")
    tighter = OWN_WORDS + "fence:\n  allow: [EU27]\n"
    folder = write_rules(SOUND | {"child.yaml": tighter, "grandchild.yaml": grandchild})
    by_id = {rule.id: rule for rule in load_ruleset([folder]).rules}
    assert place_names(by_id["grandchild"]) == place_names(by_id["child"]) == (("EU27",),)
    with pytest.raises(RuleSetError, match="under `child`, compliant under `grandchild`"):
        load_ruleset(
            [write_rules({"grandchild.yaml": grandchild + "statement: s\nfence: {allow: [EU27, CH]}\n"})]
        )


def test_a_rule_with_another_effect_takes_no_body(write_rules: WriteRules) -> None:
    child = OWN_WORDS + "effect: never\nnever:\n  in: [GB, US]\n"
    parent = RULE.replace("  allow: [EU27, CH]", "  forbid: [GB]")
    folder = write_rules(SOUND | {"eu-fence.yaml": parent, "child.yaml": child})
    child_read, _ = load_ruleset([folder]).rules
    assert child_read.effect == "never"
