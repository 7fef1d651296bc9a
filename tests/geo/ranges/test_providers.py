from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from auditor.errors import GeoError
from auditor.geo.ranges.files import RangeForm, open_cloud_ranges
from auditor.geo.schemas import Said
from tests.geo.ranges.writing import (
    AZURE_NAME,
    CLOCK,
    aws,
    azure,
    cloud_table,
    google,
    oracle,
    said_of,
    written,
)

Writer = Callable[[list[tuple[str, str]]], dict[str, Any]]

PROVIDERS: dict[str, tuple[str, Writer, str, str]] = {
    "AWS": ("ip-ranges.json", aws, "eu-central-1", "eu-west-3"),
    "Google": ("cloud.json", google, "europe-west3", "europe-west9"),
    "Azure": (AZURE_NAME, azure, "germanywc", "centralfrance"),
    "Oracle": ("public_ip_ranges.json", oracle, "eu-frankfurt-1", "eu-paris-1"),
}
EVERY_PROVIDER = pytest.mark.parametrize("provider", PROVIDERS)


@EVERY_PROVIDER
def test_a_file_is_recognised_by_its_content_and_read_whole(provider: str, tmp_path: Path) -> None:
    name, write, german, french = PROVIDERS[provider]
    prefixes = [("192.0.2.0/24", german), ("198.51.100.0/24", french), ("2001:db8::/32", german)]
    path = written(tmp_path / (name if provider == "Azure" else "any.txt"), write(prefixes))

    (file,) = open_cloud_ranges([path], CLOCK)

    assert (file.path, file.form, file.publisher, file.entries) == (path, RangeForm.CLOUD, provider, 3)
    assert file.bytes == Path(path).stat().st_size
    hour = 0 if provider == "Azure" else 22
    assert file.published_at.replace(microsecond=0) == datetime(2026, 11, 16, hour, tzinfo=UTC)


@EVERY_PROVIDER
def test_a_region_is_in_its_country_and_the_longest_prefix_speaks(provider: str, tmp_path: Path) -> None:
    name, write, german, french = PROVIDERS[provider]
    prefixes = [
        ("192.0.2.0/24", german),
        ("192.0.2.64/26", french),
        ("2001:db8::/32", french),
        ("2001:db8:7::/48", german),
    ]
    table = cloud_table(tmp_path / name, write(prefixes))

    addresses = ["192.0.2.63", "192.0.2.64", "192.0.2.127", "192.0.2.128", "2001:db8:7::1", "2001:db8:8::1"]
    assert [said_of(table, address).country for address in addresses] == ["DE", "FR", "FR", "DE", "DE", "FR"]
    assert said_of(table, "192.0.2.1") == Said("DE", hints=(f"region:{provider} {german}",))
    networks = table.networks_of(pl.Series([*addresses, "203.0.113.1", None], dtype=pl.String))
    assert networks.to_list() == [
        *("192.0.2.0/24", "192.0.2.64/26", "192.0.2.64/26", "192.0.2.0/24"),
        *("2001:db8:7::/48", "2001:db8::/32", None, None),
    ]


@EVERY_PROVIDER
def test_a_region_that_nobody_has_confirmed_may_be_anywhere(provider: str, tmp_path: Path) -> None:
    name, write, german, _ = PROVIDERS[provider]
    table = cloud_table(tmp_path / name, write([("192.0.2.0/24", german), ("192.0.2.0/28", "mars-north-1")]))

    said = said_of(table, "192.0.2.1")

    assert (said.country, said.reason) == (None, "unknown_region")
    assert said.hints == (f"region:{provider} mars-north-1",)
    assert said.why_not
    assert "`mars-north-1`" in said.why_not


@EVERY_PROVIDER
def test_an_address_on_no_list_is_no_statement(provider: str, tmp_path: Path) -> None:
    name, write, german, _ = PROVIDERS[provider]
    said = said_of(cloud_table(tmp_path / name, write([("192.0.2.0/24", german)])), "203.0.113.1")

    assert (said.country, said.reason, said.hints) == (None, None, ())
    assert said.why_not == "the list has no prefix that holds this address"


@pytest.mark.parametrize(("provider", "word"), [("AWS", "GLOBAL"), ("Google", "global")])
def test_a_global_prefix_is_no_place_save_where_a_region_is_nested_in_it(
    provider: str, word: str, tmp_path: Path
) -> None:
    name, write, german, _ = PROVIDERS[provider]
    table = cloud_table(tmp_path / name, write([("192.0.2.0/24", word), ("192.0.2.128/25", german)]))

    said = said_of(table, "192.0.2.1")

    assert (said.country, said.reason) == (None, "provider_global")
    assert said.hints == (f"region:{provider} {word}",)
    assert said_of(table, "192.0.2.129").country == "DE"


@pytest.mark.parametrize(
    ("assigned", "country", "reason"),
    [
        ("eu-central-1", "DE", None),  # files from before 2020 name no border groups
        ("eu-central-1/eu-central-1", "DE", None),
        ("eu-central-1/eu-central-1-waw-1", "PL", None),
        ("us-east-1/us-east-1-bue-1", "AR", None),
        ("us-east-1/us-east-1-bos-1", "US", None),
        ("us-east-1/us-east-1-pilot-6", None, "unknown_region"),
        ("eu-central-1/eu-central-1-ist-1", None, "unknown_region"),
        ("cn-north-1/cn-north-1-pkx-1", None, "unknown_region"),
        ("me-west-1/me-west-1", None, "unknown_region"),
        ("eu-central-1/eu-west-1", None, "unknown_region"),
        ("us-east-1/us-east-2", None, "unknown_region"),
        ("eu-centra/eu-central-1", None, "unknown_region"),
        ("GLOBAL/GLOBAL", None, "provider_global"),
        ("GLOBAL/eu-central-1", None, "provider_global"),
        ("eu-central-1/GLOBAL", None, "provider_global"),
    ],
)
def test_of_aws_the_border_group_decides(
    assigned: str, country: str | None, reason: str | None, tmp_path: Path
) -> None:
    said = said_of(cloud_table(tmp_path / "ip-ranges.json", aws([("192.0.2.0/24", assigned)])), "192.0.2.1")

    assert (said.country, said.reason) == (country, reason)


def test_of_azure_only_the_tags_of_regions_are_read(tmp_path: Path) -> None:
    table = cloud_table(tmp_path / AZURE_NAME, azure([("192.0.2.0/24", "germanywc")]))

    assert said_of(table, "192.0.2.1").country == "DE"
    assert said_of(table, "198.18.0.1").country is None


def test_an_azure_file_of_2020_has_fewer_keys(tmp_path: Path) -> None:
    document = azure([("192.0.2.0/24", "germanywc")])
    for value in document["values"]:
        del value["properties"]["regionId"], value["properties"]["networkFeatures"]

    assert said_of(cloud_table(tmp_path / AZURE_NAME, document), "192.0.2.1").country == "DE"


def test_a_prefix_may_stand_once_for_each_service(tmp_path: Path) -> None:
    path = written(tmp_path / "ip-ranges.json", aws([("192.0.2.0/24", "eu-west-1")] * 3))

    assert open_cloud_ranges([path], CLOCK)[0].entries == 1


@pytest.mark.parametrize(
    ("creation", "token", "expected"),
    [
        ("2021-07-14T10:01:33.087737", "1626282093087", datetime(2021, 7, 14, 17, 1, 33, 87737, UTC)),
        ("2021-07-14T17:01:33.087737", "1626282093087", datetime(2021, 7, 14, 17, 1, 33, 87737, UTC)),
        ("2021-07-14T17:01:33.087737Z", "1626282093087", datetime(2021, 7, 14, 17, 1, 33, 87737, UTC)),
        ("2021-07-14T10:01:33", "1626282093087", datetime(2021, 7, 14, 17, 1, 33, 0, UTC)),
    ],
)
def test_google_tells_its_date_by_the_clock_of_its_own_place(
    creation: str, token: str, expected: datetime, tmp_path: Path
) -> None:
    document = google([("192.0.2.0/24", "us-central1")]) | {"creationTime": creation, "syncToken": token}

    assert open_cloud_ranges([written(tmp_path / "cloud.json", document)], CLOCK)[0].published_at == expected


def faults_of(path: str) -> list[str]:
    with pytest.raises(GeoError) as refused:
        open_cloud_ranges([path], CLOCK)
    return str(refused.value).replace(f"{path}: ", "").splitlines()


@EVERY_PROVIDER
@pytest.mark.parametrize(
    ("prefix", "text"),
    [
        ("192.0.2.1/24", "`192.0.2.1/24` has host bits set"),
        ("192.0.2.0/33", "`192.0.2.0/33` is no prefix"),
        ("192.0.2.0", "`192.0.2.0` is no prefix"),
        ("192.0.02.0/24", "`192.0.02.0/24` is no prefix"),
        ("0xc0.0.2.0/24", "`0xc0.0.2.0/24` is no prefix"),
        ("192.0.2.0/ 24", "`192.0.2.0/ 24` is no prefix"),
        ("192.0.2.0/٢٤", "`192.0.2.0/٢٤` is no prefix"),
        ("192.0.2.0/24\n", "`192.0.2.0/24\\n` is no prefix"),
        ("2001:db8::1/32", "`2001:db8::1/32` has host bits set"),
        ("2001:db8::/129", "`2001:db8::/129` is no prefix"),
        ("fe80::%eth0/64", "`fe80::%eth0/64` is no prefix"),
        ("::ffff:192.0.2.0/120", "`::ffff:192.0.2.0/120` is IPv4 in another dress"),
        ("", "`` is no prefix"),
        ("\0", "`\\x00` is no prefix"),
    ],
)
def test_a_faulty_prefix_is_a_fault_with_its_place(
    provider: str, prefix: str, text: str, tmp_path: Path
) -> None:
    name, write, german, _ = PROVIDERS[provider]

    first, *_ = faults_of(written(tmp_path / name, write([("198.51.100.0/24", german), (prefix, german)])))

    place, _, told = first.partition(": ")
    assert told == text
    assert (
        place
        == {
            "AWS": "ipv6_prefixes.1.ipv6_prefix" if ":" in prefix else "prefixes.2.ip_prefix",
            "Google": f"prefixes.2.{'ipv6Prefix' if ':' in prefix else 'ipv4Prefix'}",
            "Azure": "values.3.properties.addressPrefixes.2",
            "Oracle": "regions.1.cidrs.2.cidr",
        }[provider]
    )


@EVERY_PROVIDER
def test_one_prefix_in_two_regions_is_a_fault(provider: str, tmp_path: Path) -> None:
    name, write, german, french = PROVIDERS[provider]
    path = written(tmp_path / name, write([("192.0.2.0/24", german), ("192.0.2.0/24", french)]))

    assert "`192.0.2.0/24` is said to be in another place at " in faults_of(path)[0]


@EVERY_PROVIDER
def test_two_regions_of_which_neither_is_known_are_two_regions(provider: str, tmp_path: Path) -> None:
    name, write, _, _ = PROVIDERS[provider]
    path = written(tmp_path / name, write([("192.0.2.0/24", "unheard-of"), ("192.0.2.0/24", "nor-of-this")]))

    assert "is said to be in another place" in faults_of(path)[0]


@EVERY_PROVIDER
def test_a_file_without_prefixes_is_a_fault(provider: str, tmp_path: Path) -> None:
    name, write, _, _ = PROVIDERS[provider]

    assert faults_of(written(tmp_path / name, write([])))[0] == "names no prefix"


@EVERY_PROVIDER
def test_a_list_from_the_future_is_a_fault(provider: str, tmp_path: Path) -> None:
    name, write, german, _ = PROVIDERS[provider]
    path = written(tmp_path / name, write([("192.0.2.0/24", german)]))

    published_at = open_cloud_ranges([path], datetime(2026, 11, 15, 22, 30, tzinfo=UTC))[0].published_at
    with pytest.raises(
        GeoError, match=r"is of 2026-11-16, which is later than the audit's clock, 2026-11-14"
    ):
        open_cloud_ranges([path], datetime(2026, 11, 14, 22, 30, tzinfo=UTC))

    assert published_at.date().isoformat() == "2026-11-16"


def changed(document: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Set what stands at a path of keys and places; None removes it."""
    *steps, last = (int(step) if step.isdecimal() else step for step in path.split("/"))
    node: Any = document
    for step in steps:
        node = node[step]
    if value is None:
        del node[last]
    else:
        node[last] = value
    return document


@pytest.mark.parametrize(
    ("provider", "path", "value", "text"),
    [
        ("AWS", "createDate", None, "createDate: is missing"),
        ("AWS", "createDate", "2026-13-16-22-00-00", "createDate: `2026-13-16-22-00-00` is no instant"),
        ("AWS", "createDate", "2026-11-16", "createDate: `2026-11-16` is no instant"),
        (
            *("AWS", "syncToken", "1794866401"),
            "syncToken: `1794866401` is another instant than `createDate` tells",
        ),
        ("AWS", "syncToken", 1794866400, "syncToken: is no text"),
        ("AWS", "prefixes/0/region", None, "prefixes.1.region: is missing"),
        ("AWS", "prefixes/0/region", "", "prefixes.1.region: is no name of a region"),
        ("AWS", "prefixes/0/region", "eu central", "prefixes.1.region: is no name of a region"),
        ("AWS", "prefixes/0/zone", "eu-central-1-ham-1", "prefixes.1.zone: unknown key"),
        ("AWS", "prefixes/0", [], "prefixes.1: is no object"),
        ("AWS", "prefixes", {}, "prefixes: is no list"),
        ("AWS", "ipv6_prefixes", None, "ipv6_prefixes: is missing"),
        ("AWS", "signature", "", "signature: unknown key"),
        ("Google", "creationTime", None, "creationTime: is missing"),
        ("Google", "creationTime", "yesterday", "creationTime: `yesterday` is no instant"),
        (
            "Google",
            "creationTime",
            "2026-02-30T00:00:00",
            "creationTime: `2026-02-30T00:00:00` is no instant",
        ),
        ("Google", "syncToken", "soon", "syncToken: is no number of milliseconds since 1970"),
        (
            *("Google", "syncToken", "1" + "0" * 400),
            "syncToken: is no number of milliseconds since 1970",
        ),
        ("Google", "syncToken", "1794866700123", "syncToken: is another instant than `creationTime` tells"),
        ("Google", "syncToken", "1795039200123", "syncToken: is another instant than `creationTime` tells"),
        ("Google", "prefixes/0/scope", None, "prefixes.1.scope: is missing"),
        ("Google", "prefixes/0/ipv4Prefix", None, "prefixes.1: needs one of `ipv4Prefix` and `ipv6Prefix`"),
        (
            *("Google", "prefixes/0/ipv6Prefix", "2001:db8::/32"),
            "prefixes.1: needs one of `ipv4Prefix` and `ipv6Prefix`",
        ),
        ("Azure", "cloud", "AzureChina", "cloud: is not `Public`"),
        ("Azure", "values/0/name", 7, "values.1.name: is no text"),
        ("Azure", "values/0", "AzureCloud", "values.1: is no object"),
        ("Azure", "values/2/properties/region", "", "values.3.properties.region: is no name of a region"),
        ("Azure", "values/2/properties/place", "x", "values.3.properties.place: unknown key"),
        (
            "Azure",
            "values/2/properties/addressPrefixes/0",
            1,
            "values.3.properties.addressPrefixes.1: is no text",
        ),
        ("Oracle", "last_updated_timestamp", None, "last_updated_timestamp: is missing"),
        ("Oracle", "last_updated_timestamp", "2026", "last_updated_timestamp: `2026` is no instant"),
        ("Oracle", "regions/0/cidrs/0/cidr", None, "regions.1.cidrs.1.cidr: is missing"),
        ("Oracle", "regions/0/cidrs/0/realm", "oc2", "regions.1.cidrs.1.realm: unknown key"),
    ],
)
def test_what_is_not_as_published_is_a_fault(
    provider: str, path: str, value: object, text: str, tmp_path: Path
) -> None:
    name, write, german, _ = PROVIDERS[provider]
    document = changed(write([("192.0.2.0/24", german)]), path, value)

    assert text in faults_of(written(tmp_path / name, document))


def test_the_same_fault_in_many_entries_is_told_once(tmp_path: Path) -> None:
    document = aws([(f"192.0.{place}.0/24", "eu-west-1") for place in range(200)])
    for entry in document["prefixes"]:
        entry["zone"] = "x"

    faults = faults_of(written(tmp_path / "ip-ranges.json", document))

    assert faults[0] == "prefixes.1.zone: unknown key, as in 199 more"
    assert faults[1].startswith("  hint: the format may have changed")
    assert len(faults) == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tags.json", "name of the file: has no date"),
        ("ServiceTags_Public_20261316.json", "name of the file: has no date"),
        ("ServiceTags_Public_2026-11-16.json", "name of the file: has no date"),
        ("ServiceTags_China_20261116.json", "name of the file: has no date"),
    ],
)
def test_an_azure_file_is_dated_by_its_name_alone(name: str, text: str, tmp_path: Path) -> None:
    path = written(tmp_path / name, azure([("192.0.2.0/24", "germanywc")]))

    assert faults_of(path)[0] == text


def test_the_list_of_all_of_google_is_refused_with_what_to_fetch(tmp_path: Path) -> None:
    document = google([("192.0.2.0/24", "us-central1")])
    document["prefixes"] = [{"ipv4Prefix": "192.0.2.0/24"}, {"ipv6Prefix": "2001:db8::/32"}]

    assert faults_of(written(tmp_path / "goog.json", document)) == [
        "names the prefixes of all of Google, without their regions (`goog.json`)",
        "  hint: fetch `cloud.json` in its place",
    ]


def test_all_faults_of_all_files_are_told(tmp_path: Path) -> None:
    bad = [("192.0.2.1/24", "eu-west-1"), ("198.51.100.1/24", "eu-west-1")]
    paths = [
        written(tmp_path / "a.json", aws(bad)),
        str(tmp_path / "missing.json"),
        written(tmp_path / "c.json", oracle([("192.0.2.1/24", "eu-paris-1")])),
    ]

    with pytest.raises(GeoError) as refused:
        open_cloud_ranges(paths, CLOCK)

    assert [fault.place for fault in refused.value.faults] == [paths[0], paths[0], paths[2], paths[1]]


def test_a_file_named_twice_is_opened_once_and_editions_stay_apart(tmp_path: Path) -> None:
    new = aws([("192.0.2.0/24", "eu-west-1")])
    old = new | {"createDate": "2026-11-15-22-00-00", "syncToken": "1794780000"}
    paths = [written(tmp_path / "new.json", new), written(tmp_path / "old.json", old)]

    opened = open_cloud_ranges([paths[0], *paths], CLOCK)

    assert [file.path for file in opened] == paths


def test_two_lists_of_one_provider_and_date_that_differ_are_a_fault(tmp_path: Path) -> None:
    paths = [
        written(tmp_path / f"{region}.json", aws([("192.0.2.0/24", region)]))
        for region in ("eu-west-1", "eu-west-2")
    ]

    with pytest.raises(GeoError, match="is a list of AWS of the same date as"):
        open_cloud_ranges(paths, CLOCK)
