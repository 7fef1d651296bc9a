from pathlib import Path

import pytest

from auditor.errors import SourceError
from auditor.sources.discover import find_logs, left_out_of, log_of
from auditor.sources.mapping import CANONICAL
from auditor.sources.privacy import Guarded
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


def test_links_to_directories_are_followed_and_each_directory_is_entered_once(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "far.csv").touch()
    (elsewhere / "far.log").touch()
    (elsewhere / "back").symlink_to(folder)
    for link in ("deep/out", "z1", "z2"):
        (folder / link).symlink_to(elsewhere)
    (folder / "deep/self").symlink_to(folder / "deep")
    found = names(folder, find_logs([str(folder)]))
    assert len(found) == 6
    assert sum(name.endswith("far.csv") for name in found) == 1
    assert [Path(name).name for name in left_out_of([str(folder)])] == ["notes.txt", "far.log"]


def test_two_links_side_by_side_to_one_directory_are_one(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "a.csv").touch()
    for link in ("l1", "l2"):
        (tmp_path / link).symlink_to(elsewhere)
    assert names(tmp_path, find_logs([str(tmp_path)])) == ["l1/a.csv"]


def test_what_a_directory_holds_and_nobody_reads_is_named(folder: Path) -> None:
    for name in ("a.csv.1", "deep/b.csv.bz2", "deep/A.PARQUET.gz", ".x/z.log", "deep/.z.log"):
        (folder / name).touch()
    (folder / "gone.csv").symlink_to(folder / "nowhere.csv")
    left = ["a.csv.1", "deep/A.PARQUET.gz", "deep/b.csv.bz2", "gone.csv", "notes.txt"]
    assert names(folder, left_out_of([str(folder)])) == left
    assert names(folder, left_out_of([f"{folder}/de*", str(folder / "deep")])) == left[1:3]
    assert names(folder, left_out_of([str(folder), str(folder / "notes.txt")])) == left[:-1]
    assert left_out_of([str(folder / "b.csv"), f"{folder}/*.ndjson"]) == []


def test_a_file_of_a_directory_is_a_log_by_its_name_or_by_what_it_shows(folder: Path) -> None:
    (folder / "turn.log").write_text("1\n")
    (folder / "notes.txt").write_text("2\n")
    (folder / "a.bin").write_text("1\n")

    def shows(path: str) -> bool:
        return Path(path).read_text().startswith("1")

    found = find_logs([str(folder)], shows=shows)
    assert str(folder / "turn.log") in found
    assert not {str(folder / "notes.txt"), str(folder / "a.bin")} & set(found)
    left = left_out_of([str(folder)], shows=shows)
    assert {str(folder / "notes.txt"), str(folder / "a.bin")} <= set(left)
    assert str(folder / "turn.log") not in left


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
    assert source_of(log) == Guarded(SOURCES[form])


def test_a_tsv_is_parted_by_tabs() -> None:
    assert log_of("a.tsv.gz", None).mapping.input.delimiter == "\t"
    assert CANONICAL.input.delimiter == ","


@pytest.mark.parametrize("path", ["a.log", "a", "a.gz", "a.parquet.gz", "a.csv.bz2"])
def test_an_unknown_suffix_needs_a_mapping(path: str) -> None:
    with pytest.raises(SourceError, match="no suffix that tells its format") as error:
        log_of(path, None)
    assert "give a mapping" in str(error.value)
