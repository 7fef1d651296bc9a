"""What is kept of a log only as a keyed hash or as a network."""

import hashlib
import hmac
from dataclasses import replace
from ipaddress import ip_address, ip_network
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import SourceError
from auditor.sources.circumstances import Circumstances
from auditor.sources.csv import CsvSource
from auditor.sources.interface import Batch, Log
from auditor.sources.mapping import CANONICAL, load_mapping
from auditor.sources.privacy import Guarded, fingerprint_of, hashed, key_of, network_of, shown

KEY = bytes(range(32))
SOURCE = Guarded(CsvSource())
MAPPING = """\
schema: auditor/mapping@1
id: m
title: t
input: {format: csv}
fields:
  started_at: {from: t, time: epoch_s}
  role: {const: media}
  participant_id: {from: who, privacy: hash}
  client_ip: {from: client, privacy: network}
  relay_ip: relay
  bytes: n
"""
LINES = (
    "t,who,client,relay,n\n1767225600,ann,198.51.100.7,192.0.2.1,many\nnever,bob,198.51.100.7,192.0.2.1,1\n"
)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    (tmp_path / "m.yaml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "log.csv").write_text(LINES, encoding="utf-8")
    mapping = load_mapping(tmp_path / "m.yaml")
    return Log(str(tmp_path / "log.csv"), "csv", mapping, Circumstances(privacy_key=KEY))


def read(log: Log) -> Batch:
    (piece,) = SOURCE.plan(log, piece_bytes=1 << 30).pieces
    (batch,) = SOURCE.batches(piece)
    return batch


def test_a_hash_is_the_beginning_of_the_hmac_of_the_value(log: Log) -> None:
    (kept,) = read(log).connections["participant_id"]
    assert kept == hmac.new(KEY, b"ann", hashlib.sha256).hexdigest()[:32] == hashed("ann", KEY)


def test_no_raw_text_leaves_a_log_of_which_anything_is_protected(log: Log) -> None:
    batch = read(log)
    assert batch.rejects.select("record", "reason", "excerpt").rows() == [(3, "unreadable", None)]
    assert batch.unread.select("column", "example").rows() == [("bytes", None)]
    assert b"ann" not in SOURCE.raw_record(log, record=2, byte_offset=21)
    assert b"protects" in SOURCE.raw_record(log, record=2, byte_offset=21)


def test_client_addresses_stay_whole_until_they_are_located(log: Log) -> None:
    connections = read(log).connections
    assert connections["client_ip"].to_list() == ["198.51.100.7"]
    assert shown(connections, log)["client_ip"].to_list() == ["198.51.100.0/24"]


FLOWS = """\
schema: auditor/mapping@1
id: flows
title: t
input: {format: csv}
connections: [{started_at: {from: t, time: epoch_s}, relay_among: [{ip: a}, {ip: b}]}]
"""


def test_clients_that_nothing_tells_from_relays_cannot_be_protected(tmp_path: Path) -> None:
    (tmp_path / "flows.yaml").write_text(FLOWS, encoding="utf-8")
    (tmp_path / "log.csv").write_text("t,a,b\n1767225600,192.0.2.1,198.51.100.7\n", encoding="utf-8")
    protecting = Circumstances(privacy=(("client_ip", "network"),))
    log = Log(str(tmp_path / "log.csv"), "csv", load_mapping(tmp_path / "flows.yaml"), protecting)
    with pytest.raises(SourceError, match="nothing tells which end of a flow is the client"):
        SOURCE.plan(log, piece_bytes=1 << 30)
    SOURCE.plan(replace(log, told=Circumstances()), piece_bytes=1 << 30)


def test_without_a_key_nothing_starts(log: Log) -> None:
    with pytest.raises(SourceError, match="keeps `participant_id` as a hash, and there is no key"):
        SOURCE.plan(replace(log, told=Circumstances()), piece_bytes=1 << 30)


def test_what_the_user_says_goes_before_the_mapping(log: Log) -> None:
    keeping = Circumstances(privacy=(("participant_id", "keep"), ("client_ip", "keep")))
    told = replace(log, told=keeping)
    batch = read(told)
    assert batch.connections["participant_id"].to_list() == ["ann"]
    assert batch.rejects["excerpt"].to_list() == ["never,bob,198.51.100.7,192.0.2.1,1"]
    assert shown(batch.connections, told)["client_ip"].to_list() == ["198.51.100.7"]
    canonical = replace(log, mapping=CANONICAL, told=Circumstances(privacy=(("call_id", "hash"),)))
    with pytest.raises(SourceError, match="--privacy call_id=keep"):
        SOURCE.plan(canonical, piece_bytes=1 << 30)


def test_a_key_is_long_enough_and_has_a_name_that_does_not_give_it_away(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"secret")
    (tmp_path / "long").write_bytes(KEY)
    with pytest.raises(SourceError, match="is no key: it has 6 bytes"):
        key_of(tmp_path / "short")
    with pytest.raises(SourceError, match="cannot be read"):
        key_of(tmp_path / "absent")
    assert key_of(tmp_path / "long") == KEY
    assert fingerprint_of(KEY) != fingerprint_of(KEY[::-1])
    assert KEY.hex() not in repr(Circumstances(privacy_key=KEY)) + fingerprint_of(KEY)
    assert "privacy_key" not in repr(Circumstances(privacy_key=KEY))


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6, network="2000::/3")))
def test_networks_hold_the_address(address: object) -> None:
    (network,) = network_of(pl.Series("client_ip", [str(address)]))
    found = ip_network(network)
    assert ip_address(str(address)) in found
    assert found.prefixlen == (24 if found.version == 4 else 48)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("::ffff:198.51.100.7", "198.51.100.0/24"),
        ("::ffff:c633:6407", "198.51.100.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("x.x.x.x", None),
        ("198.51.100....", None),
        ("198.51.100.7:443", None),
        (None, None),
    ],
)
def test_what_is_no_address_is_nothing_that_can_be_shown(written: str | None, kept: str | None) -> None:
    assert network_of(pl.Series("client_ip", [written], dtype=pl.String)).to_list() == [kept]
