import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import polars as pl
import pytest

from auditor.engine.findings import SLICE_ROWS, findings_in, write_findings
from auditor.engine.identifiers import is_identifier
from auditor.ruleset.waiver_schema import Waiver
from auditor.ruleset.waivers import Decided, decide
from tests.engine.rows import NOON, raw_findings

NOTHING_WAIVED = Decided((), {})


def written(
    raw: pl.LazyFrame, folder: Path, waivers: Decided = NOTHING_WAIVED, *, slice_rows: int = SLICE_ROWS
) -> bytes:
    write_findings(raw, folder / "findings.parquet", folder, waivers, slice_rows=slice_rows)
    assert [path.name for path in folder.iterdir()] == ["findings.parquet"]
    return (folder / "findings.parquet").read_bytes()


def many() -> pl.LazyFrame:
    random = Random(7)
    return raw_findings(
        *(
            {
                "rule_id": random.choice(["r", "s"]),
                "call_id": random.choice([None, "c", "d"]),
                "started_at": NOON + timedelta(hours=random.randrange(200)),
                "verdict": random.choice(["violation", "indeterminate", "excused"]),
                "watch": random.random() < 0.1,
            }
            for _ in range(400)
        )
    )


@pytest.mark.parametrize("slice_rows", [1, 50])
def test_how_many_slices_are_sorted_is_invisible(tmp_path: Path, slice_rows: int) -> None:
    whole = written(many(), tmp_path)
    assert written(many(), tmp_path, slice_rows=slice_rows) == whole


def test_the_order_of_the_raw_findings_is_invisible(tmp_path: Path) -> None:
    raw = many().collect()
    assert written(raw.reverse().lazy(), tmp_path) == written(raw.lazy(), tmp_path)


def test_every_finding_but_those_of_watches_is_kept_once(tmp_path: Path) -> None:
    raw = many().collect().filter(~pl.col("watch"))
    written(many(), tmp_path, slice_rows=50)
    found = pl.read_parquet(tmp_path / "findings.parquet")
    key = ["rule_id", "record"]
    assert found.select(key).sort(key).equals(raw.select(key).sort(key))
    assert all(is_identifier("F", name) for name in found["finding_id"])


def test_no_findings_are_an_empty_table(tmp_path: Path) -> None:
    written(raw_findings(), tmp_path)
    assert pl.read_parquet(tmp_path / "findings.parquet").height == 0


def ids(raw: pl.LazyFrame, folder: Path) -> list[str]:
    written(raw, folder)
    return pl.read_parquet(folder / "findings.parquet")["finding_id"].to_list()


@pytest.mark.parametrize(
    "change",
    [
        {"source_file": "b.csv", "record": 9, "byte_offset": 3},
        {"verdict": "indeterminate", "reasons": ["anycast"], "relay_countries": None},
        {"rule_version": "2.0.0", "severity": "low"},
        {"ended_at": NOON + timedelta(hours=1), "bytes": 7},
        {"session_id": "beside the call"},
        {"relay_site": "beside the address", "relay_name": "n"},
    ],
)
def test_an_id_survives_what_the_log_does_not_say(tmp_path: Path, change: dict[str, object]) -> None:
    assert ids(raw_findings(change), tmp_path) == ids(raw_findings({}), tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"rule_id": "s"},
        {"call_id": "d"},
        {"call_id": None},
        {"participant_id": None},
        {"role": "keys"},
        {"relay_ip": "192.0.2.2"},
        {"started_at": NOON + timedelta(microseconds=1)},
    ],
)
def test_another_id_is_given_to_what_the_log_tells_apart(tmp_path: Path, change: dict[str, object]) -> None:
    assert ids(raw_findings(change), tmp_path) != ids(raw_findings({}), tmp_path)


def test_findings_alike_in_everything_have_ids_of_their_own(tmp_path: Path) -> None:
    assert len(set(ids(raw_findings({}, {}, {}), tmp_path))) == 3


def waiver(name: str, **changes: object) -> Waiver:
    values: dict[str, object] = {
        "schema": "auditor/waiver@1",
        "id": name,
        "rule": "r",
        "match": {"account": "a"},
        "covers": {"from": "2020-04-01T00:00:00Z", "until": "2020-04-05T00:00:00Z"},
        "max_findings": 1_000,
        "issued": "2020-04-10T00:00:00Z",
        "expires": "2020-06-10T00:00:00Z",
        "reason": "the customer agreed to it in writing",
        "ticket": "T-1",
        "requested_by": "A",
        "approved_by": "B",
    }
    return Waiver.model_validate_json(json.dumps(values | changes))


@pytest.mark.parametrize("slice_rows", [1, 50, 400_000])
def test_waivers_are_laid_over_every_slice_alike(tmp_path: Path, slice_rows: int) -> None:
    waivers = [waiver("W-1", match={"call": "c"}), waiver("W-2"), waiver("W-0", max_findings=1)]
    decided = decide(waivers, findings_in(many()), as_of=datetime(2020, 5, 1, tzinfo=UTC))
    written(many(), tmp_path, decided, slice_rows=slice_rows)
    found = pl.read_parquet(tmp_path / "findings.parquet")
    fits = (
        (pl.col("rule_id") == "r")
        & (pl.col("verdict") != "excused")
        & (pl.col("started_at") < datetime(2020, 4, 5, tzinfo=UTC))
    )
    expected = (
        pl.when(fits & pl.col("call_id").eq_missing("c")).then(pl.lit("W-1")).when(fits).then(pl.lit("W-2"))
    )
    assert found["waiver_id"].to_list() == found.select(expected).to_series().to_list()
    assert {use.waiver.id: use.fits for use in decided.uses}["W-2"] == found.filter(fits).height > 50


@pytest.mark.parametrize("subject", ["connection", "call", "unobserved"])
def test_what_a_finding_is_about_is_part_of_its_id(tmp_path: Path, subject: str) -> None:
    one = {"subject": subject, "participant_id": None, "role": None, "relay_ip": None}
    others = [{**one, "subject": other} for other in ("connection", "call", "unobserved") if other != subject]
    alone = ids(raw_findings(one), tmp_path)
    assert alone[0] in ids(raw_findings(one, *others), tmp_path)
    assert len(set(ids(raw_findings(one, *others), tmp_path))) == 3


@pytest.mark.parametrize("subject", ["member", "bystander"])
def test_who_was_affected_is_no_finding(tmp_path: Path, subject: str) -> None:
    assert len(ids(raw_findings({}, {"subject": subject}), tmp_path)) == 1
