"""What the commands say and write, from the user's side."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from auditor.cli.main import app
from tests.cli.conftest import CHINA, GERMANY, HEADER, HOME, SAMPLE, Invoke, WriteLog

Evidence = list[object]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Audit the bundled sample, once for all tests that only look."""
    out = tmp_path_factory.mktemp("demo") / "run"
    done = CliRunner().invoke(app, ["demo", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert str(out / "report.html") in done.stderr
    return out


@pytest.fixture
def copy(demo: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(demo, tmp_path / "copy"))


def findings(run: Path) -> pl.DataFrame:
    return pl.read_parquet(run / "findings.parquet")


def test_quiet_says_nothing_when_all_went_well(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence
) -> None:
    done = invoke("audit", write_log(HOME, CHINA), *evidence, "--quiet")
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", "")


def test_the_run_directory_has_all_its_files(demo: Path) -> None:
    assert sorted(path.name for path in demo.iterdir()) == [
        "exhibits.parquet",
        "findings.parquet",
        "incidents.parquet",
        "locations.parquet",
        "manifest.json",
        "rejects.parquet",
        "report.html",
        "summary.json",
    ]


def test_explain_says_in_sentences_why_a_finding_is_one(invoke: Invoke, demo: Path) -> None:
    keys = findings(demo).filter(
        (pl.col("rule_id") == "cn-exclusion")
        & (pl.col("role") == "keys")
        & (pl.col("verdict") == "violation")
        & (pl.col("relay_site") == "BJ-1")
    )
    done = invoke("explain", demo, keys["finding_id"][0])
    assert done.exit_code == 0
    first = done.stdout.splitlines()[0]
    assert first.startswith(f"Call {keys['call_id'][0]}, ")
    assert first.endswith("VIOLATION")
    assert "The key server" in done.stdout
    assert f"record {keys['record'][0]}" in done.stdout


def test_explain_reads_a_call_without_findings_again_from_the_logs(invoke: Invoke, demo: Path) -> None:
    with_findings = set(findings(demo)["call_id"].drop_nulls())
    calls = pl.read_parquet(SAMPLE / "spring-2020.parquet")["call_id"].drop_nulls().unique().sort()
    call = next(call for call in calls if call not in with_findings)
    done = invoke("explain", demo, "--call", call)
    assert done.exit_code == 0
    assert "COMPLIANT" in done.stdout
    assert "VIOLATION" not in done.stdout


def test_explain_agrees_with_the_audit_on_every_connection_of_a_call(invoke: Invoke, demo: Path) -> None:
    proved = findings(demo).filter(pl.col("verdict") == "violation")
    call = proved["call_id"].drop_nulls()[0]
    done = invoke("explain", demo, "--call", call)
    heads = [line for line in done.stdout.splitlines() if line.endswith("VIOLATION")]
    violations = [head for head in heads if "-watch " not in head]
    assert len(violations) == proved.filter(pl.col("call_id") == call).height


@pytest.mark.parametrize(
    ("finding", "says"), [("F-0000-0000-0000-0", "has no finding"), ("F-0000-0000-0000-1", "mistyped")]
)
def test_explain_knows_a_mistyped_id(invoke: Invoke, demo: Path, finding: str, says: str) -> None:
    done = invoke("explain", demo, finding)
    assert (done.exit_code, done.stdout) == (6, "")
    assert says in done.stderr


def test_a_report_made_again_has_the_same_bytes(invoke: Invoke, demo: Path, tmp_path: Path) -> None:
    done = invoke("report", demo, "--out", tmp_path / "again.html")
    assert done.exit_code == 0
    assert (tmp_path / "again.html").read_bytes() == (demo / "report.html").read_bytes()


def test_verify_passes_an_untouched_run_and_its_inputs(invoke: Invoke, demo: Path) -> None:
    done = invoke("verify", demo, "--inputs")
    assert done.exit_code == 0, done.stderr
    assert "8 files are as the run wrote them" in done.stdout


def names_of_files() -> Iterator[str]:
    yield from ("exhibits", "findings", "incidents", "locations", "rejects")


@pytest.mark.parametrize(
    "name",
    [*(f"{name}.parquet" for name in names_of_files()), "summary.json", "report.html", "manifest.json"],
)
def test_verify_finds_one_flipped_byte_in_any_file(invoke: Invoke, copy: Path, name: str) -> None:
    path = copy / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    done = invoke("verify", copy)
    assert done.exit_code == 6
    assert name in done.stderr


def test_rules_are_listed_and_checked(invoke: Invoke) -> None:
    listed = invoke("rules", "list", "rules")
    assert listed.exit_code == 0
    default = listed.stdout.split("rules/packs")[0].splitlines()[1:]
    assert [line.split()[0] for line in default] == [
        "cn-exclusion",
        "cn-exclusion-account",
        "cn-exclusion-other",
        "eu-fence-fallback",
        "greater-china-watch",
        "us-home-fence",
    ]
    checked = invoke("rules", "check", "rules")
    assert checked.exit_code == 0
    assert "no faults" in checked.stderr


def test_what_a_log_says_never_steers_the_terminal(
    invoke: Invoke, evidence: Evidence, tmp_path: Path
) -> None:
    log = tmp_path / "log.csv"
    log.write_text(f"{HEADER}\n\x1b[31mcall\x07,us,media,{CHINA},2020-04-05T10:00:00Z,2020-04-05T10:05:00Z\n")
    audited = invoke("audit", log, *evidence)
    explained = invoke("explain", tmp_path / "run", findings(tmp_path / "run")["finding_id"][0])
    assert audited.exit_code == 1
    assert explained.exit_code == 0
    for text in (audited.output, explained.output):
        assert not [character for character in text if ord(character) < 32 and character != "\n"]


def test_csv_ndjson_and_parquet_of_the_same_records_are_judged_alike(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence, tmp_path: Path
) -> None:
    log = write_log(HOME, CHINA, GERMANY)
    frame = pl.read_csv(log, infer_schema=False)
    frame.write_ndjson(tmp_path / "log.ndjson")
    frame.with_columns(
        pl.col("started_at", "ended_at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC")
    ).write_parquet(tmp_path / "log.parquet")
    seen = []
    for name in ("log.csv", "log.ndjson", "log.parquet"):
        invoke("audit", tmp_path / name, *evidence, "--overwrite")
        summary = json.loads((tmp_path / "run" / "summary.json").read_text())
        ids = findings(tmp_path / "run")["finding_id"].to_list()
        seen.append((summary["overall"], [rule["verdicts"] for rule in summary["rules"]], ids))
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][2]


def test_a_log_given_twice_is_read_once(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence, tmp_path: Path
) -> None:
    log = write_log(HOME)
    shutil.copy(log, tmp_path / "same.csv")
    done = invoke("audit", log, log, tmp_path / "same.csv", *evidence)
    assert done.exit_code == 0
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert [one["path"] for one in manifest["inputs"]] == [str(log)]
    assert manifest["not_read"] == [{"path": str(tmp_path / "same.csv"), "same_as": str(log)}]


def test_the_demo_runs_from_any_folder_and_gives_the_same_evidence(demo: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "auditor", "demo", "--quiet"]
    assert subprocess.run(words, cwd=tmp_path, check=False).returncode == 0
    elsewhere = tmp_path / "auditor-demo"
    named = ["source_file", "list_entries"]  # by the path that was given
    assert findings(elsewhere).drop(named).equals(findings(demo).drop(named))


@pytest.mark.parametrize("command", ["audit", "demo", "explain", "report", "verify"])
def test_each_command_has_help_with_an_example(invoke: Invoke, command: str) -> None:
    done = invoke(command, "--help")
    assert done.exit_code == 0
    assert f"auditor {command} " in done.stdout.partition("Example")[2]


def test_hosts_named_in_place_of_addresses_are_incidents_of_their_own(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence, tmp_path: Path
) -> None:
    log = write_log("turn-a.example.com", "turn-b.example.com", "1.2.3.x")
    invoke("audit", log, *evidence)
    incidents = pl.read_parquet(tmp_path / "run" / "incidents.parquet")
    of_fence = incidents.filter(pl.col("rule_id") == "us-home-fence")
    assert sorted(of_fence.select("place_kind", "place").rows(), key=str) == [
        ("name", "turn-a.example.com"),
        ("name", "turn-b.example.com"),
        ("none", None),
    ]


def test_explain_knows_only_the_rules_of_the_audit(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence, tmp_path: Path
) -> None:
    rules = Path(shutil.copytree("rules", tmp_path / "own-rules"))
    place = evidence.index("rules")
    invoke("audit", write_log(HOME), *evidence[:place], rules, *evidence[place + 1 :])
    text = (rules / "us-home-fence.yaml").read_text()
    (rules / "later.yaml").write_text(text.replace("id: us-home-fence", "id: later"))
    done = invoke("explain", tmp_path / "run", "--call", "c1")
    assert done.exit_code == 0, done.stderr
    assert "rule us-home-fence" in done.stdout
    assert "rule later" not in done.stdout


def warnings_of(run: Path) -> list[str]:
    return [one["text"] for one in json.loads((run / "summary.json").read_text())["warnings"]]


def test_a_home_region_in_another_case_is_pointed_out(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence, tmp_path: Path
) -> None:
    (tmp_path / "accounts.csv").write_text("account_id,home_region,from,until\nus,us,,\n")
    invoke("audit", write_log(GERMANY), *evidence)
    assert "home region `us` is named by no rule; a rule names `US`" in warnings_of(tmp_path / "run")


def test_calls_after_the_clock_are_pointed_out(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence, tmp_path: Path
) -> None:
    invoke("audit", write_log(HOME, day="2020-04-28"), *evidence)
    expected = "its last connection starts at 2020-04-28T10:00:00Z, after the clock of the run"
    assert warnings_of(tmp_path / "run") == [expected]


def test_a_log_of_only_a_header_is_no_clean_run(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence
) -> None:
    done = invoke("audit", write_log(), *evidence)
    assert done.exit_code == 6
    assert "no records but a header" in done.stderr


def test_the_demo_can_be_run_again(invoke: Invoke, demo: Path) -> None:
    before = (demo / "report.html").read_bytes()
    assert invoke("demo", "--out", demo, "--quiet").exit_code == 0
    assert (demo / "report.html").read_bytes() == before


def test_explain_takes_ids_as_people_type_them_and_knows_an_incident(invoke: Invoke, demo: Path) -> None:
    row = findings(demo).row(0, named=True)
    assert invoke("explain", demo, row["finding_id"].lower()).exit_code == 0
    incident = invoke("explain", demo, findings(demo)["incident_id"].drop_nulls()[0])
    assert incident.exit_code == 6
    assert "is an incident" in incident.stderr


def test_what_lies_in_a_folder_and_is_not_read_is_named(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence, tmp_path: Path
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    log = write_log(HOME)
    for name in ("a.csv", "a.csv.1", "notes.txt"):
        shutil.copy(log, logs / name)
    done = invoke("audit", logs, *evidence)
    assert done.exit_code == 0
    warnings = json.loads((tmp_path / "run" / "summary.json").read_text())["warnings"]
    named = [one["source_file"] for one in warnings if "was not read" in one["text"]]
    assert named == [str(logs / "a.csv.1"), str(logs / "notes.txt")]
    assert "a.csv.1" in done.stderr


@pytest.mark.parametrize("with_accounts", [True, False])
def test_a_home_region_that_cannot_be_read_is_not_taken_for_an_absent_one(
    invoke: Invoke, evidence: Evidence, tmp_path: Path, *, with_accounts: bool
) -> None:
    log = tmp_path / "log.ndjson"
    times = {"started_at": "2020-04-05T10:00:00Z", "ended_at": "2020-04-05T10:05:00Z"}
    record = {"call_id": "c", "account_id": "us", "role": "media", "relay_ip": HOME, "home_region": ["EU"]}
    log.write_text(json.dumps(record | times) + "\n")
    place = evidence.index("--accounts")
    words = evidence if with_accounts else evidence[:place] + evidence[place + 2 :]
    done = invoke("audit", log, *words, "--rules", "sample_logs/rules")
    assert done.exit_code == 3
    found = findings(tmp_path / "run")
    assert found.select("rule_id", "verdict", "reasons", "home_region").rows() == [
        ("eu-fence-2020", "indeterminate", ["home_region_unknown"], None)
    ]
