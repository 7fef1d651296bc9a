import pytest

from auditor.engine.request import Limit


@pytest.mark.parametrize(
    ("limit", "count", "whole", "exceeded"),
    [
        ("0", 0, 100, False),
        ("0", 1, 100, True),
        ("20", 20, 100, False),
        ("20", 21, 100, True),
        ("0.5%", 1, 200, False),
        ("0.5%", 2, 200, True),
        ("100%", 200, 200, False),
        ("0%", 0, 0, False),
    ],
)
def test_a_limit_allows_what_it_names(limit: str, count: int, whole: int, *, exceeded: bool) -> None:
    assert Limit.of(limit).exceeded_by(count, whole) is exceeded


@pytest.mark.parametrize("text", ["", "x", "101%", "-1", "1.5", "nan", "inf%", "1%%", "0x10"])
def test_what_is_no_limit_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=f"^`{text}`"):
        Limit.of(text)


@pytest.mark.parametrize("text", ["0", "20", "0.5%", "100%"])
def test_a_limit_is_printed_as_it_was_written(text: str) -> None:
    assert str(Limit.of(text)) == text
