"""Each answer, hint, reason and entry of a relay list in words."""
# ruff: noqa: RUF001  what is told stands with the apostrophes of print

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import auditor.geo
from auditor.geo.candidates import PARTICIPANT, RELAY
from auditor.geo.schemas import Opinion
from auditor.geo.weighing import said_of
from auditor.report.answers import agreement_phrase, answer_phrase
from auditor.report.explain import Background, sentences_of
from auditor.report.hints import hint_sentences
from auditor.report.reasons import REASONS, reason_of
from auditor.report.relay_lists import entries_in, finding_phrases, incident_phrases, list_sentence
from tests.report.places import RELIED_ON, TOO_FAR
from tests.report.rows import Row, answer, aside, at, finding, list_entry, location, rule

ATTESTED = {"basis": "site_visit", "attested_by": "noc@example.com"}
ATTESTED_WORDS = "basis site visit, attested by noc@example.com, transfer basis SCC"
NO_RECORD = aside(answer(4, "DBIP-Country-Lite", None, None, "2020-04-01"), "no record of this address")
INVENTORY = answer(1, "inventory i.csv:3", "DE", None, "2020-02-01")
MAXMIND = answer(4, "GeoIP2-Country", "CN", None, "2020-03-31")
DECLARED = answer(4, "relay_country_declared", "DE", None, None)

ANSWERS: list[tuple[Row, str]] = [
    (
        INVENTORY | ATTESTED | {"transfer_basis": "SCC", "prefix": "1.0.0.0/24"},
        f"inventory i.csv:3, {ATTESTED_WORDS}, since 1 February 2020, 1.0.0.0/24: DE",
    ),
    (INVENTORY | {"country": "DE NL"}, "inventory i.csv:3, since 1 February 2020: DE NL"),
    (answer(2, "AWS", "DE", None, "2020-03-30"), "AWS, published 30 March 2020: DE"),
    (
        answer(3, "ledger: GeoIP2-Country", "CN", None, "2020-03-31", observed_at=at("2020-04-03")),
        "recorded on 3 April 2020 from GeoIP2-Country, built 31 March 2020: CN",
    ),
    (MAXMIND | {"city": "Beijing"}, "GeoIP2-Country, built 31 March 2020: CN (Beijing)"),
    (aside(MAXMIND, TOO_FAR), f"GeoIP2-Country, built 31 March 2020: CN; not counted, as {TOO_FAR}"),
    (NO_RECORD, "DBIP-Country-Lite, built 1 April 2020: no country; no record of this address"),
    (DECLARED, "the log itself (relay_country_declared): DE"),
    (answer(5, "a geofeed", "SG", None, "2020-04-01"), "a geofeed, published 1 April 2020: SG"),
    (
        aside(answer(None, "GeoLite2-ASN", None, None, None), "it knows networks, not places"),
        "GeoLite2-ASN: no country; it knows networks, not places",
    ),
    (answer(4, "x", None, None, None), "x: no country"),
]


@pytest.mark.parametrize(("answered", "said"), ANSWERS)
def test_each_answer_is_told_with_its_date_and_why_it_does_not_count(answered: Row, said: str) -> None:
    assert str(answer_phrase(answered)) == said


MAXMIND_SAYS = "GeoIP2-Country says CN."
KEPT = "What each leaves open is kept."
SILENT = "DBIP-Country-Lite names no country."
ALONE = "No second source was there to confirm or to disagree."
AGREEMENTS: list[tuple[list[str], list[Row], str]] = [
    (
        ["agreed"],
        [INVENTORY, MAXMIND | {"country": "DE"}, answer(2, "AWS", "DE", None, None)],
        "3 sources agree, and none disagrees.",
    ),
    (
        ["agreed"],
        [INVENTORY, INVENTORY | {"source": 'inventory i.csv:9, site "A"'}, MAXMIND | {"country": "DE"}],
        "2 sources agree, and none disagrees.",
    ),
    (
        ["contested"],
        [INVENTORY, MAXMIND],
        f"The sources disagree: the inventory says DE, {MAXMIND_SAYS} {KEPT}",
    ),
    (
        ["contested"],
        [INVENTORY, DECLARED, MAXMIND, NO_RECORD],
        f"The sources disagree: the inventory and the log itself say DE, {MAXMIND_SAYS} {KEPT} {SILENT}",
    ),
    (
        ["geofeed"],
        [INVENTORY, answer(5, "a geofeed", "SG", None, None)],
        f"{REASONS['geofeed'].text}: a geofeed says SG.",
    ),
    (
        ["single_source"],
        [MAXMIND, NO_RECORD, NO_RECORD | {"source": "IPinfo"}],
        f"{ALONE} DBIP-Country-Lite and IPinfo name no country.",
    ),
    (
        ["single_source"],
        [INVENTORY, aside(MAXMIND, RELIED_ON)],
        f"{ALONE} Not counted, and of another mind: {MAXMIND_SAYS}",
    ),
    (
        ["single_source"],
        [INVENTORY, aside(MAXMIND | {"country": "DE"}, RELIED_ON)],
        ALONE,
    ),
    (
        ["footprint"],
        [INVENTORY | {"country": "DE NL"}],
        "A source that counts names several countries for the relay at once; no source contradicts it.",
    ),
    (
        ["single_source"],
        [INVENTORY, aside(answer(None, "GeoLite2-ASN", None, None, None), "networks")],
        ALONE,
    ),
    (
        ["single_source"],
        [MAXMIND, aside(answer(1, "inventory", None, None, None), "the inventory has no line")],
        f"{ALONE} The inventory names no country.",
    ),
    (
        ["agreed"],
        [INVENTORY, aside(answer(1, "inventory", None, None, None), "no line for this site"), DECLARED],
        "2 sources agree, and none disagrees.",
    ),
    (
        ["single_source"],
        [INVENTORY, NO_RECORD | {"source": "ipinfo generic"}],
        f"{ALONE} ipinfo generic names no country.",
    ),
]


@pytest.mark.parametrize(("reasons", "answers", "said"), AGREEMENTS)
def test_agreement_disagreement_and_silence_are_stated(
    reasons: list[str], answers: list[Row], said: str
) -> None:
    assert str(agreement_phrase(location(reasons=reasons, answers=answers))) == said


def test_where_nothing_counts_the_reasons_are_told() -> None:
    row = location(reasons=["no_record", "unknown_site"], candidates=None, answers=[NO_RECORD])
    assert str(agreement_phrase(row)) == (
        "The relay’s address is in no source of location. The relay’s site is not in the inventory. "
        "DBIP-Country-Lite names no country."
    )


REPRESENTS = "the address serves what represents United States (US)"
HINTS = [
    (
        "registered:CN",
        "the address block is registered in China (CN), which tells who holds it, not where it is used",
    ),
    (
        "registered:A1",
        "the address block is registered in A1, which tells who holds it, not where it is used",
    ),
    (
        "represents:US:military",
        f"{REPRESENTS} (military) abroad, as a base or an embassy does",
    ),
    (
        "represents:US",
        f"{REPRESENTS} abroad, as a base or an embassy does",
    ),
    ("continent:EU", "a source names the continent Europe (EU) and no country"),
    ("continent:XX", "a source names the continent XX and no country"),
    (
        "confidence:CN:55",
        "a database says China (CN) with a confidence of only 55 of 100, below what the audit asks for",
    ),
    (
        "confidence:CN:unknown",
        "a database says China (CN) without a confidence, below what the audit asks for",
    ),
    (
        "router:1.2.3.4",
        "the address is of a 6to4 tunnel, whose router is 1.2.3.4: the relay’s own place is another matter",
    ),
    ("network:AS64496 Example: Org", "the address belongs to the network AS64496 Example: Org"),
    ("anonymous:vpn", "a database of anonymisers lists the address as that of a VPN"),
    ("anonymous", "a database of anonymisers lists the address, and does not say of what kind it is"),
    ("anonymous:newer", "anonymous:newer"),
    ("hosting", "the address belongs to a hosting provider, as those of relays do"),
    ("region:AWS eu-central-1", "AWS lists the address under its region eu-central-1"),
    (
        "flag:anycast:5",
        "a flag anycast of a database reads “5”, which is neither yes nor no, and was taken as set",
    ),
    ("a new hint", "a new hint"),
    ("stale:CN:long ago", "stale:CN:long ago"),
]


@pytest.mark.parametrize(("hint", "words"), HINTS)
def test_each_hint_has_a_sentence(hint: str, words: str) -> None:
    (sentence,) = hint_sentences(location(hints=[hint]), at("2020-04-02"))
    assert str(sentence) == f"A hint that judges nothing: {words}."


CN = "days from the call, says China (CN)."
FAR = "A hint that judges nothing, as it is too far in time: "


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (
            [
                aside(answer(4, "GeoIP2-Country", "CN", "1.0.0.0/8", "2019-12-24"), TOO_FAR),
                aside(answer(4, "GeoIP2-Country", "CN", "1.0.0.0/8", "2019-11-24"), "superseded"),
                aside(answer(4, "GeoLite2-Country", "US", "1.0.0.0/8", "2019-12-25"), TOO_FAR),
            ],
            f"GeoIP2-Country, built 24 December 2019, 1.0.0.0/8, 100 {CN}",
        ),
        (
            [aside(answer(3, "ledger: x", "CN", None, "2020-01-01", observed_at=at("2020-01-02")), TOO_FAR)],
            f"recorded on 2 January 2020 from x, built 1 January 2020, 91 {CN}",
        ),
        ([answer(4, "x", "CN", None, "2019-12-24")], "an answer beyond 35 days says China (CN)."),
        ([], "an answer beyond 35 days says China (CN)."),
    ],
)
def test_an_answer_that_is_too_old_is_a_hint_with_its_source_and_its_age(
    answers: list[Row], words: str
) -> None:
    row = location(hints=["stale:CN:>35d"], answers=answers)
    assert [str(each) for each in hint_sentences(row, at("2020-04-02T12:00:00"))] == [f"{FAR}{words}"]


def test_hints_stand_with_the_evidence_of_the_place() -> None:
    row = location(hints=["registered:CN"], answers=[MAXMIND], reasons=["single_source"])
    lines = sentences_of(finding(1), rule=rule(), location=row)
    assert [line.startswith("    ") for line in lines[1:6]] == [False, True, True, True, False]
    assert lines[4].startswith("    A hint that judges nothing: the address block is registered in China")


def _strings(node: ast.expr | None, module: object) -> Iterator[str]:
    """Find the texts that an expression can give, also by a name of its module."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Name) and isinstance(value := getattr(module, node.id, None), str):
        yield value
    elif isinstance(node, ast.IfExp):
        yield from _strings(node.body, module)
        yield from _strings(node.orelse, module)


_REASON_AT = {"Said": 1, "Answer": 4}
"""The place of `reason` among the arguments of what carries one."""


def _reasons_in(path: Path) -> Iterator[str]:
    root = Path(next(iter(auditor.geo.__path__)))
    name = ".".join(("auditor.geo", *path.relative_to(root).with_suffix("").parts))
    module = importlib.import_module(name.removesuffix(".__init__"))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "reason":
                    yield from _strings(keyword.value, module)
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            if len(node.args) > (place := _REASON_AT.get(called, 9)):
                yield from _strings(node.args[place], module)


WRITTEN = sorted(
    {
        reason
        for folder in auditor.geo.__path__
        for path in Path(folder).rglob("*.py")
        for reason in _reasons_in(path)
    }
)
DESIGNED = {
    *("embedded_not_public", "nat64_prefix_unknown", "tunnel", "anycast", "private_relay"),
    *("private_client", "not_public", "masked", "unparsable", "hostname_only"),
    *("no_relay_address", "single_source", "agreed", "contested", "footprint"),
    *("provider_global", "no_record", "no_country", "continent_only", "not_a_country"),
    *("stale_location", "low_confidence", "unknown_region", "unknown_site", "no_source"),
    *("anonymised", "geofeed", "no_client", "declared_only"),
}


def test_the_reasons_that_geo_writes_are_found() -> None:
    assert {"no_record", "stale_location", "provider_global", "unknown_region", "anonymised"} <= set(WRITTEN)
    assert {"not_a_country", "low_confidence", "continent_only", "no_country", "anycast"} <= set(WRITTEN)


@pytest.mark.parametrize(
    "reason", sorted({*WRITTEN, *DESIGNED, *RELAY.silent.values(), *PARTICIPANT.silent.values()})
)
def test_every_reason_of_geo_has_words_and_says_what_would_settle_it(reason: str) -> None:
    assert reason in REASONS
    of_participant = reason_of(f"participant:{reason}")
    assert of_participant.brief.startswith("Participant: ")
    words = (*_words(reason), of_participant.brief, of_participant.text, of_participant.settled_by)
    assert not [text for text in words if reason in text and "_" in reason]


def _words(reason: str) -> tuple[str, str, str]:
    found = reason_of(reason)
    return found.brief, found.text, found.settled_by


def test_every_hint_that_geo_writes_has_words() -> None:
    record: dict[str, Any] = {
        "country": "CN", "registered": "US", "represented": "US", "represented_type": "military",
        "confidence": 5, "network": 64496, "organization": "Example", "vpn": True, "public_proxy": True,
        "residential_proxy": True, "tor": True, "hosting": True, "anycast": "often", "anonymous": True,
    }  # fmt: skip
    nowhere = {"country": None, "continent": "EU"}
    alone = {"anonymous": True, "country": None}
    records = [record, record | {"anycast": None}, nowhere, alone]
    hints = {hint for opinion in Opinion for each in records for hint in said_of(opinion, each, 80).hints}
    kinds = {"registered", "represents", "confidence", "network", "anonymous", "hosting", "flag", "continent"}
    assert kinds <= {hint.partition(":")[0] for hint in hints}
    for hint in hints:
        (sentence,) = hint_sentences(location(hints=[hint]), None)
        assert hint not in str(sentence) or hint in ("hosting", "anonymous")


ENTRY = "lists/fallback.csv:7"
SINCE = "lists/fallback.csv, line 7, since 24 Mar 2020 until 6 Apr 2020"


@pytest.mark.parametrize(
    ("entries", "unlisted", "single", "said"),
    [
        (None, None, 20, []),
        ([list_entry(ENTRY)], 0, 20, [f"entry {SINCE}"]),
        ([list_entry(ENTRY, until=None)], 3, 20,
         ["entry lists/fallback.csv, line 7, since 24 Mar 2020", "3 of 20 allowed by no entry of a relay list"]),  # noqa: E501  as the report has it
        ([], 20, 20, ["allowed by no entry of a relay list"]),
        ([], 20, 0, []),
        ([list_entry(f"a.csv:{line}", until=None) for line in range(2, 8)], 0, 9,
         [*(f"entry a.csv, line {line}, since 24 Mar 2020" for line in (2, 3, 4)), "and 3 more entries"]),
    ],
)  # fmt: skip
def test_an_incident_says_which_entry_allowed_it_and_since_when(
    entries: list[Row] | None, unlisted: int | None, single: int, said: list[str]
) -> None:
    row = {"list_entries": entries, "findings_on_no_list": unlisted, "connections_possible": single}
    assert [str(each) for each in incident_phrases(row)] == said


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (None, []),
        ([], ["Allowed by no entry of a relay list"]),
        ([ENTRY], ["Entry lists/fallback.csv, line 7"]),
        (["no place"], ["Entry no place"]),
        ([f"a:{line}" for line in range(5)], [*(f"Entry a, line {line}" for line in range(3)), "and 2 more"]),
    ],
)
def test_a_finding_says_which_entry_allowed_it(entries: list[str] | None, said: list[str]) -> None:
    assert [str(each) for each in finding_phrases({"list_entries": entries})] == said


ON_NONE = (
    "The relay was allowed by no entry of a relay list: none of the lists given to the audit had it then for "
    "this region, in this role and tier."
)
HANDED = "The relay was handed to clients of this region: relay list"
FIRST = "lists/fallback.csv, line 7 (“TJ-1”)"
UNTIL = "since 24 March 2020 until 6 April 2020"


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (None, ""),
        ([], ON_NONE),
        ([ENTRY], f"{HANDED} entry {FIRST}, {UNTIL}."),
        (["b.csv:2"], f"{HANDED} entry b.csv, line 2."),
        (
            [ENTRY, "b.csv:2", "c.csv:3"],
            f"{HANDED} entries {FIRST}, {UNTIL}, b.csv, line 2 and c.csv, line 3.",
        ),
    ],
)
def test_an_explanation_says_since_when_an_entry_allowed_the_relay(
    entries: list[str] | None, said: str
) -> None:
    known = entries_in([{"list_entries": [list_entry(ENTRY)]}, {"list_entries": None}])
    row = finding(1, list_entries=entries)
    assert str(list_sentence(row, known)) == said
    lines = sentences_of(row, rule=rule(), location=None, background=Background(entries=known))
    assert (f"  {said}" in lines) is bool(said)
    assert ("relay list" in "\n".join(lines)) is bool(said)


def test_a_long_list_of_entries_is_cut_and_counted() -> None:
    row = finding(1, list_entries=[f"a.csv:{line}" for line in range(14)])
    assert str(list_sentence(row, {})).endswith("a.csv, line 9 and 4 more.")
