import pytest

from auditor.geo.atlas import Atlas
from tests.geo.world import STALE, participant

CLIENTS = [
    ("1.1.1.1", None, "US", ["single_source"]),
    ("1.1.1.1", "US", "US", ["agreed"]),
    ("1.1.1.1", "DE", "DE US", ["contested"]),
    ("1.1.1.1", "XX", "US", ["single_source"]),
    ("::FFFF:1.1.1.1", None, "US", ["single_source"]),
    ("2A00:0::1", None, "DE", ["single_source"]),
    ("2002:101:101::1", None, "US", ["single_source"]),
    ("2002:a00:1::1", None, "*", ["embedded_not_public"]),
    ("2001:0:101:101::fefd:fefe", None, "CN", ["single_source"]),
    ("64:ff9b::1.2.1.1", None, "CN", ["single_source"]),
    ("1.3.1.1", "US", "*", ["anycast"]),
    ("10.1.1.1", "US", "*", ["private_client"]),
    ("1.2.3.x", "US", "*", ["masked"]),
    ("x.example.com", None, "*", ["hostname_only"]),
    ("garbage", None, "*", ["unparsable"]),
    ("9.9.9.9", "US", "*", ["no_record"]),
    (None, "US", "US", ["single_source"]),
    (None, "XX", "*", ["no_client", "not_a_country"]),
    (None, None, "*", ["no_client"]),
]


@pytest.mark.parametrize(("ip", "declared", "key", "reasons"), CLIENTS)
def test_each_participant_is_located(
    atlas: Atlas, ip: str | None, declared: str | None, key: str, reasons: list[str]
) -> None:
    assert participant(atlas, ip, declared)[:2] == (key, reasons)


def test_the_inventory_says_nothing_of_participants(atlas: Atlas) -> None:
    assert participant(atlas, "1.2.3.4")[0] == "CN"


def test_a_participant_far_from_every_edition_is_unknown(atlas: Atlas) -> None:
    assert participant(atlas, "1.1.1.1", at=STALE) == ("*", ["stale_location"], ["stale:US:>35d"])
