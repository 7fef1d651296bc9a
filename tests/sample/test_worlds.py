from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sample_logs.generator.facts import EVERYWHERE, ROLES, Facts
from sample_logs.generator.rules import RULES, USE, Rule, outcomes_of, verdict_of

RULE = {rule.id: rule for rule in RULES}
PROMISE = datetime(2020, 4, 3, tzinfo=UTC)
NOON = datetime(2020, 4, 14, 12, tzinfo=UTC)
IN_WINDOW = datetime(2020, 3, 25, 12, tzinfo=UTC)
CLOSED = datetime(2020, 3, 27, 18, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CODES = st.frozensets(st.sampled_from(sorted(EVERYWHERE)), min_size=1)


def facts(  # noqa: PLR0913  one default for each fact keeps the tables short
    relay: str = "US",
    *,
    participant: str = "US",
    home: str | None = "US",
    role: str = "media",
    at: datetime = NOON,
    until: datetime | None = NOON + SECOND,
    use_proved: bool = True,
    tier: str | None = "primary",
    failed: int | None = 0,
) -> Facts:
    codes, people = (EVERYWHERE if text == "*" else frozenset(text.split()) for text in (relay, participant))
    return Facts(codes, people, home, role, at, until, use_proved, tier, failed)


def fallback(  # noqa: PLR0913  one default for each fact keeps the tables short
    relay: str = "US",
    *,
    home: str | None = "EU",
    role: str = "media",
    at: datetime = IN_WINDOW,
    tier: str | None = "fallback",
    failed: int | None = 2,
    use_proved: bool = True,
) -> Facts:
    return facts(
        relay,
        home=home,
        role=role,
        at=at,
        until=at + SECOND,
        use_proved=use_proved,
        tier=tier,
        failed=failed,
    )


@pytest.mark.parametrize(
    ("case", "rule", "verdict"),
    [
        (facts("US"), "us-home-fence", "compliant"),
        (facts("CA"), "us-home-fence", "violation"),
        (facts("CA CN"), "us-home-fence", "violation"),
        (facts("US CN"), "us-home-fence", "indeterminate"),
        (facts("*"), "us-home-fence", "indeterminate"),
        (facts("CA", home="EU"), "us-home-fence", "not_applicable"),
        (facts("CA", home=None), "us-home-fence", "indeterminate"),
        (facts("US", home=None), "us-home-fence", "compliant"),
        (facts("CA", role="gateway"), "us-home-fence", "not_applicable"),
        (facts("CA", role="unknown"), "us-home-fence", "indeterminate"),
        (facts("CA", use_proved=False), "us-home-fence", "indeterminate"),
        (facts("GB", home="EU"), "eu-fence-2020", "compliant"),
        (facts("CH", home="EU"), "eu-fence-2020", "compliant"),
        (facts("DE CN", home="EU"), "eu-fence-2020", "indeterminate"),
        (facts("US", home="EU"), "eu-fence-2020", "violation"),
        (facts("CN"), "cn-exclusion", "violation"),
        (facts("HK"), "cn-exclusion", "compliant"),
        (facts("CN", participant="CN"), "cn-exclusion", "not_applicable"),
        (facts("CN", participant="HK"), "cn-exclusion", "violation"),
        (facts("CN", participant="CN US"), "cn-exclusion", "indeterminate"),
        (facts("DE", participant="*"), "cn-exclusion", "compliant"),
        (facts("CN", role="edge_transit"), "cn-exclusion-other", "violation"),
        (facts("CN", role="unknown"), "cn-exclusion-other", "indeterminate"),
        (facts("CN", role="unknown"), "cn-exclusion-account", "violation"),
        (facts("CN", home="CN"), "cn-exclusion-account", "not_applicable"),
        (facts("CN", home=None), "cn-exclusion-account", "indeterminate"),
        (facts("TW"), "greater-china-watch", "violation"),
    ],
)
def test_the_worlds_agree_with_the_page(case: Facts, rule: str, verdict: str) -> None:
    assert verdict_of(RULE[rule], case) == verdict


@pytest.mark.parametrize(
    ("at", "until", "verdict"),
    [
        (PROMISE, PROMISE + SECOND, "violation"),
        (PROMISE - SECOND, PROMISE + SECOND, "violation"),
        (PROMISE - SECOND, PROMISE, "not_applicable"),
        (PROMISE - SECOND, None, "indeterminate"),
        (PROMISE - timedelta(hours=24), None, "not_applicable"),
        (PROMISE - timedelta(hours=24) + SECOND, None, "indeterminate"),
    ],
)
def test_a_rule_in_force_before_the_end_judges(at: datetime, until: datetime | None, verdict: str) -> None:
    assert verdict_of(RULE["us-home-fence"], facts("CA", at=at, until=until)) == verdict


@pytest.mark.parametrize(
    ("case", "worlds"),
    [
        (fallback(), {USE}),
        (fallback(role="signaling"), {USE}),
        (fallback(at=CLOSED - SECOND), {USE}),
        (fallback(at=CLOSED), {"violation"}),
        (fallback(at=PROMISE), {USE}),
        (fallback("DE"), {"compliant"}),
        (fallback("DE US"), {"compliant", USE}),
        (fallback("SG US"), {"violation", USE}),
        (fallback("SG", tier=None), {"violation"}),
        (fallback(tier=None), {"violation", USE}),
        (fallback(tier="primary"), {"violation"}),
        (fallback(failed=None), {"violation", USE}),
        (fallback(failed=1), {"violation"}),
        (fallback(role="keys"), {"violation"}),
        (fallback(role="unknown"), {"violation", "not_applicable", USE}),
        (fallback(home=None), {"not_applicable", USE}),
        (fallback(use_proved=False), {"not_applicable", USE}),
        (fallback(home="US"), {"not_applicable"}),
    ],
)
def test_a_fallback_is_a_use_where_all_conditions_hold(case: Facts, worlds: set[str]) -> None:
    assert outcomes_of(RULE["eu-fence-2020"], case) == worlds


@pytest.mark.parametrize(
    ("case", "comes_of", "verdict"),
    [
        (fallback(), {"excused"}, "excused"),
        (fallback(), {"violation"}, "violation"),
        (fallback(), {"excused", "violation"}, "indeterminate"),
        (fallback("DE US"), {"excused"}, "excused"),
        (fallback("DE US"), {"violation"}, "indeterminate"),
        (fallback(tier=None), {"excused"}, "indeterminate"),
        (fallback(tier=None), {"violation"}, "violation"),
        (fallback(home=None), {"excused"}, "excused"),
        (fallback("DE"), {"violation"}, "compliant"),
    ],
)
def test_the_limits_decide_in_the_worlds_of_a_use(case: Facts, comes_of: set[str], verdict: str) -> None:
    assert verdict_of(RULE["eu-fence-2020"], case, frozenset(comes_of)) == verdict


@given(
    st.sampled_from(RULES),
    CODES,
    CODES,
    st.sampled_from(("US", "EU", "CN", None)),
    st.sampled_from(sorted(ROLES)),
)
def test_every_single_place_decides_and_their_union_says_no_more(
    rule: Rule, relay: frozenset[str], participant: frozenset[str], home: str | None, role: str
) -> None:
    def said(places: frozenset[str]) -> str:
        return verdict_of(rule, Facts(places, participant, home, role, NOON, NOON + SECOND))

    alone = {said(frozenset((place,))) for place in relay}
    if alone == {"violation"}:
        assert said(relay) == "violation"
    elif alone & {"violation", "indeterminate"}:
        assert said(relay) == "indeterminate"
    else:
        assert said(relay) in alone
