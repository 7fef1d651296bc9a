"""What the words of the mapping language make of records, through a real log."""

from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.errors import SourceError
from auditor.model import BadValue
from auditor.sources.csv import CsvSource
from auditor.sources.interface import Log
from auditor.sources.mapping import load_mapping

HEAD = "schema: auditor/mapping@1\nid: m\ntitle: t\ninput: {format: csv}\n"
AT = "started_at: {from: t, time: epoch_s}"
NOW = "1767225600"

Lines = Callable[..., "Result"]


class Result:
    """What became of a small log."""

    def __init__(self, path: Path, mapping: str, name: str) -> None:
        (path / "m.yaml").write_text(HEAD + mapping, encoding="utf-8")
        log = Log(str(path / name), "csv", load_mapping(path / "m.yaml"))
        source = CsvSource()
        (piece,) = source.plan(log, piece_bytes=1 << 30).pieces
        (self.batch,) = source.batches(piece)

    def column(self, name: str) -> list[object]:
        return self.batch.connections[name].to_list()

    @property
    def aside(self) -> dict[str, int]:
        return dict(self.batch.not_connections.select("reason", "count").rows())

    @property
    def rejects(self) -> list[tuple[int, str, str]]:
        return self.batch.rejects.select("record", "reason", "column").rows()

    @property
    def unread(self) -> list[tuple[str, str, int, str]]:
        return self.batch.unread.select("column", "reason", "count", "example").rows()

    @property
    def warnings(self) -> list[tuple[str, int, int]]:
        return self.batch.warnings.select("text", "count", "first_record").rows()


@pytest.fixture
def lines(tmp_path: Path) -> Lines:
    """Read lines of CSV, the first of them the header, through a mapping."""

    def read(mapping: str, *lines: str, name: str = "log.csv") -> Result:
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        return Result(tmp_path, mapping, name)

    return read


ROLE = "role: {const: media}"


def test_records_are_set_aside_by_the_first_reason_that_holds(lines: Lines) -> None:
    result = lines(
        "not_a_connection:\n  - {when: {s: [busy, gone]}, reason: no_media}\n"
        "  - {when: {p: p2p}, reason: direct}\n"
        f"fields: {{{AT}, {ROLE}, relay_ip: r}}\n",
        "t,s,p,r",
        f"{NOW},busy,p2p,1.2.3.4",
        f"{NOW},ok,p2p,1.2.3.4",
        f"{NOW},ok,,1.2.3.4",
        "never,busy,,",
    )
    assert result.aside == {"header": 1, "no_media": 2, "direct": 1}
    assert result.column("record") == [4]
    assert result.batch.records == 5


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        ("{s: a}", "a"),
        ("{s: {not: a}}", "bcn"),
        ("{s: [a, b]}", "ab"),
        ("{s: {not: [a, b]}}", "cn"),
        ("{s: null}", "n"),
        ("{s: {not: null}}", "abc"),
        ("{s: [a, null]}", "an"),
        ("{s: {not: [a, null]}}", "bc"),
        ("{s: a, n: '1'}", "a"),
        ("{s: b, n: '1'}", ""),
        ("{any: [{s: b}, {n: '1'}]}", "ab"),
        ("{all: [{s: {not: b}}, {s: {not: null}}]}", "ac"),
        ("{not: {any: [{s: a}, {s: b}]}}", "cn"),
        ("{n: 1}", "a"),
    ],
)
def test_conditions_are_true_or_false_of_every_record(lines: Lines, condition: str, held: str) -> None:
    result = lines(
        f"connections: [{{when: {condition}, {AT}, {ROLE}, call_id: c, relay_ip: r}}]\n",
        "t,s,n,c,r",
        *(
            f"{NOW},{'' if letter == 'n' else letter},{n},{letter},1.2.3.4"
            for letter, n in zip("abcn", "1234", strict=True)
        ),
    )
    assert "".join(map(str, result.column("call_id"))) == held
    assert result.batch.connection_records + sum(result.aside.values()) == result.batch.records


def test_a_warning_counts_the_records_of_which_it_holds(lines: Lines) -> None:
    result = lines(
        "warn: [{when: {next: {not: null}}, text: more pages follow}]\n"
        f"fields: {{{AT}, {ROLE}, relay_ip: r}}\n",
        "t,next,r",
        f"{NOW},,1.2.3.4",
        f"{NOW},p2,1.2.3.4",
        f"{NOW},p3,1.2.3.4",
    )
    assert ("more pages follow", 2, 3) in result.warnings


def test_a_record_that_is_set_aside_is_warned_of_all_the_same(lines: Lines) -> None:
    result = lines(
        "warn: [{when: {next: p2}, text: more pages follow}]\n"
        "not_a_connection: [{when: {next: p2}, reason: direct}]\n"
        f"fields: {{{AT}, {ROLE}, relay_ip: r}}\n",
        "t,next,r",
        f"{NOW},p2,1.2.3.4",
    )
    assert result.aside == {"header": 1, "direct": 1}
    assert ("more pages follow", 1, 2) in result.warnings


def test_a_column_that_only_a_condition_asks_for_has_to_be_there(lines: Lines) -> None:
    aside = "not_a_connection: [{when: {any: [{path: p2p}, {route: p2p}]}, reason: direct}]\n"
    warn = "warn: [{when: {next: {not: null}}, text: more pages follow}]\n"
    fields = f"fields: {{{AT}, {ROLE}, relay_ip: r}}\n"
    found = lines(aside + warn + fields, "t,route,r", f"{NOW},p2p,1.2.3.4", f"{NOW},turn,1.2.3.4")
    assert found.aside == {"header": 1, "direct": 1}
    with pytest.raises(SourceError, match=r"lacks 2 columns that .*: for `direct` `path`, `route`"):
        lines(aside + fields, "t,r", f"{NOW},1.2.3.4")
    entry = f"connections: [{{when: {{kind: call}}, {AT}, {ROLE}, relay_ip: r}}]\n"
    with pytest.raises(SourceError, match="has no column `kind`"):
        lines(entry, "t,r", f"{NOW},1.2.3.4")


def test_a_packed_text_may_be_opened_under_its_own_name(lines: Lines) -> None:
    entry = f"connections: [{{each: {{site: {{in: site, split: ';'}}}}, {AT}, {ROLE}, relay_site: site}}]\n"
    assert lines(entry, "t,site", f"{NOW},a;b").column("relay_site") == ["a", "b"]


def test_join_leaves_nulls_out(lines: Lines) -> None:
    result = lines(
        f"fields: {{{AT}, {ROLE}, relay_ip: r,"
        " session_id: {join: [a, b]}, call_id: {join: [a, b], sep: '-'}}\n",
        "t,a,b,r",
        f"{NOW},x,y,1.2.3.4",
        f"{NOW},,y,1.2.3.4",
        f"{NOW},,,1.2.3.4",
    )
    assert result.column("session_id") == ["x/y", "y", None]
    assert result.column("call_id") == ["x-y", "y", None]


def test_else_is_tried_where_nothing_is_written_and_gives_its_own_basis(lines: Lines) -> None:
    start = "{from: t, time: epoch_s, else: {from: whole, time: epoch_s, basis: call}}"
    result = lines(
        f"fields: {{started_at: {start}, {ROLE}, relay_ip: r}}\n",
        "t,whole,r",
        f"{NOW},1767225000,1.2.3.4",
        ",1767225000,1.2.3.4",
        "soon,1767225000,1.2.3.4",
        ",,1.2.3.4",
    )
    assert [at.timestamp() for at in result.batch.connections["started_at"]] == [1767225600, 1767225000]
    assert result.column("time_basis") == ["connection", "call"]
    assert result.rejects == [(4, "unreadable", "started_at"), (5, "missing", "started_at")]


def test_each_else_gives_its_own_basis(lines: Lines) -> None:
    whole = "{from: whole, time: epoch_s, basis: call, else: {from: seen, time: epoch_s, basis: sample}}"
    result = lines(
        f"fields: {{started_at: {{from: t, time: epoch_s, else: {whole}}}, {ROLE}, relay_ip: r}}\n",
        "t,whole,seen,r",
        f"{NOW},1767225000,1767225000,1.2.3.4",
        ",1767225000,1767225000,1.2.3.4",
        ",,1767225000,1.2.3.4",
    )
    assert result.column("time_basis") == ["connection", "call", "sample"]


def test_percent_signs_are_decoded_and_the_pattern_takes_its_group(lines: Lines) -> None:
    call = "{from: $file, decode: percent, pattern: '^(?P<value>.+)\\.csv$'}"
    result = lines(
        f"fields: {{{AT}, {ROLE}, relay_ip: r, call_id: {call},"
        " participant_id: {from: p, decode: percent}}\n",
        "t,p,r",
        f"{NOW},a%20b,1.2.3.4",
        f"{NOW},%FF,1.2.3.4",
        name="a%2Fb==.csv",
    )
    assert result.column("call_id") == ["a/b==", "a/b=="]
    assert result.column("participant_id") == ["a b", None]
    assert result.unread == [("participant_id", BadValue.UNREADABLE, 1, "%FF")]


def test_a_text_that_the_pattern_does_not_take_is_unreadable(lines: Lines) -> None:
    result = lines(
        f"fields: {{{AT}, {ROLE}, relay_ip: r, call_id: {{from: c, pattern: '^id=(?P<value>\\d+)$'}}}}\n",
        "t,c,r",
        f"{NOW},id=7,1.2.3.4",
        f"{NOW},7,1.2.3.4",
    )
    assert result.column("call_id") == ["7", None]
    assert result.unread == [("call_id", BadValue.UNREADABLE, 1, "7")]


def test_integers_with_their_lowest_octet_first_are_addresses(lines: Lines) -> None:
    result = lines(
        f"fields: {{{AT}, {ROLE}, relay_ip: {{from: r, ip: int32_le}}}}\n",
        "t,r",
        f"{NOW},16908480",
        f"{NOW},-1062731584",
        f"{NOW},0",
        f"{NOW},99999999999",
        f"{NOW},x",
    )
    assert result.column("relay_ip") == ["192.0.2.1", "192.0.168.192", None, None, None]
    assert result.unread == [("relay_ip", BadValue.UNREADABLE, 2, "99999999999")]


@pytest.mark.parametrize(
    ("written", "country"), [("deu", "DE"), ("CHN", "CN"), ("XKX", "XK"), ("de", None), ("XXX", None)]
)
def test_countries_of_three_letters_are_known(lines: Lines, written: str, country: str | None) -> None:
    result = lines(
        f"fields: {{{AT}, {ROLE}, relay_country_declared: {{from: c, country: alpha3}}}}\n",
        "t,c",
        f"{NOW},{written}",
    )
    assert result.column("relay_country_declared") == [country]
    assert bool(result.unread) == (country is None)


def test_the_record_is_rejected_whole_if_one_of_its_connections_cannot_be_built(lines: Lines) -> None:
    result = lines(
        f"fields: {{{AT}}}\nconnections:\n  - {{{ROLE}, relay_ip: r}}\n"
        "  - {role: {const: turn}, relay_ip: r, when: {kind: two}, call_id: {from: c, required: true}}\n",
        "t,kind,c,r",
        f"{NOW},one,,1.2.3.4",
        f"{NOW},two,,1.2.3.4",
        f"{NOW},two,x,1.2.3.4",
    )
    assert result.column("record") == [2, 4, 4]
    assert result.rejects == [(3, "missing", "call_id")]


def test_a_record_of_no_entry_is_no_connection(lines: Lines) -> None:
    result = lines(
        f"connections: [{{{AT}, {ROLE}, relay_ip: r, when: {{kind: call}}}}]\n",
        "t,kind,r",
        f"{NOW},chat,1.2.3.4",
        f"{NOW},call,1.2.3.4",
    )
    assert result.aside == {"header": 1, "no_relay": 1}
    assert result.column("part") == [1]


def test_an_end_that_a_duration_puts_beyond_2100_is_out_of_range(lines: Lines) -> None:
    result = lines(
        f"fields: {{{AT}, {ROLE}, relay_ip: r, ended_at: {{from: d, after: started_at, unit: s}}}}\n",
        "t,d,r",
        f"{NOW},3000000000,1.2.3.4",
    )
    assert result.column("ended_at") == [None]
    assert result.unread == [("ended_at", BadValue.OUT_OF_RANGE, 1, "3000000000")]
