from hashlib import sha256
from pathlib import Path

import pytest

from auditor.errors import RunError
from auditor.evidence.manifest import EvidenceFile
from auditor.evidence.run import load_manifest
from auditor.evidence.verify import faults_in, input_faults, load_intact


def test_an_untouched_run_has_no_faults(run: Path) -> None:
    assert faults_in(run) == []


def test_every_flipped_byte_of_every_file_is_found(run: Path) -> None:
    for path in sorted(run.iterdir()):
        whole = path.read_bytes()
        for place in range(0, len(whole), max(1, len(whole) // 150)):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            assert _is_noticed(run), f"{path.name}, byte {place}"
        path.write_bytes(whole)
    assert faults_in(run) == []


def test_a_missing_and_a_foreign_file_are_found(run: Path) -> None:
    (run / "report.html").rename(run / "old.html")
    assert [fault.text for fault in faults_in(run)] == ["is missing", "is not named in the manifest"]


def test_a_manifest_rewritten_in_another_form_is_found(run: Path) -> None:
    manifest = run / "manifest.json"
    manifest.write_text(manifest.read_text() + "\n")
    assert [fault.place for fault in faults_in(run)] == [str(manifest)]


def _is_noticed(run: Path) -> bool:
    try:
        return bool(faults_in(run))
    except RunError:
        return True


def test_a_run_without_a_manifest_cannot_be_verified(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run directory"):
        faults_in(tmp_path)


def test_a_run_is_loaded_only_if_its_files_are_what_it_wrote(run: Path) -> None:
    (run / "notes.txt").write_text("beside it")
    assert load_intact(run).outputs
    (run / "report.html").write_text("<p>none of the calls")
    with pytest.raises(RunError, match=r"report\.html: was altered"):
        load_intact(run)


def test_inputs_that_are_gone_or_altered_are_found(run: Path, tmp_path: Path) -> None:
    log = EvidenceFile(kind="accounts", path="a.csv", bytes=0, sha256=sha256(b"").hexdigest())
    manifest = load_manifest(run).model_copy(update={"evidence": [log]})
    assert [fault.text for fault in input_faults(manifest, tmp_path)] == ["is missing"]
    (tmp_path / "a.csv").write_bytes(b"")
    assert input_faults(manifest, tmp_path) == []
    (tmp_path / "a.csv").write_bytes(b"x")
    assert [fault.place for fault in input_faults(manifest, tmp_path)] == ["a.csv"]


def test_a_file_that_cannot_be_read_is_a_fault_and_no_crash(run: Path, tmp_path: Path) -> None:
    endless = EvidenceFile(kind="accounts", path="x" * 300, bytes=0, sha256="")
    manifest = load_manifest(run).model_copy(update={"evidence": [endless]})
    assert [fault.text for fault in input_faults(manifest, tmp_path)] == [
        "cannot be read: File name too long"
    ]
