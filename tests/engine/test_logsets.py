"""In which way logs are read, and what of it names a run."""

from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from auditor.engine.job import Silence
from auditor.engine.logsets import identity_of, passing_key, relay_networks_of, settle_logs
from auditor.engine.planning import Planned, plan_logs
from auditor.engine.request import LogsAsked, Told
from auditor.errors import SourceError
from auditor.geo.inventory import load_inventory
from auditor.sources.circumstances import RelayNetwork
from auditor.sources.registry import Kind

KEY = b"0" * 32
MAPPING = """
schema: auditor/mapping@1
id: mine
title: Mine
input: {format: csv}
fields: {started_at: {from: began, time: iso8601}}
connections: [{role: media, relay_ip: relay}]
"""
MINE = "relay,began\n192.0.2.1,2020-04-01T00:00:00Z\n"
OURS = "role,started_at\nmedia,2020-04-01T00:00:00Z\n"


def put(folder: Path, name: str, text: str = MINE) -> str:
    path = folder / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def mapping(folder: Path) -> str:
    return put(folder, "mine.yaml", MAPPING)


def planned(*asked: LogsAsked, key: bytes | None = None) -> Planned:
    return plan_logs(settle_logs(asked, key, None), Silence())


def faults(*asked: LogsAsked) -> list[str]:
    with pytest.raises(SourceError) as raised:
        planned(*asked)
    return [str(fault) for fault in raised.value.faults]


def test_logs_of_several_formats_are_read_in_one_run(tmp_path: Path) -> None:
    mine, ours = put(tmp_path, "a.csv"), put(tmp_path, "b.csv", OURS)
    whole = planned(LogsAsked((mine,), mapping=mapping(tmp_path)), LogsAsked((ours,)))
    ways = [(one.way.format.name, one.way.format.kind) for one in whole.readings]
    assert ways == [("mine", Kind.MAPPING), ("canonical", Kind.COLUMNS)]


def test_a_reader_is_asked_for_by_name(tmp_path: Path) -> None:
    log = put(tmp_path, "turn.log", "59: session 000000000000000001: new, realm=<r>, username=<u>\n")
    told = Told(server_start=datetime(2020, 4, 1, tzinfo=UTC))
    [reading] = planned(LogsAsked((log,), format="coturn", told=told), key=KEY).readings
    assert (reading.plan.log.format, reading.way.format.kind) == ("coturn", Kind.READER)
    assert reading.plan.log.told.server_start == told.server_start


def test_where_a_format_is_named_a_folder_stands_for_more_than_tables(tmp_path: Path) -> None:
    names = ["a.csv", "b.json", "c.log.gz", "d.txt", "e.yaml"]
    for name in names:
        put(tmp_path / "logs", name, "")
    (logs,) = settle_logs([LogsAsked((str(tmp_path / "logs"),), format="coturn")], KEY, None)
    assert [Path(one).name for one in names if one.endswith(logs.suffixes)] == names[:-1]
    (unnamed,) = settle_logs([LogsAsked((str(tmp_path / "logs"),))], None, None)
    assert [one for one in names if one.endswith(unnamed.suffixes)] == ["a.csv"]


def test_a_log_that_two_sets_would_read_in_two_ways_is_a_fault(tmp_path: Path) -> None:
    log = put(tmp_path, "a.csv", OURS)
    [told] = faults(LogsAsked((log,)), LogsAsked((str(tmp_path / "*.csv"),), mapping=mapping(tmp_path)))
    assert "is named by two sets of logs" in told
    assert len(planned(LogsAsked((log,)), LogsAsked((str(tmp_path / "*.csv"),))).readings) == 1


def test_what_one_set_reads_another_has_not_left_out(tmp_path: Path) -> None:
    table, other = put(tmp_path / "logs", "a.csv", OURS), put(tmp_path / "logs", "b.log")
    put(tmp_path / "logs", "c.log")
    whole = planned(LogsAsked((str(tmp_path / "logs"),)), LogsAsked((other,), mapping=mapping(tmp_path)))
    assert [one.plan.log.path for one in whole.readings] == [table, other]
    assert [Path(path).name for path in whole.left_out] == ["c.log"]


def test_all_faults_are_told_with_the_places_where_they_are_mended(tmp_path: Path) -> None:
    log = put(tmp_path, "a.csv")
    told = Told(zone="Mars", public_addresses=(("10.0.0.1", "home"),), privacy=(("relay_ip", "hash"),))
    found = faults(
        LogsAsked((log,), format="zek-conn", place="auditor.toml:1"),
        LogsAsked((log,), mapping=str(tmp_path / "none.yaml"), told=told, place="auditor.toml:4"),
    )
    assert [text for text in found if text.startswith("auditor.toml:1: `zek-conn` is no format")]
    assert [text for text in found if text.startswith("auditor.toml:4: zone: `Mars` is no time zone")]
    assert [text for text in found if "relay_public_address: `home` is no address" in text]
    assert [text for text in found if "privacy: `relay_ip` is none of" in text]
    assert [text for text in found if "none.yaml: cannot be read" in text]


def test_a_zone_goes_before_that_of_the_mapping(tmp_path: Path) -> None:
    text = MAPPING.replace("{format: csv}", "{format: csv, zone: Asia/Tokyo}")
    asked = LogsAsked((put(tmp_path, "a.csv"),), mapping=put(tmp_path, "mine.yaml", text))
    [plain] = planned(asked).readings
    [zoned] = planned(asked.with_told(Told(zone="Europe/Berlin"))).readings
    zones = [one.plan.log.mapping.input.zone for one in (plain, zoned)]
    assert zones == ["Asia/Tokyo", "Europe/Berlin"]


@pytest.mark.parametrize(
    "told",
    [
        Told(zone="Europe/Berlin"),
        Told(server_start=datetime(2020, 4, 1, tzinfo=UTC)),
        Told(public_addresses=(("10.0.0.1", "192.0.2.1"),)),
        Told(privacy=(("client_ip", "network"),)),
        Told(privacy=(("call_id", "hash"),)),
    ],
)
def test_what_is_told_of_a_log_names_the_shard_and_the_run(tmp_path: Path, told: Told) -> None:
    asked = LogsAsked((put(tmp_path, "a.csv"),), mapping=mapping(tmp_path))
    plain, with_told = planned(asked, key=KEY), planned(asked.with_told(told), key=KEY)
    assert plain.shards()[0].id != with_told.shards()[0].id
    assert plain.shards()[0].id == planned(asked, key=KEY).shards()[0].id


def test_another_key_is_another_run_and_the_key_is_in_nothing_that_names_it(tmp_path: Path) -> None:
    asked = LogsAsked((put(tmp_path, "a.csv"),), mapping=mapping(tmp_path))
    logs = [planned(asked, key=key).readings[0].plan.log for key in (KEY, passing_key())]
    said: list[Any] = [identity_of(log) for log in logs]
    assert said[0] != said[1]
    for text in (repr(said[0]), repr(logs[0])):
        assert KEY.decode() not in text
        assert KEY.hex() not in text


def test_options_go_before_what_a_file_says_of_logs() -> None:
    file = Told(zone="UTC", public_addresses=(("10.0.0.1", "192.0.2.1"),), privacy=(("call_id", "hash"),))
    option = Told(public_addresses=(("10.0.0.1", "192.0.2.9"),), privacy=(("call_id", "keep"),))
    assert option.over(file) == Told(
        zone="UTC", public_addresses=(("10.0.0.1", "192.0.2.9"),), privacy=(("call_id", "keep"),)
    )


def test_relay_networks_are_what_the_inventory_calls_relays(tmp_path: Path) -> None:
    rows = [
        "192.0.2.0/24,,,DE,,2020-01-01T00:00:00Z,2021-01-01T00:00:00Z,noc,contract,relay",
        "198.51.100.0/24,,,DE,,2020-01-01T00:00:00Z,,noc,contract,site",
        ",edge,,DE,,2020-01-01T00:00:00Z,,noc,contract,relay",
    ]
    header = "prefix,site,name,country,role,from,until,attested_by,basis,kind"
    path = Path(put(tmp_path, "inventory.csv", "\n".join([header, *rows]) + "\n"))
    assert list(relay_networks_of(load_inventory([path]))) == [
        RelayNetwork(
            ip_network("192.0.2.0/24"),
            datetime(2020, 1, 1, tzinfo=UTC),
            datetime(2021, 1, 1, tzinfo=UTC),
        )
    ]
