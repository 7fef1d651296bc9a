from pathlib import Path

import pytest

from tests.geo.treatment.cases import CASES, Case
from tests.geo.treatment.opening import atlas_of, located


@pytest.mark.parametrize("case", CASES, ids=[case.about for case in CASES])
def test_several_sources_become_one_set(case: Case, tmp_path: Path) -> None:
    found = located(atlas_of(case.sources, tmp_path), case.columns)
    assert found["key"] == case.key
    assert set(found["reasons"]) == set(case.reasons)
    assert set(case.hints) <= set(found["hints"])


def test_no_two_cases_have_one_name() -> None:
    assert len({case.about for case in CASES}) == len(CASES)
