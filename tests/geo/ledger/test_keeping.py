"""A recording is in the ledger whole, or not at all, whatever kills the recorder."""

import fcntl
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from auditor.errors import GeoError
from auditor.geo.ledger.chain import CHAIN, name_of, part_of
from auditor.geo.ledger.holding import held
from auditor.geo.ledger.keeping import keep_ledger
from auditor.geo.ledger.ledger import open_ledger
from tests.geo.ledger.making import (
    BEGUN,
    DAY,
    LATER,
    answer,
    faults_of,
    lines_of,
    record_at,
    record_days,
    table,
    write_lines,
)

NEXT = BEGUN + 2 * DAY

RECORDER = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from tests.geo.ledger.making import BEGUN, record_at

folder, steps, at, calm = Path(sys.argv[1]), int(sys.argv[2]), BEGUN + timedelta(days=int(sys.argv[3])), [0]

def die(event, arguments):
    if event in ("open", "os.rename", "os.remove") and str(folder) in str(arguments[0]):
        calm[0] += 1
        if calm[0] == steps:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(die)
record_at(folder, at)
"""
"""Kills itself at one of the steps at which Python opens, renames or removes something of the ledger."""


def killed(folder: Path, steps: int) -> bool:
    done = subprocess.run([sys.executable, "-c", RECORDER, folder, str(steps), "2"], check=False)
    assert done.returncode in (0, -signal.SIGKILL)
    return done.returncode != 0


def test_a_recorder_killed_at_any_step_leaves_a_ledger_that_the_next_one_finishes(tmp_path: Path) -> None:
    outcomes = []
    for steps in range(1, 100):
        folder = record_days(tmp_path / str(steps), 2)
        before = lines_of(folder)
        if not killed(folder, steps):
            break
        assert lines_of(folder)[:2] == before
        with keep_ledger(folder) as ledger:
            finished = ledger.finished
            ledger.add(table([answer()], NEXT + DAY), NEXT + DAY)
        assert faults_of(folder) == []
        assert not list(folder.glob(".*"))
        taken = {recording.observed_at for recording in open_ledger(str(folder), LATER).recordings}
        assert (NEXT in taken) == (len(lines_of(folder)) == 4)
        outcomes.append((NEXT in taken, finished is not None))
    assert outcomes[0] == (False, False)
    assert (True, True) in outcomes
    assert (True, False) in outcomes


def cut_short(folder: Path, kept: int) -> Path:
    """Leave what a recorder leaves whose line got to the disk only up to `kept` bytes."""
    record_at(folder, NEXT)
    *lines, last = lines_of(folder)
    write_lines(folder, [*lines, last[:kept]])
    path = folder / name_of(NEXT)
    path.rename(part_of(path))
    return path


@pytest.mark.parametrize("kept", [1, 30, 100, -1])
def test_a_line_that_was_cut_off_is_finished_where_its_recording_is_there(tmp_path: Path, kept: int) -> None:
    folder = record_days(tmp_path / "ledger", 2)
    path = cut_short(folder, kept)
    assert ["the line is cut off" in fault for fault in faults_of(folder)] == [True]
    with keep_ledger(folder) as ledger:
        assert ledger.finished == path.name
    assert faults_of(folder) == []
    assert len(lines_of(folder)) == 3


def test_a_line_that_was_cut_off_without_its_recording_stays_a_fault(tmp_path: Path) -> None:
    folder = record_days(tmp_path / "ledger", 2)
    part_of(cut_short(folder, 30)).unlink()
    chain = (folder / CHAIN).read_bytes()
    with pytest.raises(GeoError, match="the line is cut off"), keep_ledger(folder):
        pass
    assert (folder / CHAIN).read_bytes() == chain


@pytest.mark.parametrize("content", [b"", b"PAR1", None])
def test_a_line_is_not_finished_over_what_is_no_recording(tmp_path: Path, content: bytes | None) -> None:
    folder = record_days(tmp_path / "ledger", 2)
    part = part_of(cut_short(folder, 30))
    part.write_bytes((folder / name_of(BEGUN)).read_bytes() if content is None else content)
    with pytest.raises(GeoError, match="the line is cut off"), keep_ledger(folder):
        pass


def test_a_recording_that_the_chain_names_and_that_lacks_only_its_name_is_finished(tmp_path: Path) -> None:
    folder = record_days(tmp_path / "ledger", 2)
    path = cut_short(folder, 10_000)
    (fault,) = faults_of(folder)
    assert "is missing; line 3 of the chain names it" in fault
    assert "record again, which finishes what was cut short" in fault
    with keep_ledger(folder) as ledger:
        assert ledger.finished == path.name
    assert faults_of(folder) == []


def test_another_file_is_not_taken_for_the_one_that_the_chain_names(tmp_path: Path) -> None:
    folder = record_days(tmp_path / "ledger", 2)
    path = cut_short(folder, 10_000)
    part_of(path).write_bytes((folder / name_of(BEGUN)).read_bytes())
    with pytest.raises(GeoError, match="is missing"), keep_ledger(folder):
        pass
    assert part_of(path).exists()


def test_what_never_came_into_the_chain_is_taken_away(tmp_path: Path) -> None:
    folder = record_days(tmp_path / "ledger", 2)
    part_of(folder / name_of(NEXT)).write_bytes(b"half of a re")
    assert faults_of(folder) == []
    record_at(folder, NEXT)
    assert faults_of(folder) == []
    assert not list(folder.glob(".*"))


def test_nothing_is_added_to_a_ledger_that_is_not_intact(tmp_path: Path) -> None:
    folder = record_days(tmp_path / "ledger", 2)
    (folder / name_of(BEGUN)).unlink()
    chain = (folder / CHAIN).read_bytes()
    with pytest.raises(GeoError, match="is missing; line 1"):
        record_at(folder, NEXT)
    assert (folder / CHAIN).read_bytes() == chain


@pytest.mark.parametrize("back", [timedelta(0), timedelta(microseconds=1), 30 * DAY])
def test_a_clock_that_went_back_is_refused(tmp_path: Path, back: timedelta) -> None:
    folder = record_days(tmp_path / "ledger", 2)
    before = sorted((path.name, path.read_bytes()) for path in folder.iterdir())
    with pytest.raises(
        GeoError, match=r"the clock says .* and the last recording is of 2026-01-02T06:30:00Z"
    ):
        record_at(folder, BEGUN + DAY - back)
    assert sorted((path.name, path.read_bytes()) for path in folder.iterdir()) == before


def test_only_the_end_of_the_chain_and_new_files_are_ever_written(tmp_path: Path) -> None:
    folder = record_days(tmp_path / "ledger", 2)
    before = {path.name: (path.stat().st_ino, path.read_bytes()) for path in folder.iterdir()}
    record_at(folder, NEXT)
    for name, (inode, content) in before.items():
        assert (folder / name).stat().st_ino == inode
        assert (folder / name).read_bytes().startswith(content)
    assert len(list(folder.iterdir())) == len(before) + 1


def test_two_recorders_at_once_both_get_in(tmp_path: Path) -> None:
    folder = tmp_path / "ledger"
    words = [[sys.executable, "-c", RECORDER, folder, "-1", day] for day in ("1", "2", "3")]
    both = [subprocess.Popen(line, stderr=subprocess.PIPE) for line in words]
    ended = [(one.communicate()[1].decode(), one.returncode) for one in both]
    assert faults_of(folder) == []
    recorded = len(open_ledger(str(folder), LATER).recordings)
    refused = sum("the clock says" in said for said, code in ended if code)
    assert recorded + refused == 3
    assert recorded >= 1


@pytest.mark.parametrize("alone", [True, False])
def test_who_holds_a_ledger_keeps_recorders_out_and_an_audit_waits_for_a_recorder(
    tmp_path: Path, *, alone: bool
) -> None:
    folder = record_days(tmp_path / "ledger", 1)
    with (folder / CHAIN).open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        with pytest.raises(GeoError, match="is held by another"), keep_ledger(folder, patience=0.1):
            pass
        if alone:
            with pytest.raises(GeoError, match="is held"), held(folder / CHAIN, alone=False, patience=0.1):
                pass
        else:
            assert faults_of(folder) == []


def test_a_ledger_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GeoError, match=r"cannot be written: (File exists|Not a directory)"):
        record_at(tmp_path / "file", BEGUN)


def test_a_full_disk_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    folder = record_days(tmp_path / "ledger", 2)
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
    ignoring = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    words = [sys.executable, "-c", limited + ignoring + RECORDER, str(folder), "-1", "2"]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "GeoError" in done.stderr
    assert "cannot be written" in done.stderr
    assert faults_of(folder) == []
    record_at(folder, NEXT)
    assert faults_of(folder) == []


def test_what_no_audit_would_read_does_not_come_in(tmp_path: Path) -> None:
    folder = record_days(tmp_path / "ledger", 1)
    rows = table([answer()], NEXT)
    for odd in (rows.head(0), rows.with_columns(build=pl.lit(NEXT + 9 * DAY)), pl.concat([rows, rows])):
        with keep_ledger(folder) as ledger, pytest.raises(GeoError):
            ledger.add(odd, NEXT)
        assert len(lines_of(folder)) == 1
    assert faults_of(folder) == []
