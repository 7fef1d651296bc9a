from pathlib import Path

import pytest

from auditor.errors import SourceError
from auditor.sources.discover import find_logs, log_of
from auditor.sources.mapping import CANONICAL
from auditor.sources.registry import SOURCES, source_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "b.csv",
        "a.ndjson",
        "deep/c.parquet",
        "deep/d.jsonl.gz",
        "deep/E.CSV.ZST",
        "notes.txt",
        ".hidden.csv",
        ".x/y.csv",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def names(folder: Path, found: list[str]) -> list[str]:
    return [str(Path(name).relative_to(folder)) for name in found]


def test_a_directory_gives_its_logs_in_order_and_leaves_out_the_hidden(folder: Path) -> None:
    assert names(folder, find_logs([str(folder)])) == [
        "a.ndjson",
        "b.csv",
        "deep/E.CSV.ZST",
        "deep/c.parquet",
        "deep/d.jsonl.gz",
    ]


def test_files_globs_and_directories_may_be_mixed_and_a_file_is_read_once(folder: Path) -> None:
    (folder / "link.csv").symlink_to(folder / "b.csv")
    found = find_logs(
        [str(folder / "b.csv"), f"{folder}/*.csv", f"{folder}/deep/../b.csv", str(folder / "notes.txt")]
    )
    assert names(folder, found) == ["b.csv", "notes.txt"]


def test_a_file_with_the_signs_of_a_glob_in_its_name_is_itself(folder: Path) -> None:
    (folder / "[a].csv").touch()
    assert names(folder, find_logs([f"{folder}/[a].csv"])) == ["[a].csv"]


def test_every_argument_that_means_nothing_is_told(folder: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(SourceError) as error:
        find_logs([str(folder / "none.csv"), f"{folder}/*.log", str(folder / "empty"), str(folder / "b.csv")])
    assert [fault.text for fault in error.value.faults] == [
        "is not there",
        "matches nothing",
        "holds no logs",
    ]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("x/a.csv", "csv"),
        ("A.TSV", "csv"),
        ("a.b.jsonl.gz", "jsonl"),
        ("a.ndjson.zst", "jsonl"),
        ("a.parquet", "parquet"),
    ],
)
def test_without_a_mapping_the_suffix_tells_the_format(path: str, form: str) -> None:
    log = log_of(path, None)
    assert (log.format, log.mapping.id) == (form, "canonical")
    assert source_of(log) is SOURCES[form]


def test_a_tsv_is_parted_by_tabs() -> None:
    assert log_of("a.tsv.gz", None).mapping.input.delimiter == "\t"
    assert CANONICAL.input.delimiter == ","


@pytest.mark.parametrize("path", ["a.log", "a", "a.gz", "a.parquet.gz", "a.csv.bz2"])
def test_an_unknown_suffix_needs_a_mapping(path: str) -> None:
    with pytest.raises(SourceError, match="no suffix that tells its format") as error:
        log_of(path, None)
    assert "give a mapping" in str(error.value)
