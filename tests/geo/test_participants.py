import polars as pl
import pytest

from auditor.geo.atlas import Atlas, AtlasSettings
from auditor.geo.participants import Participants
from auditor.model import CLIENT_UNIT
from tests.geo.world import FRESH, STALE, number_of, participant

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


@pytest.mark.parametrize("remembered", [0, 2, 1000])
def test_what_is_remembered_and_what_is_forgotten_never_shows(
    atlas_settings: AtlasSettings, remembered: int
) -> None:
    atlas = Atlas(atlas_settings)
    rows = [
        (ip, declared, number_of(atlas, at)) for at in (FRESH, STALE, FRESH) for ip, declared, *_ in CLIENTS
    ]
    units = pl.DataFrame(rows, schema=dict(CLIENT_UNIT), orient="row")
    participants = Participants(atlas._sources, remembered)  # noqa: SLF001  as the atlas has it, with a limit
    each = [participants.located(units[place : place + 3]) for place in range(0, units.height, 3)]
    assert pl.concat(each).rows() == atlas.locate_clients(units).rows()
    assert [row[:2] for row in each[0].select("key", "reasons").rows()] == [case[2:] for case in CLIENTS[:3]]
