import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from auditor.errors import SourceError
from auditor.sources.lines import Limits
from auditor.sources.mapping import CANONICAL, load_mapping

Reader = Callable[..., Any]
Written = Callable[..., Path]

HEAD = "schema: auditor/mapping@1\nid: m\ntitle: t\n"
JSON = HEAD + "input: {format: jsonl}\n"
CSV = HEAD + "input: {format: csv, delimiter: ';', null_values: [N/A]}\n"
START = "fields: {started_at: {from: t, time: epoch_s}}\n"


def faults_of(path: Path) -> list[str]:
    with pytest.raises(SourceError) as error:
        load_mapping(path)
    return [str(fault).replace(f"{path}:", "") for fault in error.value.faults]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (CSV + START + "each: {a: b}\n", "each.a: csv has no arrays"),
        (CSV + START + "each: {A: {in: b, split: ';'}}\n", "each.A: `A` is no alias"),
        (
            CSV + START + "each: {a: {in: b, split: ';', names: [c, c]}}\n",
            "each.a.names.2: `c` stands twice",
        ),
        (
            JSON + START + "each: {a: b}\nconnections: [{each: {a: c}}]\n",
            "connections.1.each.a: is opened already",
        ),
        (JSON + START + "each: {a: b, c: b}\n", "each.c: `b` is opened already"),
        (JSON + START + "each: {a: $document.b}\n", "each.a: `$document.b` is of the whole document"),
        (JSON + START + "each: {a: 'b..c'}\n", "each.a: `b..c` is no path"),
        (CSV + START + "connections: [{when: {a: {is: b}}}]\n", "connections.1.when.a: is no test"),
        (CSV + START + "connections: [{when: {}}]\n", "connections.1.when: is no condition"),
        (CSV + START + "warn: [{when: {any: a}, text: b}]\n", "warn.1.when.any: needs a list"),
        (CSV + START + "warn: [{when: {a: []}, text: b}]\n", "warn.1.when.a: is an empty list"),
        (CSV + START + "warn: [{when: {a: [[b]]}, text: b}]\n", "warn.1.when.a: has a value that is no text"),
        (
            JSON + START + "not_a_connection: [{when: {'a..b': c}, reason: busy}]\n",
            "not_a_connection.1.when: `a..b` is no path",
        ),
        (CSV + START + "not_a_connection: [{when: {a: b}, reason: No way}]\n", "not_a_connection.1.reason: "),
        (
            CSV + "fields: {started_at: {from: t, time: epoch_s, privacy: hash}}\n",
            "fields.started_at.privacy: `hash` is for",
        ),
        (
            CSV + "fields: {started_at: {from: t, time: iso8601, else: {from: u}}}\n",
            "fields.started_at.else: needs `time`",
        ),
        (
            CSV + "fields: {started_at: {from: t, time: iso8601,"
            " else: {from: u, time: epoch_s, required: true}}}\n",
            "fields.started_at.else.required: holds for the whole value",
        ),
        (
            CSV + START + "connections: [{call_id: {from: a, privacy: hash}}]\nextra: [b, a]\n",
            "extra.2: `a` is protected by `privacy`",
        ),
        (
            CSV + START + "connections: [{call_id: {from: a, privacy: hash}, labels: {x: a}}]\n",
            "connections.1.labels.x: `a` is protected by `privacy`",
        ),
        (
            CSV + START + "connections: [{account_id: {from: a, privacy: hash}}]\n",
            "`hash` is for call_id, session_id, participant_id, not for `account_id`",
        ),
        (CSV + START + "connections: [{call_id: {from: a, pattern: '('}}]\n", "is no regular expression"),
        (
            CSV + START + "connections: [{call_id: {from: a, pattern: '(.)'}}]\n",
            "has other groups than it needs",
        ),
        (CSV + START + "connections: [{call_id: {from: a, sep: x}}]\n", "no meaning without `join`"),
        (CSV + START + "connections: [{bytes: {sum: [a], decode: percent}}]\n", "there is no text to read"),
        (
            CSV + START + "connections: [{call_id: {from: a, country: alpha3}}]\n",
            "has no meaning for `call_id`",
        ),
        (
            CSV + START + "connections: [{relay_ip: a, relay_among: [{ip: a}, {ip: b}]}]\n",
            "connections.1.relay_among: says what `relay_ip` is",
        ),
        (CSV + START + "connections: [{relay_among: [{ip: a}]}]\n", "connections.1.relay_among"),
        (HEAD + "input: {format: lines}\n" + START, "input: lines need one of `pattern` and `pairs`"),
        (HEAD + "input: {format: lines, pattern: '(a)'}\n" + START, "input.pattern: needs groups with names"),
        (HEAD + "input: {format: lines, pattern: '(?P<x>a)'}\n" + START, "`t` is none of the groups"),
        (HEAD + "input: {format: csv, records: [a]}\n" + START, "input.records: has no meaning for csv"),
        (
            HEAD + "input: {format: csv, header: false, columns: [t], rows_after_header: 1}\n" + START,
            "no header",
        ),
        (CSV + "fields: {call_id: c}\n", "5:0: connections.1: `started_at` is missing"),
        (CSV + "fields: {started_at: t}\n", "fields.started_at: needs `time`: units are never guessed"),
        (CSV + "fields: {started_at: {from: t, time: epoch}}\n", "`epoch` is no form of time"),
        (CSV + "fields: {started_at: {from: t, time: typed}}\n", "`typed` is for Parquet"),
        (
            CSV + "fields: {started_at: {from: t, time: '%d.%m.%Y %H:%M'}}\n",
            "has no offset, so it needs a zone",
        ),
        (
            CSV + "fields: {started_at: {from: t, time: '%d.%m.%Y', zone: UTC}}\n",
            "cannot hold a date and a time",
        ),
        (CSV + "fields: {started_at: {from: t, time: iso8601, zone: Mars}}\n", "`Mars` is no time zone"),
        (
            CSV + START + "connections: [{ended_at: {from: d, unit: s}}]\n",
            "a duration needs both `after` and `unit`",
        ),
        (
            CSV + START + "connections: [{tier: {from: x, map: {a: main}}}]\n",
            "connections.1.tier.map.a: `main` is no tier",
        ),
        (CSV + START + "connections: [{role: {const: medium}}]\n", "`medium` is no role"),
        (CSV + START + "connections: [{call_id: {from: x, ip: host}}]\n", "has no meaning for `call_id`"),
        (CSV + START + "connections: [{call_id: {from: x, const: y}}]\n", "needs exactly one of"),
        (CSV + START + "connections: [{call_id: {required: true}}]\n", "needs exactly one of"),
        (CSV + START + "connections: [{call_id: {from: x, unmapped: keep}}]\n", "no meaning without `map`"),
        (CSV + START + "connections: []\n", "connections: is empty"),
        (
            HEAD + "input: {format: jsonl, delimiter: ','}\n" + START,
            "4:35: input.delimiter: has no meaning for jsonl",
        ),
        (
            HEAD + "input: {format: jsonl}\nfields: {started_at: {from: 'a..b', time: iso8601}}\n",
            "`a..b` is no path",
        ),
        (HEAD + "input: {format: csv, header: false}\n" + START, "`columns` must name the columns"),
        (HEAD + "input: {format: csv, header: false, columns: [t, t]}\n" + START, "`t` stands twice"),
        (
            HEAD + "input: {format: csv, header: false, columns: [tt]}\n" + START,
            "`t` is none of `input.columns`",
        ),
        (HEAD + "input: {format: csv, delimiter: ab}\n" + START, "`ab` is not one ASCII character"),
        (HEAD + "input: {format: csv, zone: Europe/Bonn}\n" + START, "`Europe/Bonn` is no time zone"),
        (CSV.replace("id: m", "id: other") + START, "2:5: id: `other` is not the name of the file"),
    ],
)
def test_a_fault_is_found_and_located(written: Written, text: str, fault: str) -> None:
    (found,) = faults_of(written("m.yaml", text))
    assert fault.replace("5:0: ", "") in found
    assert found[0].isdecimal()


def test_all_faults_are_told_at_once_with_hints(written: Written) -> None:
    found = faults_of(
        written("m.yaml", CSV + "fields: {strated_at: t, tier: {from: x, tme: y}}\nextras: []\n")
    )
    assert found == [
        "5:10: fields.strated_at: unknown key\n  hint: did you mean `started_at`?",
        "5:41: fields.tier.tme: unknown key\n  hint: did you mean `time`?",
        "6:1: extras: unknown key\n  hint: did you mean `extra`?",
    ]


def test_a_mapping_is_frozen_and_travels() -> None:
    assert pickle.loads(pickle.dumps(CANONICAL)) == CANONICAL  # noqa: S301  it is our own
    with pytest.raises(AttributeError):
        CANONICAL.id = "x"  # type: ignore[misc]  # it must not be possible


def test_a_column_that_the_file_lacks_is_named_with_the_nearest_and_all_there_are(
    read: Reader, written: Written
) -> None:
    mapping = written(
        "m.yaml", CSV + "fields: {started_at: {from: began, time: epoch_s}, call_id: [calls, call]}\n"
    )
    with pytest.raises(SourceError) as error:
        read(written("a.log", "begann;call\n"), mapping)
    (fault,) = error.value.faults
    assert fault.text == "has no column `began`, which the mapping `m` reads for `started_at`"
    assert fault.hint == "did you mean `begann`? there are: `begann`, `call`"


def test_all_columns_that_a_file_lacks_are_named_in_one_fault_by_what_reads_them(
    read: Reader, written: Written
) -> None:
    fields = "fields: {started_at: {from: began, time: epoch_s}, call_id: [calls, called], tier: pool}\n"
    with pytest.raises(SourceError) as error:
        read(written("a.log", "begann;pool\n"), written("m.yaml", CSV + fields))
    (fault,) = error.value.faults
    assert fault.text == (
        "lacks 3 columns that the mapping `m` reads: "
        "for `call_id` `calls`, `called`; for `started_at` `began`"
    )
    assert fault.hint == "`began`: did you mean `begann`? there are: `begann`, `pool`"


def test_of_very_many_missing_columns_the_first_are_named(read: Reader, written: Written) -> None:
    extra = ", ".join(f"c{number}" for number in range(32))
    with pytest.raises(SourceError, match="`c29`; and 2 more"):
        read(written("a.log", "t;z\n"), written("m.yaml", CSV + START + f"extra: [{extra}]\n"))


def test_a_sum_needs_all_its_columns(read: Reader, written: Written) -> None:
    mapping = written("m.yaml", CSV + START + "connections: [{bytes: {sum: [tx, rx]}}]\n")
    with pytest.raises(SourceError, match="has no column `rx`, which the mapping `m` reads for `bytes`"):
        read(written("a.log", "t;tx\n"), mapping)


EVERYTHING = """
schema: auditor/mapping@1
id: acme
title: Nightly edge log
input: {format: csv, delimiter: ";", null_values: ["-", "N/A"], zone: Europe/Berlin}
fields:
  call_id: {from: guid, required: true}
  account_id: [tenant, old_tenant]
  client_ip: {from: src, ip: host_port}
  started_at: {from: began, time: "%d.%m.%Y %H:%M:%S", basis: call}
  ended_at: {from: secs, after: started_at, unit: s}
  labels: {cloud: {from: env, map: {g: gov}}}
connections:
  - role: media
    relay_ip: {from: relay, ip: host_port}
    tier: {from: pool, map: {main: primary, backup: fallback}, unmapped: reject}
    bytes: {sum: [tx, rx]}
  - {role: keys, relay_ip: kms, if_no_relay: none, use: possible}
extra: [codec]
"""
COLUMNS = "guid;tenant;old_tenant;src;began;secs;env;relay;pool;tx;rx;kms;codec\n"
LINE = "g1;-;t1;[2001:db8::1]:9;01.03.2026 01:00:00;90.5;g;192.0.2.1:443;main;5;6;192.0.2.2;opus\n"


def test_a_record_becomes_the_connections_that_the_mapping_says(read: Reader, written: Written) -> None:
    found = read(written("a.log", COLUMNS + LINE), written("acme.yaml", EVERYTHING))
    media, keys = found.connections.rows(named=True)
    shared = {
        "call_id": "g1",
        "account_id": "t1",
        "client_ip": "2001:db8::1",
        "time_basis": "call",
        "label_cloud": "gov",
        "extra": '{"codec":"opus"}',
    }
    assert shared.items() <= media.items()
    assert shared.items() <= keys.items()
    assert media["started_at"].isoformat() == "2026-03-01T00:00:00+00:00"
    assert media["ended_at"].isoformat() == "2026-03-01T00:01:30.500000+00:00"
    of_media = {
        "role": "media",
        "relay_ip": "192.0.2.1",
        "relay_port": 443,
        "tier": "primary",
        "bytes": 11,
        "part": 1,
    }
    assert of_media.items() <= media.items()
    of_keys = {"role": "keys", "relay_ip": "192.0.2.2", "use_proved": False, "bytes": None, "part": 2}
    assert of_keys.items() <= keys.items()


@pytest.mark.parametrize(
    ("old", "new", "reasons"),
    [
        ("g1;", "N/A;", [(2, "missing", "call_id")]),
        (";01.03.2026 01:00:00;", ";;", [(2, "missing", "started_at")]),
        (";01.03.2026 01:00:00;", ";soon;", [(2, "unreadable", "started_at")]),
        (";01.03.2026 01:00:00;", ";29.03.2026 02:30:00;", [(2, "ambiguous_time", "started_at")]),
        (";01.03.2026 01:00:00;", ";25.10.2026 02:30:00;", [(2, "ambiguous_time", "started_at")]),
        (";01.03.2026 01:00:00;", ";01.03.1999 01:00:00;", [(2, "out_of_range", "started_at")]),
        (";main;", ";other;", [(2, "unmapped", "tier")]),
    ],
)
def test_a_record_that_lacks_what_it_needs_is_rejected_whole(
    read: Reader, written: Written, old: str, new: str, reasons: list[tuple[int, str, str]]
) -> None:
    found = read(written("a.log", COLUMNS + LINE.replace(old, new)), written("acme.yaml", EVERYTHING))
    assert found.reasons == reasons
    assert found.connections.is_empty()
    assert found.rejects["excerpt"][0] == LINE.replace(old, new).strip()


@pytest.mark.parametrize(
    ("old", "new", "unread"),
    [
        (";90.5;", ";long;", [("ended_at", "unreadable", 1, 2, "long")]),
        (";90.5;", ";-1;", [("ended_at", "end_before_start", 1, 2, "-1")]),
        (";g;", ";x;", [("label_cloud", "unmapped", 1, 2, "x")]),
        (";5;6;", ";-5;6;", [("bytes", "unreadable", 1, 2, "-5")]),
        (";192.0.2.1:443;", ";192.0.2.1:99999;", [("relay_port", "unreadable", 1, 2, "192.0.2.1:99999")]),
        (";192.0.2.1:443;", ";no address at all;", []),
        (";192.0.2.2;", ";-;", []),
    ],
)
def test_an_optional_value_that_cannot_be_read_is_null_and_counted_once(
    read: Reader, written: Written, old: str, new: str, unread: list[tuple[Any, ...]]
) -> None:
    found = read(written("a.log", COLUMNS + LINE.replace(old, new)), written("acme.yaml", EVERYTHING))
    assert found.unread == unread
    assert found.reasons == []
    for column, *_ in unread:
        assert found.connections[column][0] is None


TWO = """
schema: auditor/mapping@1
id: two
title: t
input: {format: csv}
fields: {started_at: {from: t, time: epoch_s}, bytes: b, tier: p}
connections:
  - {role: turn, relay_ip: r1, use: possible, if_no_relay: none}
  - {role: turn, relay_ip: r2, if_no_relay: none}
"""


def test_equal_connections_of_a_record_become_one_and_a_record_without_any_is_told(
    read: Reader, written: Written
) -> None:
    path = written("a.log", "t,b,p,r1,r2\n1772350400,5,,x,x\n1772350400,5,,x,y\n1772350400,5,,,\n")
    found = read(path, written("two.yaml", TWO))
    columns = ("record", "part", "relay_ip", "bytes", "use_proved")
    assert found.connections.select(columns).rows() == [
        (2, 1, "x", 10, True),
        (3, 1, "x", 5, False),
        (3, 2, "y", 5, True),
    ]
    assert found.not_connections == {"header": 1, "no_relay": 1}
    assert found.accounted == found.records == 4


def test_a_value_that_two_connections_share_is_counted_once(read: Reader, written: Written) -> None:
    path = written("a.log", "t,b,p,r1,r2\n1772350400,5,what,x,y\n")
    assert read(path, written("two.yaml", TWO)).unread == [("tier", "unreadable", 1, 2, "what")]


def test_times_out_of_range_are_told_with_the_unit_that_would_have_fitted(
    read: Reader, written: Written
) -> None:
    mapping = written(
        "m.yaml",
        CSV
        + "fields: {started_at: {from: b, time: epoch_s}, ended_at: {from: e, time: epoch_ms}}\n"
        + "connections: [{role: media, relay_ip: b}, {role: keys, relay_ip: e}]\n",
    )
    rows = ["1772350400123;1772350400", "1772350400;", "1772350400;1772350400123", "1;1772350400", "x;x"] * 2
    path = written("a.csv", "b;e\n" + "\n".join(rows) + "\n")
    for limits in (Limits(), Limits(chunk_bytes=5)):
        found = read(path, mapping, limits=limits)
        told = (
            pl.concat([batch.warnings for batch in found.batches])
            .group_by("text")
            .agg(pl.col("count").sum(), pl.col("first_record").min())
        )
        assert sorted(told.rows()) == [
            ("`ended_at` is out of range as `epoch_ms`, and would be in it as `epoch_s`", 4, 2),
            ("`started_at` is out of range as `epoch_s`, and would be in it as `epoch_ms`", 2, 2),
        ]
        assert found.reasons == [
            (record, reason, "started_at")
            for record, reason in enumerate(["out_of_range", None, None, "out_of_range", "unreadable"] * 2, 2)
            if reason
        ]


SUMMED = (
    CSV
    + START
    + "connections:\n"
    + "".join(
        f"  - {{role: media, relay_ip: {relay}, bytes: {{sum: [tx, rx]}}, session_id: {relay}}}\n"
        for relay in ("r1", "r2")
    )
)


@pytest.mark.parametrize(
    ("tx", "rx", "relays", "counted"),
    [
        (2**63 - 1, 0, ("a", "b"), [2**63 - 1] * 2),
        (2**63 - 1, 1, ("a", "b"), [None] * 2),
        (2**63 - 1, 2**63 - 1, ("a", "b"), [None] * 2),
        (2**62 - 1, 0, ("a", "a"), [2**63 - 2]),
        (2**62, 0, ("a", "a"), [None]),
        (2**62, 2**62 - 1, ("a", "a"), [None]),
        (2**62, 2**62, ("a", "a"), [None]),
    ],
)
def test_a_sum_beyond_64_bits_is_unread(  # noqa: PLR0913, PLR0917  a table and its fixtures
    read: Reader, written: Written, tx: int, rx: int, relays: tuple[str, str], counted: list[int | None]
) -> None:
    log = f"t;tx;rx;r1;r2\n1772350400;{tx};{rx};{';'.join(relays)}\n1772350400;1;1;x;y\n"
    found = read(written("a.log", log), written("m.yaml", SUMMED))
    assert found.connections["bytes"].to_list() == [*counted, 2, 2]
    unread = [(column, reason, count, first) for column, reason, count, first, _ in found.unread]
    assert unread == ([("bytes", "out_of_range", 1, 2)] if None in counted else [])
