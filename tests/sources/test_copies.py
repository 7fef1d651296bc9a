"""Presets that users copy and edit as the pages tell them to."""

from pathlib import Path

import pytest

from auditor.sources.mapping import load_mapping
from auditor.sources.registry import PRESETS

COPIES = [
    ("teams-callrecord", {"format: json, records: [value, $]": "format: jsonl", '$document."@': '"@'}),
    ("teams-directrouting", {"fields:\n": "fields:\n  account_id: {const: t-1}\n"}),
    ("teams-cqd", {'"%Y-%m-%d %H:%M:%S"': '"%m/%d/%Y %I:%M %p"', "zone: UTC": "zone: Europe/Berlin"}),
    ("teams-cri", {"{format: csv}": "{format: csv, zone: UTC}"}),
    ("teams-cri", {"{format: csv}": "{format: parquet}", "time: iso8601": "time: typed"}),
    ("chime-events", {"time: epoch_ms": "time: epoch_s"}),
    (
        "livekit-webhook",
        {
            "participant_joined": "participant_left",
            "fields:\n": "fields:\n  ended_at: {from: [createdAt, created_at], time: epoch_s}\n",
        },
    ),
    ("kamailio-acc", {"relay_name: host": "relay_name: {const: sip-eu}"}),
    (
        "asterisk-cdr",
        {"fields:\n": "fields:\n  relay_name: {const: pbx1.example}\n", "zone: UTC": "zone: Asia/Tokyo"},
    ),
]
"""What the pages of the presets tell users to change in a copy."""


@pytest.mark.parametrize(("name", "edits"), COPIES)
def test_a_copy_that_is_edited_as_its_page_says_is_a_mapping(
    tmp_path: Path, name: str, edits: dict[str, str]
) -> None:
    text = (PRESETS / f"{name}.yaml").read_text(encoding="utf-8").replace(f"id: {name}\n", "id: mine\n")
    for before, after in edits.items():
        assert before in text
        text = text.replace(before, after)
    copy = tmp_path / "mine.yaml"
    copy.write_text(text, encoding="utf-8")
    assert load_mapping(copy).id == "mine"
