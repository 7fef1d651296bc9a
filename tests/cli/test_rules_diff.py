"""`auditor rules diff`: files, folders and git revisions, in sentences."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke

RULES = Path(__file__).parents[2] / "rules"
NOTHING = """\
nothing changed: the same decisions in every cell, and the same limits, roles to observe, words,
  windows and waivers
"""
LOOSER = """\
us-home-fence 1.0.0 → 1.1.0
  From 3 April 2020
    A relay in Canada (CA) in the role media, signaling, keys or recording: was a violation, now
      complies.
"""
FEW = (
    "us-home-fence.yaml",
    "groups/china.yaml",
    "groups/united-states.yaml",
    "packs/us-dsp/us-dsp-account.yaml",
)
MORE = (
    "eu-fence-fallback.yaml",
    "greater-china-watch.yaml",
    "groups/europe.yaml",
    "packs/gdpr-third-country/gdpr-third-country-account.yaml",
)
WAIVER = """\
schema: auditor/waiver@1
id: W-1
rule: us-home-fence
match: {account: a}
covers: {from: "2020-04-01T00:00:00Z", until: "2020-05-01T00:00:00Z"}
expires: "2020-06-01T00:00:00Z"
max_findings: 4
reason: a reason of more than twenty characters
ticket: T-1
requested_by: one
approved_by: another
issued: "2020-05-01T00:00:00Z"
"""
OLD = Path("old")
Change = Callable[[str, str, str], None]


@pytest.fixture
def pack(tmp_path: Path) -> Iterator[Path]:
    """Work beside two copies of some shipped rules: `old`, and `rules`, which is given."""
    for folder in (tmp_path / "old", tmp_path / "rules"):
        for name in FEW:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(RULES / name, folder / name)
    with contextlib.chdir(tmp_path):
        yield Path("rules")


@pytest.fixture
def change(pack: Path) -> Change:
    """Replace a text in a file of the copy."""

    def replace(name: str, old: str, new: str) -> None:
        file = pack / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    return replace


@pytest.fixture
def commit(pack: Path) -> Callable[[str], None]:
    """Commit what is here, in a repository made for it, and tag it."""
    assert pack.is_dir()

    def git(*words: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *words], check=True, capture_output=True)  # noqa: S607  the git that is there

    def commit(tag: str) -> None:
        if not Path(".git").exists():
            git("init", "--quiet")
        git("add", "--all")
        git("commit", "--quiet", "--message", tag)
        git("tag", tag)

    return commit


def _loosen(change: Change) -> None:
    change("us-home-fence.yaml", "allow: [US_STATES]", "allow: [US_STATES, CA]")
    change("us-home-fence.yaml", "version: 1.0.0", "version: 1.1.0")


def test_a_folder_and_its_copy_do_not_differ(invoke: Invoke, pack: Path) -> None:
    result = invoke("rules", "diff", OLD, pack)
    assert (result.exit_code, result.stdout) == (0, NOTHING)


def test_two_versions_of_a_pack_differ_in_sentences(invoke: Invoke, change: Change) -> None:
    for folder in (OLD, Path("rules")):
        for name in MORE:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(RULES / name, folder / name)
    _loosen(change)
    change("eu-fence-fallback.yaml", "connections_per_call: 2", "connections_per_call: 3")
    change("eu-fence-fallback.yaml", "failed_primaries_min: 2", "failed_primaries_min: 1")
    change("groups/europe.yaml", "2023-07-10T00:00:00Z", "2023-07-11T00:00:00Z")
    Path("rules/greater-china-watch.yaml").unlink()
    result = invoke("rules", "diff", OLD, "rules")
    assert result.exit_code == 0
    blocks = {block.split()[0]: block for block in result.stdout.split("\n\n")}
    assert f"{blocks['us-home-fence'].rstrip()}\n" == LOOSER
    assert (
        blocks["eu-fence-fallback"]
        == """\
eu-fence-fallback 1.0.0
  From 1 January 2021 until 27 December 2031, 23:00 UTC
    A relay in UK_ADEQUATE in the role media or signaling, chosen as a fallback relay after 1 failed
      primary, in window eu-congestion: was a violation, now is excused within limits (congestion).
  From 10 July 2023 until 11 July 2023
    A relay in United States (US) in the role media or signaling, chosen as a fallback relay after 2
      or more failed primaries, in window eu-congestion: was excused within limits (congestion), now
      is a violation.
  From 11 July 2023
    A relay in US_DPF in the role media or signaling, chosen as a fallback relay after 1 failed
      primary, in window eu-congestion: was a violation, now is excused within limits (congestion).
  exception congestion: at most 2 connections a call → at most 3 connections a call
  its version is still 1.0.0"""
    )
    assert "  no longer a rule: " in blocks["greater-china-watch"]
    assert (
        "  From 10 July 2023 until 11 July 2023\n"
        "    A relay in United States (US) in the role media, turn, signaling, keys, recording, gateway,\n"
        "      transcription or storage: complied, now is a violation.\n"
        in blocks["gdpr-third-country-account"]
    )
    assert "us-dsp-account" not in blocks


def test_a_single_rule_may_be_asked_for(invoke: Invoke, change: Change) -> None:
    _loosen(change)
    change("packs/us-dsp/us-dsp-account.yaml", "in: [US_DSP_CONCERN]", "in: [US_DSP_CONCERN, BY]")
    assert invoke("rules", "diff", OLD, "rules", "--rule", "us-home-fence").stdout == LOOSER
    unknown = invoke("rules", "diff", OLD, "rules", "--rule", "us-home-fense")
    assert unknown.exit_code == 2
    assert "hint: did you mean `us-home-fence`?" in unknown.stderr


def test_what_elsewhere_is_is_told_where_it_is_said(invoke: Invoke, change: Change) -> None:
    change("us-home-fence.yaml", "allow: [US_STATES]", "forbid: [CN]")
    assert (
        invoke("rules", "diff", OLD, "rules").stdout
        == """\
us-home-fence 1.0.0
  From 3 April 2020
    A relay elsewhere in the role media, signaling, keys or recording: was a violation, now
      complies.
  its version is still 1.0.0

elsewhere: every country that neither edition of the rule names at the time
"""
    )


def test_waivers_beside_the_rules_are_compared(invoke: Invoke, pack: Path) -> None:
    (pack / "waivers").mkdir()
    (pack / "waivers/w.yaml").write_text(WAIVER, encoding="utf-8")
    assert invoke("rules", "diff", OLD, pack).stdout == "waivers\n  waiver W-1 of us-home-fence is new\n"
    assert invoke("rules", "diff", pack, OLD).stdout == "waivers\n  waiver W-1 of us-home-fence is gone\n"


def test_single_files_are_read_with_the_groups_beside_them(invoke: Invoke, change: Change) -> None:
    _loosen(change)
    old, new = OLD / "us-home-fence.yaml", "rules/us-home-fence.yaml"
    assert invoke("rules", "diff", old, new).stdout == LOOSER
    assert invoke("rules", "diff", OLD, new).stdout == LOOSER


def test_a_pack_and_a_rule_in_it_are_read_with_the_groups_around(invoke: Invoke, change: Change) -> None:
    change("packs/us-dsp/us-dsp-account.yaml", "in: [US_DSP_CONCERN]", "in: [US_DSP_CONCERN, BY]")
    changed = "us-dsp-account 1.0.0 (draft)\n  From 8 April 2025\n    A relay in Belarus (BY)"
    assert invoke("rules", "diff", OLD / "packs/us-dsp", "rules/packs/us-dsp").stdout.startswith(changed)
    file = "packs/us-dsp/us-dsp-account.yaml"
    assert invoke("rules", "diff", OLD / file, f"rules/{file}").stdout.startswith(changed)


def test_revisions_of_a_repository_differ_too(
    invoke: Invoke, change: Change, commit: Callable[[str], None]
) -> None:
    Path("rules/README.md").write_text("# Not a rule\n", encoding="utf-8")
    commit("v1")
    _loosen(change)
    for old, new in (
        ("v1", "rules"),
        ("v1:rules", "rules"),
        ("HEAD:rules/us-home-fence.yaml", "rules"),
        ("HEAD:rules/us-home-fence.yaml", "rules/us-home-fence.yaml"),
    ):
        result = invoke("rules", "diff", old, new)
        assert (result.exit_code, result.stdout) == (0, LOOSER)
    commit("v2")
    assert invoke("rules", "diff", "v1", "v2").stdout == LOOSER
    assert invoke("rules", "diff", "v2", "HEAD").stdout == NOTHING
    with contextlib.chdir("rules"):
        assert invoke("rules", "diff", "v1:./us-home-fence.yaml", "us-home-fence.yaml").stdout == LOOSER
        assert invoke("rules", "diff", "v1:rules", ".").stdout == LOOSER


def test_a_pack_of_a_revision_is_read_with_the_groups_around(
    invoke: Invoke, change: Change, commit: Callable[[str], None]
) -> None:
    commit("v1")
    change("packs/us-dsp/us-dsp-account.yaml", "in: [US_DSP_CONCERN]", "in: [US_DSP_CONCERN, BY]")
    for path in ("rules/packs/us-dsp", "rules/packs/us-dsp/us-dsp-account.yaml"):
        result = invoke("rules", "diff", f"v1:{path}", path)
        assert result.stdout.startswith(
            "us-dsp-account 1.0.0 (draft)\n  From 8 April 2025\n    A relay in Belarus (BY)"
        )


def test_a_repository_may_be_the_folder_itself(
    invoke: Invoke, change: Change, commit: Callable[[str], None]
) -> None:
    _loosen(change)
    with contextlib.chdir("rules"):
        commit("v1")
        for path in (".", "./", "us-home-fence.yaml"):
            result = invoke("rules", "diff", Path("../old", path), f"v1:{path}")
            assert result.stdout == LOOSER


def test_faults_of_a_revision_are_told_by_its_name(
    invoke: Invoke, change: Change, commit: Callable[[str], None]
) -> None:
    change("us-home-fence.yaml", "[US_STATES]", "[UK]")
    commit("v1")
    result = invoke("rules", "diff", "v1", "rules")
    assert result.exit_code == 5
    assert result.stderr.startswith("error: v1:rules/us-home-fence.yaml:")
    assert "`UK` is neither a group" in result.stderr


def test_a_link_in_a_revision_is_refused(invoke: Invoke, commit: Callable[[str], None]) -> None:
    Path("rules/linked.yaml").symlink_to("/etc/hostname")
    commit("v1")
    result = invoke("rules", "diff", "v1", OLD)
    assert (result.exit_code, result.stderr) == (
        6,
        "error: v1: rules/linked.yaml: is no regular file in this revision\n",
    )


@pytest.mark.parametrize(
    ("old", "message"),
    [
        ("nothing", "nothing: is no file, no folder and no git revision\n  hint: a revision is a branch"),
        (":rules", ":rules: is no file, no folder and no git revision"),
        ("v1:nothing", "v1:nothing: there is no `nothing` in `v1`\n  hint: name it: `v1:PATH`"),
        ("v1:../rules", "../rules: is outside the git repository"),
    ],
)
def test_what_is_not_there_is_missing_input(
    invoke: Invoke, commit: Callable[[str], None], old: str, message: str
) -> None:
    commit("v1")
    result = invoke("rules", "diff", old, "rules")
    assert result.exit_code == 6
    assert f"error: {message}" in result.stderr


def test_without_a_repository_a_revision_is_missing_input(invoke: Invoke, pack: Path) -> None:
    result = invoke("rules", "diff", "HEAD", pack)
    assert result.exit_code == 6
    assert "error: HEAD: is no file and no folder, and no git repository is here\n" in result.stderr


def test_without_git_a_revision_is_missing_input(pack: Path) -> None:
    words = [sys.executable, "-m", "auditor", "rules", "diff", "HEAD", str(pack)]
    environment = {"PATH": "/nonexistent", "PYTHONPATH": str(RULES.parent)}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        6,
        "error: HEAD: is no file and no folder, and git is not there to look further\n",
    )
