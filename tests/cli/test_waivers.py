"""`auditor waivers list` and `auditor waivers new`, from the user's side."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from auditor.cli.main import app
from tests.cli.conftest import CHINA, GERMANY, HEADER, HOME, SAMPLE, Invoke

AS_OF = "2020-04-27T06:00:00Z"
FENCE, ABSOLUTE = "us-fence", "cn-never"
BODIES = {
    FENCE: {"effect": "fence", "fence": {"allow": ["US"]}},
    ABSOLUTE: {"effect": "never", "never": {"in": ["CN"]}},
}
BLANKS = {
    "issued": "2020-04-20T00:00:00Z",
    "expires": "2020-05-20T00:00:00Z",
    "reason": "the customer agreed to it in writing",
    "ticket": "LEG-7",
    "requested_by": "Jo Roe",
    "approved_by": "Max Doe",
}
HOSTILE = 'c"9\\: #\u202e\x1b[31m'
LOG = [
    ("c1", CHINA, "2020-04-05T10:00:00Z"),
    ("c1", CHINA, "2020-04-05T10:01:00Z"),
    ("c2", GERMANY, "2020-04-06T10:00:00Z"),
    (HOSTILE, GERMANY, "2020-04-06T11:00:00Z"),
    ("c4", HOME, "2020-04-06T12:00:00Z"),
]

WriteWaiver = Callable[..., Path]


def rule_text(rule_id: str) -> str:
    return json.dumps(
        {
            "schema": "auditor/rule@1",
            "id": rule_id,
            "version": "1.0.0",
            "title": "A rule",
            "statement": "It says something.",
            "authority": [{"kind": "promise", "cite": "ours"}],
            "severity": "high",
            "in_force": {"from": "2020-01-01T00:00:00Z"},
            "scope": {},
            "tests": [{"name": "a", "given": [{"id": "c", "role": "media", "relay": ["US"]}], "expect": {}}],
            **BODIES[rule_id],
        }
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Audit a log of five connections under two rules, once for all tests: `rules`, `log.ndjson`, `run`."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "rules").mkdir()
    for rule_id in BODIES:
        (folder / "rules" / f"{rule_id}.yaml").write_text(rule_text(rule_id), encoding="utf-8")
    with (folder / "log.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER.split(","))
        writer.writerows([call, "us", "media", relay, at, at] for call, relay, at in LOG)
    words = [
        "audit",
        folder / "log.csv",
        "--rules",
        folder / "rules",
        "--geo",
        SAMPLE / "sample-country.mmdb",
    ]
    words += [
        "--documentation-is-public",
        "--as-of",
        AS_OF,
        "--out",
        folder / "run",
        "--skip-rule-tests",
        "--quiet",
    ]
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 1, done.output
    return folder


@pytest.fixture
def rules(world: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(world / "rules", tmp_path / "rules"))


@pytest.fixture
def write_waiver(rules: Path) -> WriteWaiver:
    """Write a sound waiver of the fence for the account, with changes, beside the rules."""

    def write(name: str, **changes: object) -> Path:
        path = rules / "waivers" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        values = {
            "schema": "auditor/waiver@1",
            "id": name,
            "rule": FENCE,
            "match": {"account": "us"},
            "covers": {"from": "2020-04-01T00:00:00Z", "until": "2020-05-01T00:00:00Z"},
            "max_findings": 10,
            **BLANKS,
        }
        path.write_text(json.dumps(values | changes), encoding="utf-8")
        return path

    return write


def finding_of(world: Path, **columns: str) -> str:
    found = pl.read_parquet(world / "run" / "findings.parquet").filter(**columns)
    return str(found["finding_id"][0])


def filled_in(text: str) -> str:
    lines = [line.partition("  # ")[0] for line in text.splitlines()]
    return "\n".join(
        f"{line} {json.dumps(BLANKS[line[:-1]])}" if line[:-1] in BLANKS else line for line in lines
    )


def test_the_list_says_how_each_waiver_stands_at_the_clock(
    invoke: Invoke, rules: Path, write_waiver: WriteWaiver
) -> None:
    write_waiver("A", expires="2020-08-01T00:00:00Z")
    write_waiver("B", ticket="LEG\n8\x1b[31m")
    write_waiver("C", expires="2020-04-27T06:00:00Z")
    write_waiver("D", issued="2020-04-27T06:00:01Z")
    done = invoke("waivers", "list", rules, "--as-of", AS_OF)
    assert (done.exit_code, done.stderr) == (0, "waivers: 4, as of 2020-04-27T06:00:00Z\n")
    assert done.stdout.splitlines() == [
        "id  rule      standing        days left  approved by  ticket",
        "A   us-fence  in force        95         Max Doe      LEG-7",
        "B   us-fence  expiring        22         Max Doe      LEG 8\\u001b[31m",
        "C   us-fence  expired         -          Max Doe      LEG-7",
        "D   us-fence  not yet issued  -          Max Doe      LEG-7",
    ]


def test_with_a_run_the_list_says_what_became_of_each(
    invoke: Invoke, world: Path, rules: Path, write_waiver: WriteWaiver
) -> None:
    write_waiver("A")
    write_waiver("B", max_findings=3)
    write_waiver("C", match={"relay_in": ["10.0.0.0/8"]})
    write_waiver("D", match={"relay_in": [f"{GERMANY}/32"]}, expires="2020-04-26T00:00:00Z")
    done = invoke("waivers", "list", rules, "--run", world / "run", "--csv")
    assert (done.exit_code, done.stderr) == (0, "waivers: 4, as of 2020-04-27T06:00:00Z\n")
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [(row["id"], row["state"], row["fits"], row["max_findings"]) for row in rows] == [
        ("A", "used", "4", "10"),
        ("B", "void", "4", "3"),
        ("C", "unused", "0", "10"),
        ("D", "expired but matching", "2", "10"),
    ]


def test_a_clock_that_is_given_goes_before_that_of_the_run(
    invoke: Invoke, world: Path, rules: Path, write_waiver: WriteWaiver
) -> None:
    write_waiver("A")
    done = invoke("waivers", "list", rules, "--run", world / "run", "--as-of", "2020-06-01T00:00:00Z")
    assert "expired but matching" in done.stdout
    assert done.stderr == "waivers: 1, as of 2020-06-01T00:00:00Z\n"


def test_no_cell_of_the_csv_is_a_formula(invoke: Invoke, rules: Path, write_waiver: WriteWaiver) -> None:
    write_waiver("A", ticket="=1+1", approved_by="@sum, inc.")
    done = invoke("waivers", "list", rules, "--csv", "--as-of", AS_OF)
    assert done.stdout == (
        "id,rule,standing,days_left,approved_by,ticket\nA,us-fence,expiring,22,\"'@sum, inc.\",'=1+1\n"
    )


def test_no_waivers_are_an_empty_list(invoke: Invoke, rules: Path, world: Path) -> None:
    done = invoke("waivers", "list", rules, "--as-of", AS_OF)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "waivers: 0, as of 2020-04-27T06:00:00Z\n")
    done = invoke("waivers", "list", rules, "--run", world / "run", "--csv")
    assert done.stdout.startswith("id,rule,standing,days_left,approved_by,ticket,state,fits,max_findings\n")


def test_a_faulty_waiver_is_told_and_nothing_is_listed(
    invoke: Invoke, rules: Path, write_waiver: WriteWaiver
) -> None:
    write_waiver("A")
    path = write_waiver("B", rule=ABSOLUTE)
    done = invoke("waivers", "list", rules)
    assert (done.exit_code, done.stdout) == (5, "")
    assert f"{path}:1:" in done.stderr
    assert "rule: `cn-never` is a `never` rule, which nothing excuses" in done.stderr


def test_an_altered_run_tells_nothing_of_waivers(
    invoke: Invoke, world: Path, rules: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(world / "run", tmp_path / "run"))
    pl.read_parquet(run / "findings.parquet").head(1).write_parquet(run / "findings.parquet")
    done = invoke("waivers", "list", rules, "--run", run)
    assert (done.exit_code, done.stdout) == (6, "")
    assert "was altered" in done.stderr


def test_a_draft_is_written_with_the_blanks_that_a_person_fills_in(invoke: Invoke, world: Path) -> None:
    done = invoke("waivers", "new", "--from", world / "run", "--rule", FENCE, "--call", "c1", "--id", "W-1")
    assert done.exit_code == 0, done.stderr
    assert (
        done.stdout
        == f"""\
# A draft, made from 2 findings.
# Fill in what is blank. Until then no rules beside it can be loaded.
schema: auditor/waiver@1
id: "W-1"
rule: "us-fence"
match:
  call: "c1"
  relay_in: ["{CHINA}/32"]
  roles: ["media"]
covers: {{from: "2020-04-05T10:00:00Z", until: "2020-04-05T10:01:01Z"}}
max_findings: 2  # if it ever fits more, it is void for all
issued:  # when it was decided, as 2026-05-04T09:00:00Z
expires:  # when it stops counting, at most 180 days after `issued`
reason:  # why these findings are borne, in at least 20 characters
ticket:  # where the decision is on record
requested_by:  # who asks for the waiver
approved_by:  # who approves it: another person than the one who asks
"""
    )
    assert done.stderr == (
        "A draft of a waiver, made from 2 findings. "
        "Fill in the blanks: `auditor rules check` names what is left.\n"
    )


def test_a_draft_beside_the_rules_is_refused_until_it_is_filled_in(
    invoke: Invoke, world: Path, rules: Path
) -> None:
    place = rules / "waivers" / "W-1.yaml"
    place.parent.mkdir()
    words = ("waivers", "new", "--from", world / "run", "--rule", FENCE, "--id", "W-1", "--out", place)
    assert invoke(*words).exit_code == 0
    done = invoke("waivers", "list", rules)
    assert done.exit_code == 5
    assert [f"{place}:{line}:1: {key}: is blank" in done.stderr for line, key in enumerate(BLANKS, 12)] == [
        True
    ] * 6
    place.write_text(filled_in(place.read_text(encoding="utf-8")), encoding="utf-8")
    done = invoke("waivers", "list", rules, "--run", world / "run", "--csv")
    assert done.exit_code == 0, done.stderr
    (row,) = csv.DictReader(done.stdout.splitlines())
    assert (row["state"], row["fits"], row["max_findings"]) == ("used", "4", "4")


def test_what_a_log_holds_can_neither_break_the_file_nor_steer_the_terminal(
    invoke: Invoke, world: Path, rules: Path
) -> None:
    finding = finding_of(world, rule_id=FENCE, call_id=HOSTILE)
    done = invoke("waivers", "new", "--from", world / "run", "--finding", finding, "--id", "W-1")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.replace("\n", "").isprintable()
    place = rules / "waivers" / "W-1.yaml"
    place.parent.mkdir()
    place.write_text(filled_in(done.stdout), encoding="utf-8")
    listed = invoke("waivers", "list", rules, "--run", world / "run", "--csv")
    (row,) = csv.DictReader(listed.stdout.splitlines())
    assert (row["state"], row["fits"]) == ("used", "1")


def test_findings_are_chosen_by_their_ids_however_these_are_written(invoke: Invoke, world: Path) -> None:
    ids = [finding_of(world, rule_id=FENCE, call_id=call) for call in ("c1", "c2")]
    chosen = [word for one in ids for word in ("--finding", f" {one.lower()} ")]
    done = invoke("waivers", "new", "--from", world / "run" / "findings.parquet", *chosen)
    assert done.exit_code == 0, done.stderr
    assert "made from 2 findings; 1 that was not chosen fit it too" in done.stderr
    assert '\n  account: "us"\n' in done.stdout
    assert "\nid:  # a name for the waiver, as W-2026-014\n" in done.stdout


def test_findings_are_chosen_by_incident_and_account(invoke: Invoke, world: Path) -> None:
    findings = pl.read_parquet(world / "run" / "findings.parquet")
    incident = findings.filter(rule_id=FENCE, call_id="c2")["incident_id"][0]
    done = invoke("waivers", "new", "--from", world / "run", "--incident", incident, "--account", "us")
    assert done.exit_code == 0, done.stderr
    assert "made from 2 findings." in done.stderr
    assert f'["{GERMANY}/32"]' in done.stdout


def test_findings_of_several_rules_are_refused_with_the_list_of_them(invoke: Invoke, world: Path) -> None:
    done = invoke("waivers", "new", "--from", world / "run")
    assert (done.exit_code, done.stdout) == (2, "")
    assert (
        "are of 2 rules, and a waiver is of one: `cn-never` (2, a `never` rule), `us-fence` (4)"
        in done.stderr
    )
    assert "choose one with `--rule`" in done.stderr


def test_a_never_rule_is_refused(invoke: Invoke, world: Path) -> None:
    done = invoke("waivers", "new", "--from", world / "run", "--rule", ABSOLUTE)
    assert (done.exit_code, done.stdout) == (2, "")
    assert (
        "`cn-never` is a `never` rule: nothing excuses it, and no waiver can be laid over it" in done.stderr
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--finding", "F-0000-0000-0000-0"), "--finding: there is no finding `F-0000-0000-0000-0` in "),
        (("--finding", "F-0000-0000-0000-1"), "one of its symbols may be mistyped"),
        (("--incident", "I-0"), "--incident: there is no finding of the incident `I-0` in "),
        (("--rule", "us-fense"), "--rule: there is no finding of the rule `us-fense` in "),
        (("--call", "c4"), "--call: there is no finding of the call `c4` in "),
        (("--account", "x\x1b"), "--account: there is no finding of the account `x\\u001b` in "),
        (
            ("--call", "c1", "--rule", FENCE, "--incident", "none"),
            "there is no finding of the incident `NONE`",
        ),
        (("--id", "W 1"), "`W 1` is not up to 64 of letters, digits and hyphens"),
    ],
)
def test_a_choice_that_no_finding_fits_is_a_wrong_command_line(
    invoke: Invoke, world: Path, words: tuple[str, ...], says: str
) -> None:
    done = invoke("waivers", "new", "--from", world / "run", *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert says in done.stderr


def test_choices_that_exclude_each_other_choose_nothing(invoke: Invoke, world: Path) -> None:
    finding = finding_of(world, rule_id=FENCE, call_id="c2")
    done = invoke("waivers", "new", "--from", world / "run", "--finding", finding, "--call", "c1")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "no finding is chosen that can be waived" in done.stderr


def test_a_file_is_never_overwritten_nor_added_to_a_run(invoke: Invoke, world: Path, tmp_path: Path) -> None:
    def write(place: Path) -> Result:
        return invoke("waivers", "new", "--from", world / "run", "--rule", FENCE, "--out", place)

    there = tmp_path / "there.yaml"
    there.write_text("mine")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "nowhere.yaml")
    for place, code, says in (
        (there, 2, "is there already"),
        (tmp_path / "link.yaml", 2, "is there already"),
        (world / "run" / "w.yaml", 2, "lies in the run"),
        (tmp_path / "no" / "w.yaml", 6, "cannot be written: No such file or directory"),
    ):
        done = write(place)
        assert (done.exit_code, done.stdout) == (code, "")
        assert f"--out {place}: {says}" in done.stderr
    assert there.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.yaml", "there.yaml"]


def write_findings(world: Path, place: Path, *changes: pl.Expr, without: str | None = None) -> Path:
    rows = pl.read_parquet(world / "run" / "findings.parquet").filter(rule_id=FENCE).with_columns(*changes)
    rows.drop(without or []).write_parquet(place)
    return place


def test_findings_without_a_run_can_be_drafted_from(invoke: Invoke, world: Path, tmp_path: Path) -> None:
    place = write_findings(world, tmp_path / "some.parquet")
    done = invoke("waivers", "new", "--from", place)
    assert done.exit_code == 0, done.stderr
    assert 'rule: "us-fence"' in done.stdout


def test_a_finding_that_is_excused_needs_no_waiver(invoke: Invoke, world: Path, tmp_path: Path) -> None:
    place = write_findings(world, tmp_path / "some.parquet", pl.lit("excused").alias("verdict"))
    finding = finding_of(world, rule_id=FENCE, call_id="c2")
    done = invoke("waivers", "new", "--from", place, "--finding", finding)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"--finding: `{finding}` is excused, and needs no waiver" in done.stderr
    assert "no finding is chosen that can be waived" in invoke("waivers", "new", "--from", place).stderr


@pytest.mark.parametrize(
    "change",
    [
        pl.lit(None, pl.String).alias("rule_id"),
        pl.lit(None, pl.String).alias("finding_id"),
        pl.lit("innocent").alias("verdict"),
        pl.lit("server").alias("role"),
        pl.lit(None, pl.Datetime("us", "UTC")).alias("started_at"),
        (pl.col("started_at") + pl.duration(days=300_000)),
        pl.col("started_at").cast(pl.Int64),
        pl.lit(1).alias("call_id"),
    ],
)
def test_what_no_run_writes_is_no_file_of_findings(
    invoke: Invoke, world: Path, tmp_path: Path, change: pl.Expr
) -> None:
    place = write_findings(world, tmp_path / "some.parquet", change)
    done = invoke("waivers", "new", "--from", place)
    assert (done.exit_code, done.stdout) == (6, "")
    assert f"some.parquet: is no file of findings: the column `{change.meta.output_name()}`" in done.stderr


def test_a_missing_column_is_named(invoke: Invoke, world: Path, tmp_path: Path) -> None:
    place = write_findings(world, tmp_path / "some.parquet", without="relay_ip")
    done = invoke("waivers", "new", "--from", place)
    assert done.exit_code == 6
    assert "the column `relay_ip` is missing" in done.stderr


def test_what_is_no_parquet_and_what_is_not_there_are_refused(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("no parquet at all")
    for place, says in (
        (tmp_path / "text.parquet", "is no file of findings"),
        (tmp_path / "nowhere", "is no run directory, and no file of findings"),
        (tmp_path, "is no run directory: it has no manifest.json"),
    ):
        done = invoke("waivers", "new", "--from", place)
        assert (done.exit_code, done.stdout) == (6, "")
        assert says in done.stderr


def test_an_altered_run_is_not_drafted_from(invoke: Invoke, world: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(world / "run", tmp_path / "run"))
    write_findings(world, run / "findings.parquet")
    for place in (run, run / "findings.parquet"):
        done = invoke("waivers", "new", "--from", place, "--rule", FENCE)
        assert (done.exit_code, done.stdout) == (6, "")
        assert "was altered" in done.stderr
