from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from auditor.errors import GeoError
from auditor.geo.ranges.files import RangeForm, open_geofeeds
from auditor.geo.schemas import Said
from tests.geo.ranges.writing import CLOCK, feed_table, said_of, written

NAME = "example-net_2026-11-16.csv"

FEED = """\
# A feed of Example Net, with "quotes, and commas",,
192.0.2.0/24,DE,DE-HE,Frankfurt,60311

192.0.2.128/25,,,,
192.0.2.192/26,fr
   # an indented comment
198.51.100.7,PL,PL-14,"Warszawa, Wola",
2001:DB8::/32, NL , ,Amsterdam
2001:db8:1::/48,UK,,London,
203.0.113.0/24
,,,,
"""


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.1", Said("DE", city="Frankfurt")),
        ("192.0.2.129", Said(why_not="the geofeed names no country for this prefix")),
        ("192.0.2.193", Said("FR")),
        ("198.51.100.7", Said("PL", city="Warszawa, Wola")),
        ("198.51.100.8", Said(why_not="the list has no prefix that holds this address")),
        ("2001:db8::1", Said("NL", city="Amsterdam")),
        ("2001:db8:1::1", Said("UK", "not_a_country", "`UK` is not the code of a country", city="London")),
        ("203.0.113.1", Said(why_not="the geofeed names no country for this prefix")),
    ],
)
def test_a_geofeed_says_of_an_address_what_its_longest_prefix_says(
    address: str, expected: Said, tmp_path: Path
) -> None:
    assert said_of(feed_table(tmp_path / NAME, FEED), address, with_city=True) == expected


def test_without_cities_addresses_of_one_country_have_one_answer(tmp_path: Path) -> None:
    table = feed_table(tmp_path / NAME, "192.0.2.0/24,DE,,Bonn\n198.51.100.0/24,DE,,Mainz\n")
    addresses = pl.Series(["192.0.2.1", "198.51.100.1"])

    plain, told = table.lookup(addresses), table.lookup(addresses, with_city=True)

    assert plain.index[0] == plain.index[1]
    assert [plain.said[index] for index in plain.index] == [Said("DE"), Said("DE")]
    assert [told.said[index].city for index in told.index] == ["Bonn", "Mainz"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", ""])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_endings_of_lines_and_a_byte_order_mark_say_nothing(ending: str, mark: str, tmp_path: Path) -> None:
    line = "192.0.2.0/24,DE,,,"
    feed = f"{mark}{line}{ending}" + (f"198.51.100.0/24,FR{ending}" if ending else "")
    path = tmp_path / NAME
    path.write_bytes(feed.encode())

    assert open_geofeeds([str(path)], CLOCK)[0].entries == (2 if ending else 1)


@pytest.mark.parametrize(
    ("name", "publisher", "published_on"),
    [
        ("example-net_2026-11-16.csv", "example-net", (2026, 11, 16)),
        ("example-net-20261116.csv", "example-net", (2026, 11, 16)),
        ("20261116 Example Net.txt", "Example Net", (2026, 11, 16)),
        ("AS64496.2026-11-16.geofeed.csv", "AS64496 geofeed", (2026, 11, 16)),
        ("feed_AS4200000001_2026-11-16.csv", "feed_AS4200000001", (2026, 11, 16)),
    ],
)
def test_the_name_tells_publisher_and_date(
    name: str, publisher: str, published_on: tuple[int, int, int], tmp_path: Path
) -> None:
    (file,) = open_geofeeds([written(tmp_path / name, "192.0.2.0/24,DE")], CLOCK)

    assert (file.form, file.publisher) == (RangeForm.GEOFEED, publisher)
    assert file.published_at == datetime(*published_on, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("geofeed.csv", "name of the file: has no date"),
        ("feed-2026-1116.csv", "name of the file: has no date"),
        ("feed-120261116.csv", "name of the file: has no date"),
        ("feed-2026-11-31.csv", "name of the file: `2026-11-31` is no date"),
        ("feed-0000-01-01.csv", "name of the file: `0000-01-01` is no date"),
        ("feed-2026-11-16-2026-11-17.csv", "name of the file: has several dates"),
        ("2026-11-16.csv", "name of the file: is only a date"),
        ("feed-2026-11-26.csv", "is of 2026-11-26, which is later than the audit's clock, 2026-11-24"),
    ],
)
def test_a_name_that_does_not_tell_is_refused(name: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(GeoError) as refused:
        open_geofeeds([written(tmp_path / name, "192.0.2.0/24,DE")], CLOCK)

    (fault,) = refused.value.faults
    assert (fault.place, fault.text) == (str(tmp_path / name), text)
    assert fault.hint


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("192.0.2.1/24,DE", "prefix: `192.0.2.1/24` has host bits set"),
        ("prefix,country,region,city,postal", "country: `COUNTRY` is no two-letter code"),
        ("192.0.2.0-192.0.2.255,DE", "prefix: `192.0.2.0-192.0.2.255/32` is no prefix"),
        ("::ffff:192.0.2.1,DE", "prefix: `::ffff:192.0.2.1/128` is IPv4 in another dress"),
        (",DE", "prefix: is missing"),
        ("192.0.2.0/24,Germany", "country: `GERMANY` is no two-letter code"),
        ("192.0.2.0/24,D3", "country: `D3` is no two-letter code"),
        ("192.0.2.0/24,ΔΕ", "country: `ΔΕ` is no two-letter code"),
        ("192.0.2.0/24,DE,,Frankfurt, Main,,x", "line: has 7 fields, a geofeed has 5"),
        ("198.51.100.0/24,FR", "prefix: `198.51.100.0/24` is said to be in another place at line 1"),
        ("198.51.100.0/24,", "prefix: `198.51.100.0/24` is said to be in another place at line 1"),
        ('192.0.2.0/24,"DE', "is not CSV: unexpected end of data"),
        ('192.0.2.0/24,"DE"x', "is not CSV: ',' expected after '\"'"),
    ],
)
def test_a_faulty_line_is_a_fault_with_its_number(line: str, text: str, tmp_path: Path) -> None:
    path = written(tmp_path / NAME, f"198.51.100.0/24,DE,,Bonn,\n{line}\n203.0.113.1/24,DE\n")

    with pytest.raises(GeoError) as refused:
        open_geofeeds([path], CLOCK)

    told = {fault.place: fault.text for fault in refused.value.faults}
    assert text in (told.get(f"{path}:2:1"), told.get(f"{path}:3:1"))
    if "not CSV" not in text:
        assert told[f"{path}:3:1"] == "prefix: `203.0.113.1/24` has host bits set"


def test_one_place_named_twice_is_no_fault(tmp_path: Path) -> None:
    table = feed_table(tmp_path / NAME, "192.0.2.0/24,DE,,Bonn\n192.0.2.0/24,de,,Mainz\n")

    assert table.file.entries == 1
    assert said_of(table, "192.0.2.1", with_city=True) == Said("DE", city="Bonn")


@pytest.mark.parametrize("content", ["", "\n\n", "# nothing\n", "\n,,,,\n"])
def test_an_empty_geofeed_is_refused(content: str, tmp_path: Path) -> None:
    with pytest.raises(GeoError, match="names no prefix"):
        open_geofeeds([written(tmp_path / NAME, content)], CLOCK)


@pytest.mark.parametrize(
    "content", [b"192.0.2.0/24,\xff\n", b"\x00\x01\x02", "192.0.2.0/24,DE".encode("utf-16")]
)
def test_what_is_no_text_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(GeoError):
        open_geofeeds([written(tmp_path / NAME, content)], CLOCK)


def test_a_city_of_any_length_is_cut(tmp_path: Path) -> None:
    table = feed_table(tmp_path / NAME, f"192.0.2.0/24,DE,,{'x' * 5000}\n")

    assert said_of(table, "192.0.2.1", with_city=True).city == "x" * 100


def test_two_feeds_of_one_publisher_and_date_that_differ_are_a_fault(tmp_path: Path) -> None:
    paths = []
    for folder, country in (("a", "DE"), ("b", "FR")):
        (tmp_path / folder).mkdir()
        paths.append(written(tmp_path / folder / NAME, f"192.0.2.0/24,{country}"))

    with pytest.raises(GeoError, match="is a list of example-net of the same date as"):
        open_geofeeds(paths, CLOCK)
