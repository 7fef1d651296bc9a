import json
import os
from pathlib import Path

import pytest

from auditor.errors import GeoError
from auditor.geo.ranges.files import open_cloud_ranges, open_geofeeds
from tests.geo.ranges.writing import CLOCK, aws, written

GOOD = json.dumps(aws([("192.0.2.0/24", "eu-west-1")]))
SURROGATE = json.dumps(aws([("\ud800", "eu-west-1")]))
"""JSON can spell text that is no Unicode."""


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", r":1:1: is not JSON: expecting value"),
        (b"\xff\xfe{}", r":1:1: is not UTF-8"),
        (GOOD.encode("utf-16"), r":1:1: is not UTF-8"),
        (b"\0" * 100, r":1:1: is not JSON: expecting value"),
        (GOOD.encode()[:-20], r": is not JSON: "),
        (GOOD.encode() + b"{}", r": is not JSON: extra data"),
        (b"<html></html>", r":1:1: is not JSON: expecting value"),
        (b'{"prefixes": [,]}', r":1:15: is not JSON: expecting value"),
        (b"[" * 200_000, r": is nested too deep"),
        (b'{"a":' * 200_000, r": is nested too deep"),
        (b"[" * 500 + b"]" * 500, r": is no list of a cloud provider's address ranges that we know"),
        (b'{"createDate": ' + b"9" * 5000 + b"}", r": is not JSON: Exceeds the limit"),
        (b'{"createDate": NaN}', r": is not JSON: `NaN` is no number"),
        (b'{"createDate": -Infinity}', r": is not JSON: `-Infinity` is no number"),
        (b'{"createDate": 1e999}', r": createDate: is no text"),
        (b"null", r": is no list of a cloud provider's"),
        (b"7", r": is no list of a cloud provider's"),
        (b"[]", r": is no list of a cloud provider's"),
        (b"{}", r": is no list of a cloud provider's"),
        (b'{"files": []}', r": is no list of a cloud provider's"),
        (b'{"cloud": null, "values": null}', r": values: is no list"),
        (b'{"cloud": "Public", "changeNumber": 1, "values": [[]]}', r": values\.1: is no object"),
        (b'{"cloud": "Public", "changeNumber": true, "values": []}', r": changeNumber: is no whole number"),
        (b'{"syncToken": "1", "prefixes": 7}', r": prefixes: is no list"),
        (b'{"regions": {"region": "x"}}', r": regions: is no list"),
        (SURROGATE.encode(), r": is not JSON: half of a surrogate pair"),
        (b'{"createDate": "", "\\u001b[2J\\n": 1}', r": \\x1b\[2J\\n: unknown key"),
        (b'{"createDate": "", "\\ud800": 1}', r": is not JSON: half of a surrogate pair"),
    ],
)
def test_what_is_no_such_file_is_refused_with_its_place(content: bytes, text: str, tmp_path: Path) -> None:
    with pytest.raises(GeoError, match=text) as refused:
        open_cloud_ranges([written(tmp_path / "ranges.json", content)], CLOCK)

    str(refused.value).encode()


def test_a_key_that_stands_twice_is_a_fault_with_its_place(tmp_path: Path) -> None:
    twice = GOOD.replace('"region"', '"region": "eu-central-1", "region"').replace(
        "{", '{"syncToken": "1", ', 1
    )
    path = written(tmp_path / "ranges.json", twice)

    with pytest.raises(GeoError) as refused:
        open_cloud_ranges([path], CLOCK)

    told = {str(fault) for fault in refused.value.faults}
    assert told == {
        f"{path}: syncToken: the key stands twice",
        f"{path}: prefixes.1.region: the key stands twice",
    }


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "device"])
def test_what_is_no_file_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "net_2026-11-16.csv"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")

    for opened in (open_cloud_ranges, open_geofeeds):
        with pytest.raises(GeoError, match=r"cannot be read|is no file"):
            opened([str(path)], CLOCK)
