"""`auditor rules lint`: what it prints, and with which code it ends."""

from pathlib import Path

import pytest

from tests.cli.conftest import Invoke
from tests.ruleset.rule_files import GROUPS, RULE

OWNED = RULE.replace("severity", "owner: counsel\napproved: {by: counsel, on: 2026-11-20}\nseverity")
SILENT = ("--as-of", "2026-12-01T00:00:00Z")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder in which lint finds nothing."""
    (tmp_path / "groups").mkdir()
    (tmp_path / "groups" / "europe.yaml").write_text(GROUPS.replace("{code: DE},", "{code: DE}, {code: GI},"))
    (tmp_path / "eu-fence.yaml").write_text(OWNED)
    return tmp_path


def test_where_nothing_is_found_only_the_sums_are_said(invoke: Invoke, folder: Path) -> None:
    result = invoke("rules", "lint", folder, *SILENT, "--strict")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "rules: 1, groups: 2; warnings: 0, noted: 0\n"


def test_what_is_found_is_a_line_and_a_hint_and_ends_with_0_unless_strict(
    invoke: Invoke, folder: Path
) -> None:
    (folder / "eu-fence.yaml").write_text(RULE)
    result = invoke("rules", "lint", folder, *SILENT)
    assert result.exit_code == 0
    assert result.stdout == (
        f"{folder}/eu-fence.yaml:2:5: eu-fence: has no owner and no approval [unowned]\n"
        "  hint: name the `owner`, and in `approved` who approved it\n"
    )
    assert result.stderr == "rules: 1, groups: 2; warnings: 1, noted: 0\n"
    strict = invoke("rules", "lint", folder, *SILENT, "--strict")
    assert (strict.exit_code, strict.stdout) == (5, result.stdout)


def test_the_clock_is_that_of_the_command_line(invoke: Invoke, folder: Path) -> None:
    result = invoke("rules", "lint", folder, "--as-of", "2027-06-01T00:00:00Z", "--strict")
    assert result.exit_code == 5
    assert "EU27, EEA: not verified since 2026-11-22, 191 days ago [not-verified-lately]" in result.stdout


def test_what_is_noted_is_listed_and_does_not_count(invoke: Invoke, folder: Path) -> None:
    noted = "conflict_note: Counsel decides.\n"
    require = (
        OWNED.replace("eu-fence", "wants-by")
        .replace("effect: fence", "effect: require")
        .replace("fence:\n  allow: [EU27, CH]", "require: {roles: [media], in: [BY]}")
    )
    pack = folder / "packs" / "other"
    pack.mkdir(parents=True)
    (pack / "wants-by.yaml").write_text(require + noted)
    (folder / "eu-fence.yaml").write_text(OWNED + noted)
    result = invoke("rules", "lint", folder, *SILENT, "--strict")
    assert result.exit_code == 0
    assert "[contradiction, noted]" in result.stdout
    assert result.stderr == "rules: 2, groups: 2; warnings: 0, noted: 1\n"
    (folder / "eu-fence.yaml").write_text(OWNED)
    assert invoke("rules", "lint", folder, *SILENT, "--strict").exit_code == 5


def test_faults_end_with_5_without_strict(invoke: Invoke, folder: Path) -> None:
    (folder / "eu-fence.yaml").write_text(OWNED.replace("[EU27, CH]", "[UK]"))
    result = invoke("rules", "lint", folder)
    assert (result.exit_code, result.stdout) == (5, "")
    assert (
        "`UK` is neither a group nor an ISO 3166-1 alpha-2 code\n  hint: did you mean `GB`?" in result.stderr
    )


def test_no_rules_are_no_clean_lint(invoke: Invoke, tmp_path: Path) -> None:
    assert invoke("rules", "lint", tmp_path).exit_code == 6


def test_the_shipped_rules_and_packs_are_read_together(invoke: Invoke) -> None:
    result = invoke("rules", "lint", *SILENT)
    assert result.exit_code == 0
    assert "packs/us-dsp/us-dsp-account.yaml" in result.stdout
    assert result.stdout.count("[contradiction, noted]") == 26
    assert "[contradiction]" not in result.stdout
