import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.countries import COUNTRIES, candidates_of
from auditor.geo import candidates
from auditor.geo.candidates import (
    PARTICIPANT,
    RELAY,
    Answer,
    Level,
    combine,
    combine_participant,
    silence_of,
)

PUBLIC = frozenset({"global"})


def says(*codes: str, level: Level | None = Level.DATABASE, source: str = "a") -> Answer:
    return Answer(source, level, frozenset(codes), " ".join(codes))


def silent(reason: str, *hints: str, level: Level | None = Level.DATABASE) -> Answer:
    return Answer("a", level, reason=reason, why_not=f"because of {reason}", hints=hints)


def attests(*codes: str) -> Answer:
    return replace(says(*codes, level=Level.ATTESTED), maker="inventory")


def edition_says(*codes: str, maker: str = "MaxMind") -> Answer:
    return replace(says(*codes), maker=maker)


CASES = {
    "one source, one country": ([], [says("DE")], "DE", ["single_source"]),
    "several, same country": ([], [says("DE"), says("DE")], "DE", ["agreed"]),
    "several, different": ([], [says("DE"), says("US")], "DE US", ["contested"]),
    "inventory and database agree": ([], [attests("DE"), says("DE")], "DE", ["agreed"]),
    "inventory and database disagree": ([], [attests("DE"), says("CN")], "CN DE", ["contested"]),
    "two lines of the inventory are one source": (
        [],
        [attests("DE"), attests("DE")],
        "DE",
        ["single_source"],
    ),
    "two editions of one maker are one source": (
        [],
        [edition_says("DE"), edition_says("DE")],
        "DE",
        ["single_source"],
    ),
    "editions of two makers agree": (
        [],
        [edition_says("DE"), edition_says("DE", maker="DBIP-City")],
        "DE",
        ["agreed"],
    ),
    "two editions of one maker disagree": (
        [],
        [edition_says("DE"), edition_says("US")],
        "DE US",
        ["contested"],
    ),
    "inventory at odds with itself": ([], [attests("DE"), attests("FR")], "DE FR", ["contested"]),
    "a footprint": ([], [attests("DE", "NL")], "DE NL", ["footprint"]),
    "a database within a footprint": ([], [attests("DE", "NL"), says("NL")], "DE NL", ["footprint"]),
    "a database outside a footprint": (
        [],
        [attests("DE", "NL"), says("US")],
        "DE NL US",
        ["contested", "footprint"],
    ),
    "anycast": ([], [silent("anycast"), says("US")], "*", ["anycast"]),
    "anycast in the inventory": ([], [attests("DE"), silent("anycast"), says("US")], "DE", ["single_source"]),
    "an anycast prefix": (["anycast"], [says("US")], "*", ["anycast"]),
    "an anycast prefix in the inventory": (["anycast"], [attests("DE"), says("US")], "DE", ["single_source"]),
    "no record": ([], [silent("no_record")], "*", ["no_record"]),
    "no record here, a country there": ([], [silent("no_record"), says("DE")], "DE", ["single_source"]),
    "several reasons": ([], [silent("no_record"), silent("no_country")], "*", ["no_country", "no_record"]),
    "stale": ([], [silent("stale_location")], "*", ["stale_location"]),
    "no source": ([], [], "*", ["no_source"]),
    "a hint is no source": ([], [says("CN", level=None)], "*", ["no_source"]),
    "a hint of anycast is no source": (
        [],
        [silent("anycast", level=None), says("DE")],
        "DE",
        ["single_source"],
    ),
    "a private relay": (["private_relay"], [], "*", ["private_relay"]),
    "a private relay in the inventory": (["private_relay"], [attests("DE")], "DE", ["single_source"]),
    "a private relay by the log's own word": (["private_relay"], [says("DE")], "DE", ["single_source"]),
    "a line that is not there is no reason": (
        ["masked"],
        [Answer("inventory", Level.ATTESTED, why_not="no line")],
        "*",
        ["masked"],
    ),
}


@pytest.mark.parametrize(("silences", "answers", "key", "reasons"), CASES.values(), ids=CASES.keys())
def test_answers_are_combined(
    silences: list[str], answers: list[Answer], key: str, reasons: list[str]
) -> None:
    found = combine(silences, answers)
    assert (found.key, list(found.reasons)) == (key, reasons)


def test_why_an_answer_does_not_count_is_told() -> None:
    answers = [attests("DE"), silent("anycast"), says("US"), silent("no_record")]
    assert combine([], answers).why_not == (
        None,
        "because of anycast",
        "the address is in many places at once: only the inventory counts",
        "because of no_record",
    )


def test_age_is_a_hint_only_where_nothing_counted() -> None:
    stale = silent("stale_location", "stale:CN:412d")
    assert combine([], [stale]).hints == ("stale:CN:412d",)
    assert combine([], [stale, says("DE")]).hints == ()


def test_a_registration_is_a_hint_where_it_differs() -> None:
    holder = Answer("b", None, hints=("registered:CN",), why_not="only a hint")
    assert combine([], [holder, says("DE")]).hints == ("registered:CN",)
    assert combine([], [holder, says("CN")]).hints == ()
    assert combine([], [holder]).hints == ("registered:CN",)


PARTICIPANTS = {
    "nothing at all": (["no_client"], [], None, "*", ["no_client"]),
    "only the record": (["no_client"], [], says("US"), "US", ["single_source"]),
    "only a record that is no country": (
        ["no_client"],
        [],
        silent("not_a_country"),
        "*",
        ["no_client", "not_a_country"],
    ),
    "only the address": ([], [says("US")], None, "US", ["single_source"]),
    "both, the same": ([], [says("US")], says("US"), "US", ["agreed"]),
    "both, different": ([], [says("CN")], says("US"), "CN US", ["contested"]),
    "an address that tells nothing": (["private_client"], [], says("US"), "*", ["private_client"]),
    "an address without a record": ([], [silent("no_record")], says("US"), "*", ["no_record"]),
    "an anycast address": ([], [silent("anycast")], says("US"), "*", ["anycast"]),
    "a record that is no country": ([], [says("US")], silent("not_a_country"), "US", ["single_source"]),
}


@pytest.mark.parametrize(
    ("silences", "answers", "declared", "key", "reasons"), PARTICIPANTS.values(), ids=PARTICIPANTS.keys()
)
def test_address_and_record_of_a_participant_are_united(
    silences: list[str], answers: list[Answer], declared: Answer | None, key: str, reasons: list[str]
) -> None:
    found = combine_participant(silences, answers, declared)
    assert (found.key, list(found.reasons)) == (key, reasons)


@pytest.mark.parametrize(
    ("kind", "inner_kind", "relay", "participant"),
    [
        ("global", None, None, None),
        ("nat64", "global", None, None),
        ("nat64", "private", "embedded_not_public", "embedded_not_public"),
        ("nat64_local", None, "nat64_prefix_unknown", "nat64_prefix_unknown"),
        ("sixtofour", "global", "tunnel", None),
        ("sixtofour", "private", "tunnel", "embedded_not_public"),
        ("teredo", "global", "tunnel", None),
        ("teredo", "documentation", "tunnel", "embedded_not_public"),
        ("anycast", None, "anycast", "anycast"),
        *(
            (kind, None, "private_relay", "private_client")
            for kind in ("private", "shared", "link_local", "loopback")
        ),
        *(
            (kind, None, "not_public", "not_public")
            for kind in ("documentation", "benchmark", "multicast", "broadcast")
        ),
        *(
            (kind, None, "not_public", "not_public")
            for kind in ("this_network", "protocol", "ipv4_compatible", "reserved")
        ),
        ("masked", None, "masked", "masked"),
        ("unparsable", None, "unparsable", "unparsable"),
        ("host_name", None, "hostname_only", "hostname_only"),
        ("absent", None, "no_relay_address", "no_client"),
    ],
)
def test_each_kind_of_address_is_silent_for_a_reason(
    kind: str, inner_kind: str | None, relay: str | None, participant: str | None
) -> None:
    assert silence_of(RELAY, kind, inner_kind, PUBLIC) == relay
    assert silence_of(PARTICIPANT, kind, inner_kind, PUBLIC) == participant


def test_documentation_can_be_made_public() -> None:
    public = PUBLIC | {"documentation"}
    assert silence_of(RELAY, "documentation", None, public) is None
    assert silence_of(PARTICIPANT, "teredo", "documentation", public) is None


def test_every_kind_of_the_table_has_its_reason() -> None:
    table = Path(candidates.__file__).parent / "special_addresses.csv"
    with table.open(encoding="utf-8", newline="") as file:
        kinds = {row["kind"] for row in csv.DictReader(file)} - {"mapped"}  # which becomes its IPv4
    for kind in kinds:
        for subject in (RELAY, PARTICIPANT):
            assert (silence_of(subject, kind, "global", PUBLIC) is None) == (
                kind == "global" or kind in subject.embedding
            )


CODES = st.sets(st.sampled_from(["CN", "DE", "US", "FR"]), min_size=1, max_size=2)
ANSWERS = st.lists(
    st.builds(lambda codes, level: says(*codes, level=level), CODES, st.sampled_from([*Level, None]))
    | st.builds(silent, st.sampled_from(["no_record", "anycast", "stale_location"]))
    | st.just(Answer("inventory", Level.ATTESTED, why_not="no line")),
    max_size=5,
)
SILENCES = st.lists(st.sampled_from(["private_relay", "anycast", "masked"]), max_size=2)


@settings(deadline=None)
@given(SILENCES, ANSWERS)
def test_no_set_is_empty_and_every_set_has_reasons(silences: list[str], answers: list[Answer]) -> None:
    found = combine(silences, answers)
    assert candidates_of(found.key)
    assert candidates_of(found.key) <= COUNTRIES
    assert found.reasons
    assert len(found.why_not) == len(answers)


@settings(deadline=None)
@given(SILENCES, ANSWERS, CODES)
def test_only_not_knowing_is_narrowed_by_one_more_answer(
    silences: list[str], answers: list[Answer], codes: set[str]
) -> None:
    before = candidates_of(combine(silences, answers).key)
    after = candidates_of(combine(silences, [*answers, says(*codes)]).key)
    assert after <= before if before == COUNTRIES else after >= before


@settings(deadline=None)
@given(SILENCES, ANSWERS)
def test_the_set_is_the_union_of_what_counted(silences: list[str], answers: list[Answer]) -> None:
    found = combine(silences, answers)
    counted = [answer for answer, why_not in zip(answers, found.why_not, strict=True) if why_not is None]
    assert candidates_of(found.key) == (frozenset().union(*(a.countries for a in counted)) or COUNTRIES)


@settings(deadline=None)
@given(SILENCES, ANSWERS)
def test_the_order_of_answers_is_invisible(silences: list[str], answers: list[Answer]) -> None:
    forward, backward = combine(silences, answers), combine(silences, answers[::-1])
    assert (forward.key, forward.reasons, forward.hints) == (backward.key, backward.reasons, backward.hints)
