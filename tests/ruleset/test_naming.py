"""Sets of countries under the names that rules write."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.countries import COUNTRIES
from auditor.ruleset.groups import Groups
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import Rule
from auditor.ruleset.table import Subject
from auditor.ruleset.tables.naming import Names

MakeRule = Callable[..., Rule]
MakeGroups = Callable[[Mapping[str, Any]], Groups]

EARLY, LATE = datetime(2020, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)
BIG = frozenset({"AT", "BE", "BG", "CY", "CZ", "DE", "DK"})
SETS = {"BIG": BIG, "PAIR": frozenset({"CN", "HK"}), "US": frozenset({"US"})}
NAMES = Names(SETS, COUNTRIES - BIG - {"CN", "HK", "US"})


@pytest.mark.parametrize(
    ("countries", "words"),
    [
        (COUNTRIES, "anywhere"),
        (BIG, "BIG"),
        (BIG | {"US"}, "BIG or US"),
        (BIG - {"AT"}, "BIG but AT"),
        (BIG - {"AT", "BE"}, "BG, CY, CZ, DE or DK"),
        ({"CN"}, "CN"),
        ({"CN", "HK", "US"}, "PAIR or US"),
        (NAMES.elsewhere, "elsewhere"),
        (NAMES.elsewhere | {"US"}, "US or elsewhere"),
        (NAMES.elsewhere - {"FR"} | {"US"}, "anywhere but BIG, PAIR or FR"),
        ({"FR", "GB"}, "FR or GB"),
    ],
)
def test_countries_are_named_shortly(countries: set[str], words: str) -> None:
    assert NAMES.words(frozenset(countries)) == words


def test_what_the_first_name_has_comes_first() -> None:
    assert [NAMES.rank(code) for code in ("DE", "HK", "US", "FR")] == [0, 1, 2, 3]


def test_a_name_is_used_only_where_it_means_the_same_throughout(
    make_rule: MakeRule, make_groups: MakeGroups
) -> None:
    groups = make_groups(
        {"GROUP": {"members": [{"code": "DE"}, {"code": "FR", "from": "2023-01-01T00:00:00Z"}]}}
    )
    subject = Subject(make_rule(fence={"allow": ["GROUP"]}), RuleSet.of([], groups))
    late = Names.during(["GROUP", "US"], [subject], [LATE])
    both = Names.during(["GROUP", "US"], [subject], [EARLY, LATE])
    assert late.words(frozenset({"DE", "FR"})) == "GROUP"
    assert both.words(frozenset({"DE", "FR"})) == "DE or FR"
    assert both.elsewhere == late.elsewhere == COUNTRIES - {"DE", "FR", "US"}


def test_a_name_is_used_only_where_it_means_the_same_to_all(
    make_rule: MakeRule, make_groups: MakeGroups
) -> None:
    rule = make_rule(fence={"allow": ["GROUP"]})
    one, other, without = (
        Subject(rule, RuleSet.of([], make_groups(groups)))
        for groups in (
            {"GROUP": {"members": [{"code": "DE"}]}},
            {"GROUP": {"members": [{"code": "FR"}]}},
            {},
        )
    )
    assert Names.during(["GROUP"], [one, one], [LATE]).sets == {"GROUP": frozenset({"DE"})}
    assert Names.during(["GROUP"], [one, other], [LATE]) == Names({}, COUNTRIES - {"DE", "FR"})
    assert Names.during(["GROUP"], [one, without], [LATE]) == Names({}, COUNTRIES - {"DE"})
