"""What a run rested on → its manifest."""

from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from auditor.engine.partial import COUNTS, Partial
from auditor.engine.planning import Planned
from auditor.engine.request import Request
from auditor.evidence.digests import sha256_of_file, sha256_of_value
from auditor.evidence.manifest import (
    Database,
    EvidenceFile,
    InputFile,
    Manifest,
    RuleApplied,
    RunFacts,
    Settings,
)
from auditor.geo.atlas import AtlasSettings
from auditor.geo.mmdb import Database as DatabaseOpened
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import Rule
from auditor.ruleset.words import sentences_of

PROGRAMS = ("auditor", "polars", "maxminddb", "maxminddb-polars", "polars-hash")


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything that a run rests on, opened and hashed."""

    request: Request
    as_of: datetime
    ruleset: RuleSet
    atlas: AtlasSettings
    planned: Planned
    side_files: tuple[EvidenceFile, ...]

    @property
    def run_id(self) -> str:
        """Name the run by the digests of all that it rests on."""
        return sha256_of_value(
            [
                sorted((plan.sha256, plan.log.path) for plan in (one.plan for one in self.planned.readings)),
                self.ruleset.digest,
                [(database.sha256, database.opinion) for database in self.atlas.databases],
                [(file.kind, file.sha256) for file in self.side_files],
                self.settings().model_dump(mode="json"),
                versions(),
            ]
        )

    @property
    def report_number(self) -> str:
        """Number the report by the day of the clock and the digest of the inputs."""
        return f"AR-{self.as_of:%Y-%m-%d}-{self.run_id[:4].upper()}"

    def settings(self) -> Settings:
        """Give the options in force."""
        request, limits = self.request, self.request.limits
        return Settings(
            as_of=self.as_of,
            max_age_days=request.max_age_days,
            fail_on=limits.fail_on,
            max_rejected=str(limits.max_rejected),
            max_uncovered=str(limits.max_uncovered) if limits.max_uncovered else None,
            max_indeterminate=limits.max_indeterminate,
            documentation_is_public=request.documentation_is_public,
            skip_rule_tests=request.skip_rule_tests,
            max_listed=request.max_listed,
            rules=list(request.rules),
            geo=list(request.geo),
            accounts=request.accounts,
            inventory=list(request.inventory),
            mapping=request.mapping,
        )


def manifest_of(ground: Ground, partial: Partial, facts: RunFacts) -> Manifest:
    """Describe a run; its outputs are filled in when it is finished."""
    return Manifest(
        run_id=ground.run_id,
        run=facts,
        versions=versions(),
        settings=ground.settings(),
        inputs=[_input(reading.plan.log.path, ground, partial) for reading in ground.planned.readings],
        not_read=[{"path": path, "same_as": same} for path, same in ground.planned.repeated],
        evidence=[*_rule_files(ground.ruleset), *ground.side_files],
        databases=[_database(database) for database in ground.atlas.databases],
        rules=[_rule(rule, ground.ruleset) for rule in ground.ruleset.rules],
        outputs=[],
    )


def versions() -> dict[str, str]:
    """Name the programs whose version may change a result."""
    return {program: version(program) for program in PROGRAMS}


def evidence_file(kind: str, path: str) -> EvidenceFile:
    """Describe a side file. Raises OSError."""
    file = Path(path)
    return EvidenceFile(kind=kind, path=path, bytes=file.stat().st_size, sha256=sha256_of_file(file))


def _input(path: str, ground: Ground, partial: Partial) -> InputFile:
    plan = next(one.plan for one in ground.planned.readings if one.plan.log.path == path)
    shards = [result for result in partial.shards.values() if result.source_file == path]
    return InputFile(
        path=path,
        format=plan.log.format,
        bytes=plan.bytes,
        sha256=plan.sha256,
        mapping=plan.log.mapping.id,
        mapping_sha256=plan.log.mapping.sha256,
        **{count: sum(getattr(result, count) for result in shards) for count in COUNTS},
        first_started_at=min((one.first_started_at for one in shards if one.first_started_at), default=None),
        last_started_at=max((one.last_started_at for one in shards if one.last_started_at), default=None),
    )


def _rule_files(ruleset: RuleSet) -> list[EvidenceFile]:
    return [
        EvidenceFile(kind=file.kind, path=file.path, bytes=file.bytes, sha256=file.sha256)
        for file in ruleset.files
    ]


def _database(database: DatabaseOpened) -> Database:
    return Database(
        path=database.path,
        sha256=database.sha256,
        bytes=database.bytes,
        database_type=database.database_type,
        opinion=database.opinion,
        built_at=database.built_at,
        ip_version=database.ip_version,
        description=database.description,
        licence_note=database.licence_note,
        schema_path=database.schema_path,
    )


def _rule(rule: Rule, ruleset: RuleSet) -> RuleApplied:
    file = ruleset.file_of(rule)
    return RuleApplied(
        rule_id=rule.id,
        version=rule.version,
        title=rule.title,
        statement=rule.statement,
        authority=[{"kind": authority.kind, "cite": authority.cite} for authority in rule.authority],
        severity=rule.severity,
        effect=rule.effect,
        in_force_from=rule.in_force.from_,
        in_force_until=rule.in_force.until,
        in_words=sentences_of(rule, ruleset),
        file=file.path,
        sha256=file.sha256,
        cases=len(rule.tests),
        never_title=ruleset.never_title(rule),
    )
