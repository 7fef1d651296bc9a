"""Which findings of a run are meant by the words of a command line."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from auditor.engine.identifiers import is_identifier
from auditor.errors import Fault, RunError, UsageError
from auditor.evidence.manifest import Manifest
from auditor.evidence.run import MANIFEST
from auditor.evidence.verify import load_intact
from auditor.model import FINDING, FINDING_VERDICTS, Role, Verdict
from auditor.ruleset.schema import Effect
from auditor.ruleset.waivers import may_be_waived
from auditor.sources.times import FIRST, LAST

FINDINGS = "findings.parquet"

_NEEDED = (
    "finding_id",
    "incident_id",
    "rule_id",
    "verdict",
    "call_id",
    "account_id",
    "relay_ip",
    "role",
    "started_at",
)


@dataclass(frozen=True, slots=True)
class Findings:
    """Findings, and the manifest of their run; None where a file lies in no run."""

    path: Path
    rows: pl.LazyFrame
    manifest: Manifest | None

    @property
    def run(self) -> Path | None:
        """Give the run directory in which the findings lie."""
        return self.path.parent if self.manifest else None

    @property
    def never(self) -> frozenset[str]:
        """Name the rules that nothing excuses, as far as the manifest tells."""
        rules = self.manifest.rules if self.manifest else []
        return frozenset(rule.rule_id for rule in rules if rule.effect == Effect.NEVER)


def open_findings(place: Path) -> Findings:
    """Open the findings of a run directory, which must be intact, or a file of findings.

    Raises RunError if they are altered, or not as a run writes them.
    """
    path = place / FINDINGS if place.is_dir() else place
    in_run = place.is_dir() or (path.name == FINDINGS and (path.parent / MANIFEST).is_file())
    manifest = load_intact(path.parent) if in_run else None
    if not path.is_file():
        raise RunError(Fault(str(place), "is no run directory, and no file of findings"))
    rows = pl.scan_parquet(path, glob=False)
    try:
        faults = [Fault(str(path), f"is no file of findings: {text}") for text in _oddities(rows)]
    except pl.exceptions.PolarsError as error:
        raise RunError(Fault(str(path), f"is no file of findings: {str(error).splitlines()[0]}")) from None
    if faults:
        raise RunError(*faults)
    return Findings(path, rows, manifest)


@dataclass(frozen=True, slots=True)
class Choice:
    """Findings by id, incident, rule, call and account: those that fit all that is given."""

    finding_ids: tuple[str, ...] = ()
    incident_id: str | None = None
    rule_id: str | None = None
    call_id: str | None = None
    account_id: str | None = None

    def among(self, findings: Findings) -> pl.LazyFrame:
        """Pick what is chosen and may be waived. Raises UsageError for an id that no finding bears."""
        faults = list(self._faults(findings))
        if faults:
            raise UsageError(*faults)
        chosen = findings.rows.filter(may_be_waived())
        if self.finding_ids:
            chosen = chosen.filter(pl.col("finding_id").is_in(list(map(_normal, self.finding_ids))))
        for column, value in self._columns():
            chosen = chosen.filter(pl.col(column) == value)
        return chosen

    def _columns(self) -> Iterator[tuple[str, str]]:
        incident = self.incident_id and _normal(self.incident_id)
        given = (
            ("incident_id", incident),
            ("rule_id", self.rule_id),
            ("call_id", self.call_id),
            ("account_id", self.account_id),
        )
        yield from ((column, value) for column, value in given if value is not None)

    def _faults(self, findings: Findings) -> Iterator[Fault]:
        asked = sorted({_normal(finding_id) for finding_id in self.finding_ids})
        rows = findings.rows.filter(pl.col("finding_id").is_in(asked)).select("finding_id", "verdict")
        verdicts = dict(rows.collect(engine="streaming").iter_rows()) if asked else {}
        for finding_id in asked:
            if finding_id not in verdicts:
                hint = None if is_identifier("F", finding_id) else "one of its symbols may be mistyped"
                yield Fault("--finding", f"there is no finding `{finding_id}` in {findings.path}", hint)
            elif verdicts[finding_id] == Verdict.EXCUSED:
                yield Fault("--finding", f"`{finding_id}` is excused, and needs no waiver")
        for column, value in self._columns():
            if findings.rows.filter(pl.col(column) == value).head(1).collect(engine="streaming").is_empty():
                name = column.removesuffix("_id")
                yield Fault(f"--{name}", f"there is no finding of the {name} `{value}` in {findings.path}")


def _normal(identifier: str) -> str:
    return identifier.strip().upper()


def _oddities(rows: pl.LazyFrame) -> Iterator[str]:
    """Say what of a table is not as a run writes its findings."""
    schema = rows.collect_schema()
    odd = [name for name in _NEEDED if schema.get(name) != FINDING[name]]
    yield from (f"the column `{name}` is missing, or of another type" for name in odd)
    if odd:
        return
    conditions = {
        "finding_id": pl.col("finding_id").is_not_null(),
        "rule_id": pl.col("rule_id").is_not_null(),
        "verdict": pl.col("verdict")
        .is_in([verdict.value for verdict in FINDING_VERDICTS])
        .fill_null(value=False),
        "role": pl.col("role").is_in([role.value for role in Role]).fill_null(value=True),  # a call has none
        "started_at": pl.col("started_at").is_between(FIRST, LAST, closed="left").fill_null(value=False),
    }
    sound = rows.select(**{name: holds.all() for name, holds in conditions.items()})
    for name, holds in sound.collect(engine="streaming").row(0, named=True).items():
        if not holds:
            yield f"the column `{name}` holds what no run writes"
