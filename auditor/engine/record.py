"""What a run rested on → its manifest."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from importlib.metadata import version

from auditor.engine.inputs import inputs_of, key_fingerprint
from auditor.engine.logsets import LogSet, identity_of
from auditor.engine.partial import Partial
from auditor.engine.planning import Planned
from auditor.engine.request import Request
from auditor.evidence.digests import sha256_of_value
from auditor.evidence.manifest import (
    Database,
    EvidenceFile,
    ExceptionApplied,
    LedgerApplied,
    Manifest,
    RangeList,
    RequirementApplied,
    RuleApplied,
    RunFacts,
    Settings,
    WaiverApplied,
    WindowApplied,
)
from auditor.geo.atlas import AtlasSettings
from auditor.geo.ledger.ledger import Ledger
from auditor.geo.mmdb import Database as DatabaseOpened
from auditor.geo.ranges.files import RangeFile
from auditor.geo.relay_lists import RelayLists
from auditor.ruleset.clauses import ExceptionClause, Limits
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import RequireRule, Rule, clauses_of
from auditor.ruleset.waiver_schema import Waiver
from auditor.ruleset.windows import Window
from auditor.ruleset.wording.words import sentences_of

PROGRAMS = ("auditor", "polars", "maxminddb", "maxminddb-polars", "polars-hash")
_WHERE_FILES_LIE = {
    *("rules", "geo", "accounts", "inventory", "mapping", "privacy_key"),
    *("cloud_ranges", "geofeeds", "ledger", "relay_lists"),
}


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything that an audit rests on beside the logs, opened and hashed."""

    request: Request
    as_of: datetime
    ruleset: RuleSet
    atlas: AtlasSettings
    relay_lists: RelayLists | None
    logs: tuple[LogSet, ...]
    side_files: tuple[EvidenceFile, ...]

    @property
    def digest(self) -> str:
        """Name by digests all that decides what a record becomes, and nothing that does not."""
        return sha256_of_value(
            [
                self.ruleset.digest,
                [(one.sha256, one.opinion, one.vendor) for one in self.atlas.databases],
                [(one.sha256, one.form, one.publisher, one.published_at) for one in self.atlas.ranges],
                [(file.kind, file.sha256) for file in self.side_files],
                self.atlas.max_age_days,
                self.atlas.min_confidence,
                self.atlas.trust,
                self.atlas.site_names,
                [str(prefix) for prefix in self.atlas.nat64],
                self.atlas.documentation_is_public,
                versions(),
            ]
        )

    def run_id(self, planned: Planned) -> str:
        """Name a run by the digests of all that it rests on, wherever the files lie."""
        logs = sorted(
            [one.plan.sha256, sha256_of_value(identity_of(one.plan.log))] for one in planned.readings
        )
        settings = self.settings().model_dump(mode="json", exclude=_WHERE_FILES_LIE)
        return sha256_of_value([self.digest, logs, settings])

    def report_number(self, planned: Planned) -> str:
        """Give the report a number: the day of the clock and the digest of the inputs."""
        return f"AR-{self.as_of:%Y-%m-%d}-{self.run_id(planned)[:4].upper()}"

    def settings(self) -> Settings:
        """Give the options in force."""
        request, limits, location = self.request, self.request.limits, self.request.location
        return Settings(
            as_of=self.as_of,
            max_age_days=location.max_age_days,
            fail_on=limits.fail_on,
            max_rejected=str(limits.max_rejected),
            max_uncovered=str(limits.max_uncovered) if limits.max_uncovered else None,
            max_indeterminate=limits.max_indeterminate,
            documentation_is_public=location.documentation_is_public,
            skip_rule_tests=request.skip_rule_tests,
            allow_draft=request.allow_draft,
            max_listed=request.max_listed,
            rules=list(request.rules),
            geo=list(location.geo),
            accounts=request.accounts,
            inventory=list(location.inventory),
            privacy_key=request.privacy_key,
            privacy_key_fingerprint=key_fingerprint(self.logs),
            cloud_ranges=list(location.cloud_ranges),
            geofeeds=list(location.geofeeds),
            ledger=location.ledger,
            site_names=list(location.site_names),
            nat64_prefixes=list(location.nat64_prefixes),
            min_confidence=location.min_confidence,
            trust=location.trust,
            relay_lists=list(request.relay_lists),
        )


def manifest_of(ground: Ground, planned: Planned, partial: Partial, facts: RunFacts) -> Manifest:
    """Describe a run; its outputs are filled in when it is finished."""
    return Manifest(
        run_id=ground.run_id(planned),
        run=facts,
        versions=versions(),
        settings=ground.settings(),
        inputs=inputs_of(planned, partial),
        not_read=[{"path": path, "same_as": same} for path, same in planned.repeated],
        evidence=[*_rule_files(ground.ruleset), *ground.side_files],
        databases=[_database(database) for database in ground.atlas.databases],
        ranges=[_range_list(file) for file in ground.atlas.ranges],
        ledger=_ledger(ground.atlas.ledger) if ground.atlas.ledger else None,
        rules=[_rule(rule, ground.ruleset) for rule in ground.ruleset.rules],
        windows=[_window(window) for window in sorted(ground.ruleset.windows.declared, key=_place_of_window)],
        waivers=[_waiver(waiver) for waiver in ground.ruleset.waivers],
        outputs=[],
    )


def versions() -> dict[str, str]:
    """Name the programs whose version may change a result."""
    return {program: version(program) for program in PROGRAMS}


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
        vendor=database.vendor,
        database_type=database.database_type,
        opinion=database.opinion,
        built_at=database.built_at,
        ip_version=database.ip_version,
        description=database.description,
        licence_note=database.licence_note,
        schema_path=database.schema_path,
    )


def _range_list(file: RangeFile) -> RangeList:
    return RangeList(
        path=file.path,
        sha256=file.sha256,
        bytes=file.bytes,
        form=file.form,
        publisher=file.publisher,
        published_at=file.published_at,
        entries=file.entries,
    )


def _ledger(ledger: Ledger) -> LedgerApplied:
    times = [recording.observed_at for recording in ledger.recordings]
    return LedgerApplied(
        path=ledger.path,
        recordings=len(times),
        head=ledger.head,
        first_observed_at=min(times, default=None),
        last_observed_at=max(times, default=None),
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
        status=rule.status,
        in_force_from=rule.in_force.from_,
        in_force_until=rule.in_force.until,
        in_words=sentences_of(rule, ruleset),
        file=file.path,
        sha256=file.sha256,
        cases=len(rule.tests),
        never_title=ruleset.never_title(rule),
        exceptions=[_exception(clause) for clause in clauses_of(rule)],
        requirement=_requirement(rule, ruleset) if isinstance(rule, RequireRule) else None,
    )


def _exception(clause: ExceptionClause) -> ExceptionApplied:
    when, limits = clause.when, clause.limits or Limits.model_construct()
    minutes, share = limits.minutes_per_call, limits.share_of_calls
    return ExceptionApplied(
        exception_id=clause.id,
        why=clause.why,
        allow=list(clause.allow),
        roles=None if clause.roles is None else list(clause.roles),
        tier=None if when.tier is None else list(when.tier),
        attempt_min=when.attempt_min,
        failed_primaries_min=when.failed_primaries_min,
        selection_reason=None if when.selection_reason is None else list(when.selection_reason),
        in_window=when.in_window,
        connections_per_call=limits.connections_per_call,
        minutes_per_call=None if minutes is None else _plain(minutes),
        share_of_calls=None if share is None else _plain(share.max),
        overflow=clause.overflow,
    )


def _plain(number: Decimal) -> str:
    """Write a number as a person does: no exponent, no zeros that say nothing."""
    return f"{number.normalize():f}"


def _requirement(rule: RequireRule, ruleset: RuleSet) -> RequirementApplied:
    places = ruleset.groups.titles(rule.require.in_)
    return RequirementApplied(roles=list(rule.require.roles), places=list(places))


def _place_of_window(window: Window) -> tuple[str, datetime, datetime, tuple[str, ...]]:
    return window.id, window.from_, window.until, window.regions


def _window(window: Window) -> WindowApplied:
    return WindowApplied(
        id=window.id,
        regions=list(window.regions),
        from_=window.from_,
        until=window.until,
        evidence=window.evidence,
        declared_by=window.declared_by,
        declared_at=window.declared_at,
        late=window.is_late,
    )


def _waiver(waiver: Waiver) -> WaiverApplied:
    match, covers = waiver.match, waiver.covers
    return WaiverApplied(
        waiver_id=waiver.id,
        call=match.call,
        account=match.account,
        relay_in=None if match.relay_in is None else [str(network) for network in match.relay_in],
        roles=None if match.roles is None else list(match.roles),
        covers_from=covers.from_,
        covers_until=covers.until,
    )
