import os
from pathlib import Path

import pytest

from auditor.engine.job import Silence
from auditor.engine.logsets import settle_logs
from auditor.engine.planning import Planned, plan_logs
from auditor.engine.request import LogsAsked
from auditor.errors import NothingToAuditError, SourceError

HEADER = "call_id,role,started_at\n"


def log(folder: Path, name: str, text: str = HEADER + "c,media,2020-04-01T00:00:00Z\n") -> str:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return str(path)


def plan(*arguments: str, piece_bytes: int = 1 << 20) -> Planned:
    sets = settle_logs([LogsAsked(arguments)], None, None)
    return plan_logs(sets, Silence(), piece_bytes=piece_bytes)


def test_a_content_is_read_once_and_its_copies_are_named(tmp_path: Path) -> None:
    first, copy, other = log(tmp_path, "a.csv"), log(tmp_path, "b.csv"), log(tmp_path, "c.csv", HEADER)
    planned = plan(str(tmp_path))
    assert [reading.plan.log.path for reading in planned.readings] == [first, other]
    assert planned.repeated == ((copy, first),)


def test_the_same_bytes_in_another_format_are_read_too(tmp_path: Path) -> None:
    names = {log(tmp_path, "a.csv", ""), log(tmp_path, "a.ndjson", "")}
    assert {reading.plan.log.path for reading in plan(str(tmp_path)).readings} == names


def test_the_pieces_of_a_log_are_shards_with_names_of_their_own(tmp_path: Path) -> None:
    row = "c,media,2020-04-01T00:00:00Z\n"
    path = log(tmp_path, "a.csv", HEADER + row * 100)
    shards = plan(path, piece_bytes=500).shards()
    assert len({shard.id for shard in shards}) == len(shards) > 2
    again = plan(path, piece_bytes=500).shards()
    assert [shard.id for shard in again] == [shard.id for shard in shards]


def test_the_faults_of_all_logs_are_told_at_once(tmp_path: Path) -> None:
    log(tmp_path, "a.csv", "nothing,here\n1,2\n")
    log(tmp_path, "b.csv", "nor,there\n1,2\n")
    (tmp_path / "c.parquet").write_bytes(b"PAR1 it is not")
    with pytest.raises(SourceError) as raised:
        plan(str(tmp_path))
    told = {Path(fault.place.split(":")[0]).name for fault in raised.value.faults}
    assert told == {"a.csv", "b.csv", "c.parquet"}


def test_a_name_that_no_report_could_print_is_refused(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path / "a") + b"\xff.csv")
    Path(path).write_text(HEADER)
    with pytest.raises(SourceError, match="has a name that is not UTF-8"):
        plan(path)


def test_a_log_that_is_written_to_while_it_is_read_is_no_evidence(tmp_path: Path) -> None:
    path = log(tmp_path, "a.csv")
    planned = plan(path)
    planned.verify_unchanged()
    with Path(path).open("a") as file:
        file.write("d,media,2020-04-01T00:00:00Z\n")
    with pytest.raises(SourceError, match="changed while it was read"):
        planned.verify_unchanged()


def test_a_log_that_is_taken_away_while_it_is_read_is_named(tmp_path: Path) -> None:
    path = log(tmp_path, "a.csv")
    planned = plan(path)
    Path(path).unlink()
    with pytest.raises(SourceError, match="was taken away while it was read"):
        planned.verify_unchanged()


def test_no_logs_are_nothing_to_audit() -> None:
    with pytest.raises(NothingToAuditError):
        plan()
