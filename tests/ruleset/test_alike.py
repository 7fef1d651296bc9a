from hypothesis import given
from hypothesis import strategies as st

from auditor.countries import COUNTRIES, UNKNOWN_KEY, candidates_of, key_of
from auditor.ruleset.alike import Alike
from auditor.ruleset.choices import place_of

SETS = st.frozensets(st.sampled_from(sorted(COUNTRIES)), max_size=6)
SOME = st.frozensets(st.sampled_from(sorted(COUNTRIES)), min_size=1, max_size=6)


@given(st.lists(SETS, max_size=4), SOME)
def test_no_given_set_tells_a_candidate_set_from_what_stands_for_it(
    sets: list[frozenset[str]], candidates: frozenset[str]
) -> None:
    merged = candidates_of(Alike.within(sets).key(key_of(candidates)))
    assert len(merged) <= len(candidates)
    for one in sets:
        assert place_of(merged, one) is place_of(candidates, one)


def test_not_knowing_stays_not_knowing() -> None:
    assert Alike.within([{"CN"}]).key(UNKNOWN_KEY) == UNKNOWN_KEY


def test_countries_that_nothing_tells_apart_become_one() -> None:
    alike = Alike.within([{"CN", "HK"}, {"CN"}])
    assert len(set(alike.stands_for.values())) == 3
    assert alike.key("FR") == alike.key("DE") == alike.key("DE FR")
    assert alike.key("CN") != alike.key("HK") != alike.key("FR")
