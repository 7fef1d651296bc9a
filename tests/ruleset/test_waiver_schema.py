"""What a waiver file must say, and what a person reads when it does not."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from auditor.documents import Document, model_of, read_document
from auditor.model import Role
from auditor.ruleset.waiver_schema import TO_FILL_IN, Waiver, faults_among_waivers, is_waiver_id
from tests.ruleset.making_waivers import VALUES, waiver


def document_of(values: object, path: Path) -> Document:
    path.write_text(json.dumps(values), encoding="utf-8")
    read = read_document(path, name=path.name)
    assert isinstance(read, Document)
    return read


def faults_in(values: Mapping[str, object], folder: Path) -> list[str]:
    read = model_of(document_of(values, folder / "w.yaml"), Waiver)
    return [] if isinstance(read, Waiver) else [str(fault).partition(": ")[2] for fault in read]


def test_a_sound_waiver_has_no_faults(tmp_path: Path) -> None:
    assert faults_in(VALUES, tmp_path) == []
    assert waiver().expires - waiver().issued == timedelta(days=92)


@pytest.mark.parametrize("key", [key for key in VALUES if key != "schema"])
def test_every_key_is_required(key: str, tmp_path: Path) -> None:
    rest = {name: value for name, value in VALUES.items() if name != key}
    assert faults_in(rest, tmp_path) == [f"{key}: is missing"]


@pytest.mark.parametrize("key", TO_FILL_IN)
def test_what_a_draft_leaves_blank_says_what_a_person_fills_in(key: str, tmp_path: Path) -> None:
    assert faults_in({**VALUES, key: None}, tmp_path) == [f"{key}: is blank\n  hint: {TO_FILL_IN[key]}"]
    assert faults_in({**VALUES, key: " "}, tmp_path)[0].endswith(f"is blank\n  hint: {TO_FILL_IN[key]}")


ROLES = ", ".join(f"`{role}`" for role in Role)
NETWORK_HINT = "write a network as 203.0.113.0/24, and one address as 203.0.113.7/32"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"id": "W 1"},
            "id: `W 1` is no id of a waiver\n  hint: up to 64 of letters, digits and hyphens, as W-2026-014",
        ),
        ({"schema": "auditor/waiver@2"}, "schema: `auditor/waiver@2` is not `auditor/waiver@1`"),
        ({"comment": "x"}, "comment: unknown key"),
        ({"aproved_by": "x"}, "aproved_by: unknown key\n  hint: did you mean `approved_by`?"),
        ({"match": {}}, "match: needs at least one of `call`, `account` and `relay_in`"),
        ({"match": {"roles": ["media"]}}, "match: needs at least one of `call`, `account` and `relay_in`"),
        ({"match": {"acount": "a"}}, "match.acount: unknown key\n  hint: did you mean `account`?"),
        ({"match": {"call": ""}}, "match.call: is blank"),
        ({"match": {"relay_in": []}}, "match.relay_in: is empty\n  hint: give at least one"),
        (
            {"match": {"relay_in": ["203.0.113.0/24", "203.0.113.0/24"]}},
            "match.relay_in: `203.0.113.0/24` stands twice\n  hint: leave one of them out",
        ),
        (
            {"match": {"relay_in": ["203.0.113.7/24"]}},
            (
                "match.relay_in.1: `203.0.113.7/24` is an address within a network\n"
                "  hint: did you mean `203.0.113.0/24`, or only `203.0.113.7/32`?"
            ),
        ),
        (
            {"match": {"relay_in": ["2001:db8::1/32"]}},
            (
                "match.relay_in.1: `2001:db8::1/32` is an address within a network\n"
                "  hint: did you mean `2001:db8::/32`, or only `2001:db8::1/128`?"
            ),
        ),
        (
            {"match": {"relay_in": ["::ffff:203.0.113.0/120"]}},
            (
                "match.relay_in.1: `::ffff:203.0.113.0/120` is an IPv4 network written as IPv6\n"
                "  hint: write it as `203.0.113.0/24`"
            ),
        ),
        (
            {"match": {"relay_in": ["203.0.113.0/24", "0.0.0.0/0"]}},
            "match.relay_in.2: `0.0.0.0/0` holds every address\n  hint: name the networks that are meant",
        ),
        (
            {"match": {"call": "c", "roles": ["meda"]}},
            f"match.roles.1: `meda` is none of {ROLES}\n  hint: did you mean `media`?",
        ),
        ({"covers": {"from": "2026-03-01T00:00:00Z"}}, "covers.until: is missing"),
        ({"covers": {"until": "2026-03-01T00:00:00Z"}}, "covers.from: is missing"),
        (
            {"covers": {"from": "2026-03-01T00:00:00Z", "until": "2026-03-01T00:00:00Z"}},
            (
                "covers: `from`, 2026-03-01T00:00:00Z, is not before `until`, 2026-03-01T00:00:00Z\n"
                "  hint: an interval holds its `from`, and ends before its `until`"
            ),
        ),
        ({"expires": "2026-03-10T00:00:00Z"}, "expires: is not after `issued`"),
        (
            {"expires": "2026-09-06T00:00:00.000001Z"},
            (
                "expires: is more than 180 days after `issued`\n"
                "  hint: the latest is 2026-09-06T00:00:00Z; renew it then"
            ),
        ),
        (
            {"issued": "2026-03-10"},
            (
                "issued: `2026-03-10` is no instant with an offset (RFC 3339)\n"
                "  hint: write it as 2020-04-03T00:00:00Z"
            ),
        ),
        ({"max_findings": 0}, "max_findings: `0`: input should be greater than or equal to 1"),
        ({"max_findings": True}, "max_findings: `true`: input should be a valid integer"),
        ({"max_findings": 1.5}, "max_findings: `1.5`: input should be a valid integer"),
        (
            {"reason": "     it is all right    \n"},
            (
                "reason: `     it is all right    \n`: has 12 characters that are no blanks, and needs 20\n"
                "  hint: say why, and on what ground"
            ),
        ),
        (
            {"approved_by": "jo  ROE "},
            "approved_by: `jo  ROE ` is also who asks for it\n  hint: another person approves a waiver",
        ),
        (
            {"approved_by": "\uff2a\uff4f Roe"},
            (
                "approved_by: `\uff2a\uff4f Roe` is also who asks for it\n"
                "  hint: another person approves a waiver"
            ),
        ),
    ],
)
def test_each_fault_says_what_and_how_to_go_on(
    changes: dict[str, object], fault: str, tmp_path: Path
) -> None:
    assert faults_in({**VALUES, **changes}, tmp_path) == [fault]


@pytest.mark.parametrize(
    "written",
    [
        "203.0.113.7",
        "203.0.113.0/33",
        "203.0.113/24",
        "203.0.113.0/255.255.255.0",
        "fe80::%1/64",
        "x/8",
        10,
        None,
    ],
)
def test_a_network_is_written_in_one_way(written: object, tmp_path: Path) -> None:
    faults = faults_in({**VALUES, "match": {"relay_in": [written]}}, tmp_path)
    assert faults == [f"match.relay_in.1: `{written}` is no network\n  hint: {NETWORK_HINT}"]


def test_a_waiver_may_count_for_just_180_days_and_its_reason_have_just_20_characters(tmp_path: Path) -> None:
    changes = {"expires": "2026-09-06T00:00:00Z", "reason": "a b c d e " * 4}
    assert faults_in({**VALUES, **changes}, tmp_path) == []


def test_all_faults_are_told_at_once_each_at_its_place(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(
        "schema: auditor/waiver@1\nid: W-1\nrule: fence\nmatch: {roles: [media]}\nreason: short\nissued:\n"
    )
    document = read_document(path, name="w.yaml")
    assert isinstance(document, Document)
    read = model_of(document, Waiver)
    assert isinstance(read, list)
    assert sorted(str(fault).splitlines()[0] for fault in read) == [
        "w.yaml:1:1: approved_by: is missing",
        "w.yaml:1:1: covers: is missing",
        "w.yaml:1:1: expires: is missing",
        "w.yaml:1:1: max_findings: is missing",
        "w.yaml:1:1: requested_by: is missing",
        "w.yaml:1:1: ticket: is missing",
        "w.yaml:4:1: match: needs at least one of `call`, `account` and `relay_in`",
        "w.yaml:5:9: reason: `short`: has 5 characters that are no blanks, and needs 20",
        "w.yaml:6:1: issued: is blank",
    ]


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("W-2026-014", True),
        ("7" * 64, True),
        ("7" * 65, False),
        ("-W", False),
        ("W\n", False),
        ("Ä", False),
        ("", False),
    ],
)
def test_an_id_is_of_letters_digits_and_hyphens(text: str, *, is_one: bool) -> None:
    assert is_waiver_id(text) is is_one


RULES = {
    "eu-fence": {"id": "eu-fence", "effect": "fence"},
    "cn-exclusion": {"id": "cn-exclusion", "effect": "never"},
    "cn-stricter": {"id": "cn-stricter", "extends": "cn-exclusion"},
    "china-watch": {"id": "china-watch", "effect": "watch"},
    "circle": {"id": "circle", "extends": "circle"},
    "orphan": {"id": "orphan", "extends": "nowhere"},
    "odd": {"id": "odd", "effect": ["never"]},
}


def faults_between(
    waivers: Sequence[Mapping[str, object]], folder: Path, *, all_known: bool = True
) -> list[str]:
    documents = [document_of(values, folder / f"w{place}.yaml") for place, values in enumerate(waivers)]
    rules = {rule_id: document_of(values, folder / "r.yaml") for rule_id, values in RULES.items()}
    return [str(fault) for fault in faults_among_waivers(documents, rules, all_known=all_known)]


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("eu-fence", None),
        ("circle", None),
        ("orphan", None),
        ("odd", None),
        (7, None),
        ("eu-fense", "`eu-fense` is no rule\n  hint: did you mean `eu-fence`?"),
        ("zzz", "`zzz` is no rule"),
        (
            "cn-exclusion",
            "`cn-exclusion` is a `never` rule, which nothing excuses\n  hint: take the waiver away",
        ),
        (
            "cn-stricter",
            "`cn-stricter` is a `never` rule, which nothing excuses\n  hint: take the waiver away",
        ),
        (
            "china-watch",
            "`china-watch` is a `watch` rule, which has no findings\n  hint: take the waiver away",
        ),
    ],
)
def test_a_waiver_needs_a_rule_that_can_be_waived(rule: object, fault: str | None, tmp_path: Path) -> None:
    assert faults_between([{"rule": rule}], tmp_path) == (
        [] if fault is None else [f"w0.yaml:1:10: rule: {fault}"]
    )


def test_a_rule_in_a_file_that_cannot_be_read_may_be_the_one_named(tmp_path: Path) -> None:
    assert faults_between([{"rule": "eu-fense"}], tmp_path, all_known=False) == []
    assert len(faults_between([{"rule": "cn-exclusion"}], tmp_path, all_known=False)) == 1


def test_an_id_that_stands_twice_is_told_at_the_second_place(tmp_path: Path) -> None:
    waivers: list[dict[str, object]] = [
        {"id": "W"},
        {"id": "V"},
        {"id": "W"},
        {"id": None},
        {"id": None},
        {"id": ""},
        {"id": ""},
    ]
    assert faults_between(waivers, tmp_path) == [
        "w2.yaml:1:2: `W` stands also in w0.yaml:1:2\n  hint: ids are unique among all that is loaded"
    ]


def test_editors_are_told_that_networks_are_texts() -> None:
    schema = Waiver.model_json_schema()
    (relay_in, _) = schema["$defs"]["Match"]["properties"]["relay_in"]["anyOf"]
    assert relay_in == {"items": {"type": "string"}, "type": "array", "minItems": 1, "uniqueItems": True}
