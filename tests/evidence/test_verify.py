from pathlib import Path

import pytest

from auditor.errors import RunError
from auditor.evidence.verify import faults_in


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
