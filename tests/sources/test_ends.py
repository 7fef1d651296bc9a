"""Flows: which end is the relay."""

from datetime import UTC, datetime
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.circumstances import Circumstances, RelayNetwork
from auditor.sources.csv import CsvSource
from auditor.sources.ends import NOT_TOLD, within
from auditor.sources.interface import Batch, Log
from auditor.sources.mapping import load_mapping

MAPPING = """\
schema: auditor/mapping@1
id: flows
title: Flows
input: {format: csv}
fields: {started_at: {from: t, time: epoch_s, basis: window}, role: {const: turn}}
connections: [{relay_among: [{ip: src, port: sport}, {ip: dst, port: dport}]}]
"""
EVER = datetime(2000, 1, 1, tzinfo=UTC)
MID = datetime(2026, 1, 1, tzinfo=UTC)


def network(prefix: str, begin: datetime = EVER, end: datetime | None = None) -> RelayNetwork:
    return RelayNetwork(ip_network(prefix), begin, end)


def read(folder: Path, told: Circumstances, *flows: str) -> Batch:
    (folder / "flows.yaml").write_text(MAPPING, encoding="utf-8")
    (folder / "log.csv").write_text("t,src,sport,dst,dport\n" + "\n".join(flows) + "\n", encoding="utf-8")
    log = Log(str(folder / "log.csv"), "csv", load_mapping(folder / "flows.yaml"), told)
    source = CsvSource()
    (batch,) = [
        batch for piece in source.plan(log, piece_bytes=1 << 30).pieces for batch in source.batches(piece)
    ]
    return batch


def told(*networks: RelayNetwork) -> Circumstances:
    return Circumstances(relay_networks=networks)


COLUMNS = ("record", "part", "relay_ip", "relay_port", "client_ip", "use_proved")


def test_the_end_inside_a_network_of_relays_is_the_relay(tmp_path: Path) -> None:
    batch = read(
        tmp_path,
        told(network("192.0.2.0/24"), network("2001:db8::/32")),
        "1767225600,192.0.2.7,3478,198.51.100.9,50000",
        "1767225600,198.51.100.9,50000,192.0.2.7,3478",
        "1767225600,192.0.2.7,3478,192.0.2.8,3479",
        "1767225600,198.51.100.9,1,203.0.113.9,2",
        "1767225600,2001:db8::1,1,203.0.113.9,2",
        "1767225600,::ffff:192.0.2.9,1,203.0.113.9,2",
    )
    assert batch.connections.select(COLUMNS).rows() == [
        (2, 1, "192.0.2.7", 3478, "198.51.100.9", True),
        (3, 1, "192.0.2.7", 3478, "198.51.100.9", True),
        (4, 1, "192.0.2.7", 3478, "192.0.2.8", True),
        (4, 2, "192.0.2.8", 3479, "192.0.2.7", True),
        (6, 1, "2001:db8::1", 1, "203.0.113.9", True),
        (7, 1, "::ffff:192.0.2.9", 1, "203.0.113.9", True),
    ]
    assert dict(batch.not_connections.select("reason", "count").rows()) == {"header": 1, "not_ours": 1}
    assert batch.warnings.is_empty()


def test_without_networks_either_end_may_be_the_relay(tmp_path: Path) -> None:
    batch = read(tmp_path, Circumstances(), "1767225600,192.0.2.7,3478,198.51.100.9,50000")
    assert batch.connections.select(COLUMNS).rows() == [
        (2, 1, "192.0.2.7", 3478, "198.51.100.9", False),
        (2, 2, "198.51.100.9", 50000, "192.0.2.7", False),
    ]
    assert batch.warnings.select("text", "count").rows() == [(NOT_TOLD, 1)]


def test_an_end_that_nobody_can_read_may_be_a_relay_unless_the_other_one_is(tmp_path: Path) -> None:
    batch = read(
        tmp_path,
        told(network("192.0.2.0/24")),
        "1767225600,x.x.x.x,1,198.51.100.9,2",
        "1767225600,x.x.x.x,1,192.0.2.9,2",
        "1767225600,,,198.51.100.9,2",
        "1767225600,192.0.2.308,1,198.51.100.9,2",
    )
    assert batch.connections.select("record", "relay_ip", "use_proved").rows() == [
        (2, "x.x.x.x", False),
        (3, "192.0.2.9", True),
        (4, None, False),
        (5, "192.0.2.308", False),
    ]


def test_a_flow_that_reaches_into_the_time_of_a_network_may_have_used_a_relay_of_it(tmp_path: Path) -> None:
    begin = int(MID.timestamp())
    mapping = MAPPING.replace(
        "role: {const: turn}", "ended_at: {from: u, time: epoch_s}, role: {const: turn}"
    )
    (tmp_path / "flows.yaml").write_text(mapping, encoding="utf-8")
    lines = [
        f"{begin - 9},{begin + 9},192.0.2.7,1,198.51.100.9,2",
        f"{begin - 9},{begin},192.0.2.7,1,198.51.100.9,2",
        f"{begin - 9},,192.0.2.7,1,198.51.100.9,2",
        f"{begin},{begin + 9},192.0.2.7,1,198.51.100.9,2",
    ]
    (tmp_path / "log.csv").write_text("t,u,src,sport,dst,dport\n" + "\n".join(lines) + "\n", encoding="utf-8")
    networks = told(network("192.0.2.7/32", begin=MID))
    log = Log(str(tmp_path / "log.csv"), "csv", load_mapping(tmp_path / "flows.yaml"), networks)
    (piece,) = CsvSource().plan(log, piece_bytes=1 << 30).pieces
    (batch,) = CsvSource().batches(piece)
    assert batch.connections.select("record", "relay_ip", "use_proved").rows() == [
        (2, "192.0.2.7", False),
        (4, "192.0.2.7", False),
        (5, "192.0.2.7", True),
    ]
    assert dict(batch.not_connections.select("reason", "count").rows()) == {"header": 1, "not_ours": 1}


def test_a_network_counts_only_while_it_is_one_of_relays(tmp_path: Path) -> None:
    batch = read(
        tmp_path,
        told(network("192.0.2.0/24", end=MID), network("192.0.2.7/32", begin=MID)),
        f"{int(MID.timestamp()) - 1},192.0.2.7,1,198.51.100.9,2",
        f"{int(MID.timestamp()) - 1},192.0.2.8,1,198.51.100.9,2",
        f"{int(MID.timestamp())},192.0.2.7,1,198.51.100.9,2",
        f"{int(MID.timestamp())},192.0.2.8,1,198.51.100.9,2",
        "never,192.0.2.8,1,198.51.100.9,2",
    )
    assert batch.connections["record"].to_list() == [2, 3, 4]
    assert batch.rejects.select("record", "reason").rows() == [(6, "unreadable")]


ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


@st.composite
def prefixes(draw: st.DrawFn) -> RelayNetwork:
    address = draw(ADDRESSES)
    length = draw(st.integers(0, address.max_prefixlen))
    return RelayNetwork(ip_network((address, length), strict=False), EVER, draw(st.sampled_from([None, MID])))


@given(networks=st.lists(prefixes(), max_size=6), data=st.data())
def test_membership_is_what_the_standard_library_says(
    networks: list[RelayNetwork], data: st.DataObject
) -> None:
    near = [str(one.network[0]) for one in networks] + [str(one.network[-1]) for one in networks]
    texts = data.draw(st.lists(st.one_of(ADDRESSES.map(str), st.sampled_from(near or ["::"])), max_size=8))
    at = data.draw(st.sampled_from([EVER, MID]))
    addresses = pl.Series("ip", texts, dtype=pl.String)
    starts = pl.Series([at] * len(texts), dtype=pl.Datetime("us", "UTC"))
    assert within(addresses, starts, networks).to_list() == [inside(text, at, networks) for text in texts]


def inside(text: str, at: datetime, networks: list[RelayNetwork]) -> bool:
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(
        address in one.network and one.from_at <= at and (one.until_at is None or at < one.until_at)
        for one in networks
    )


@pytest.mark.parametrize("text", ["x.x.x.x", "1.2.3", "1.2.3.4.5", "", "::g", "1.2.3.256", "192.0.2.1 "])
def test_what_is_no_address_is_in_no_network(text: str) -> None:
    starts = pl.Series([EVER], dtype=pl.Datetime("us", "UTC"))
    everything = [network("0.0.0.0/0"), network("::/0")]
    assert within(pl.Series("ip", [text]), starts, everything).to_list() == [False]
