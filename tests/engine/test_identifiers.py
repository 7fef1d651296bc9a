from string import ascii_uppercase

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.engine.identifiers import ALPHABET, canonical_text, identifier_of, identifiers_of, is_identifier

TEXTS = st.lists(st.text(max_size=20), min_size=1, max_size=20)


@given(TEXTS)
def test_the_vectorised_names_are_those_of_one_text_at_a_time(texts: list[str]) -> None:
    assert identifiers_of("F", pl.Series(texts)).to_list() == [identifier_of("F", text) for text in texts]


@given(st.text(max_size=20))
def test_every_name_agrees_with_its_check_symbol(text: str) -> None:
    assert is_identifier("F", identifier_of("F", text))


@given(st.text(max_size=20), st.integers(0, 12), st.sampled_from(ALPHABET))
def test_one_mistyped_symbol_is_noticed(text: str, place: int, symbol: str) -> None:
    name = identifier_of("F", text)
    at = [index for index, character in enumerate(name) if index > 0 and character != "-"][place]
    mistyped = name[:at] + symbol + name[at + 1 :]
    assert is_identifier("F", mistyped) is (mistyped == name)


@pytest.mark.parametrize(
    "text", ["", "F", "F-KC3J", "I-0000-0000-0000-0", "F-KC3J-WCDP-BCYH-I", "f-0000-0000-0000-0"]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    assert not is_identifier("F", text)


def test_the_alphabet_leaves_out_what_is_misread() -> None:
    assert set(ascii_uppercase) - set(ALPHABET) == set("ILOU")


def test_values_that_could_run_together_have_texts_of_their_own() -> None:
    rows = pl.DataFrame({"a": ["x", "x 1:y", None, "-"], "b": ["1:y", None, "x", "x"]})
    texts = rows.select(canonical_text("t", [pl.col("a"), pl.col("b")])).to_series()
    assert texts.n_unique() == rows.height
