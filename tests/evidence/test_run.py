import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from auditor.errors import RunError, UsageError
from auditor.evidence.manifest import Manifest
from auditor.evidence.run import load_manifest, open_run

KILLED = """
import os, signal, sys
from pathlib import Path
from auditor.evidence.run import open_run
with open_run(Path(sys.argv[1])) as run:
    (run.directory / "half.parquet").write_text("half")
    (run.shards / "shard.json").write_text("{}")
    os.kill(os.getpid(), signal.SIGKILL)
"""

TAKING_TURNS = """
import sys
from pathlib import Path
from auditor.errors import UsageError
from auditor.evidence.run import open_run
while not Path(sys.argv[2]).exists():
    try:
        with open_run(Path(sys.argv[1])) as run:
            assert run.directory.is_dir()
    except UsageError:
        pass
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_finished_run_is_whole_and_nothing_else_is_left(run: Path) -> None:
    assert names(run.parent) == ["run"]
    assert names(run) == ["findings.parquet", "manifest.json", "report.html"]
    outputs = {output.name: output.rows for output in load_manifest(run).outputs}
    assert outputs == {"findings.parquet": 2, "report.html": None}


def fail_in_the_middle(place: Path) -> None:
    with open_run(place) as opened:
        (opened.directory / "half.parquet").write_text("half")
        raise ZeroDivisionError


def test_a_failed_run_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_in_the_middle(tmp_path / "run")
    assert names(tmp_path) == []


def test_a_killed_run_is_no_run_and_its_shards_are_taken_up(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "run")], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert names(tmp_path) == [".run.work"]
    with open_run(tmp_path / "run") as opened:
        assert names(opened.directory) == []
        assert names(opened.shards) == ["shard.json"]


def test_two_audits_never_write_to_one_place(tmp_path: Path) -> None:
    with (
        open_run(tmp_path / "run"),
        pytest.raises(UsageError, match="another audit is writing there"),
        open_run(tmp_path / "run"),
    ):
        pass


def test_what_is_there_is_not_overwritten_unasked(run: Path) -> None:
    with pytest.raises(UsageError, match="is there already"), open_run(run):
        pass
    assert names(run) == ["findings.parquet", "manifest.json", "report.html"]


def test_an_earlier_run_is_replaced_when_asked(run: Path, manifest: Manifest) -> None:
    with open_run(run, overwrite=True) as opened:
        opened.finish(manifest)
    assert names(run) == ["manifest.json"]
    assert names(run.parent) == ["run"]


def test_what_is_no_run_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "love.txt").write_text("dear")
    with pytest.raises(UsageError, match="is no run"), open_run(tmp_path / "letters", overwrite=True):
        pass
    assert names(tmp_path / "letters") == ["love.txt"]


def test_an_empty_folder_may_become_the_run(tmp_path: Path, manifest: Manifest) -> None:
    (tmp_path / "run").mkdir()
    with open_run(tmp_path / "run") as opened:
        opened.finish(manifest)
    assert names(tmp_path / "run") == ["manifest.json"]


def test_a_folder_without_a_manifest_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"is no run directory: it has no manifest\.json"):
        load_manifest(tmp_path)


def test_a_run_can_be_read_by_others_than_its_owner(run: Path) -> None:
    assert os.access(run, os.R_OK | os.X_OK)


def test_what_came_there_during_the_audit_is_not_replaced(tmp_path: Path, manifest: Manifest) -> None:
    with open_run(tmp_path / "run") as opened:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "love.txt").write_text("dear")
        with pytest.raises(UsageError, match="is there already"):
            opened.finish(manifest)
    assert names(tmp_path / "run") == ["love.txt"]
    assert names(tmp_path) == ["run"]


def test_an_earlier_run_comes_back_where_an_audit_was_killed_while_it_replaced_it(run: Path) -> None:
    work = run.parent / ".run.work"
    work.mkdir()
    run.rename(work / "retired")
    with pytest.raises(UsageError, match="is there already"), open_run(run):
        pass
    assert names(run) == ["findings.parquet", "manifest.json", "report.html"]
    assert names(run.parent) == ["run"]


def test_an_earlier_run_comes_back_where_the_new_one_could_not_take_its_place(run: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_after_retiring(run)
    assert names(run) == ["findings.parquet", "manifest.json", "report.html"]
    assert names(run.parent) == ["run"]


def fail_after_retiring(run: Path) -> None:
    with open_run(run, overwrite=True) as opened:
        run.rename(opened.shards.parent / "retired")
        raise ZeroDivisionError


@pytest.mark.parametrize("place", ["log.csv/run", "log.csv", "x" * 252, "\udcff"])
def test_a_place_where_nothing_can_be_written_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "log.csv").write_text("")
    with (
        pytest.raises(UsageError, match=r"--out .*: (cannot be written|is there|is no name)"),
        open_run(tmp_path / place),
    ):
        pass
    assert names(tmp_path) == ["log.csv"]


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "run").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="is there already"), open_run(tmp_path / "run"):
        pass


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        pl.exceptions.ComputeError("parquet: underlying IO error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_told_as_such(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(RunError, match="No space left on device"), open_run(tmp_path / "run"):
        raise error
    assert names(tmp_path) == []


def test_any_other_error_is_left_to_tell_itself(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), open_run(tmp_path / "run"):
        raise FileNotFoundError(errno.ENOENT, "gone")


def test_a_manifest_that_cannot_be_read_is_told_from_one_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").mkdir()
    with pytest.raises(RunError, match="cannot be read: Is a directory"):
        load_manifest(tmp_path)


def test_a_lock_whose_folder_its_holder_took_away_is_not_held(tmp_path: Path) -> None:
    stop = tmp_path / "stop"
    with subprocess.Popen([sys.executable, "-c", TAKING_TURNS, str(tmp_path / "run"), str(stop)]) as other:
        for _ in range(300):
            try:
                with open_run(tmp_path / "run") as opened:
                    assert opened.directory.is_dir()
            except UsageError:
                continue
        stop.touch()
    assert other.returncode == 0
    assert names(tmp_path) == ["stop"]
