"""Everything that an audit rests on beside the logs: opened, hashed, and fit to judge by."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from auditor.engine.logsets import settle_logs
from auditor.engine.record import Ground
from auditor.engine.request import LocationSources, Request
from auditor.errors import Fault, GeoError, InputError, RuleSetError
from auditor.evidence.digests import sha256_of_file
from auditor.evidence.manifest import EvidenceFile
from auditor.geo.atlas import AtlasSettings
from auditor.geo.databases import VARIABLE, find_databases, open_databases
from auditor.geo.inventory import Inventory, load_inventory
from auditor.geo.ledger.ledger import Ledger, open_ledger
from auditor.geo.mmdb import Database
from auditor.geo.ranges.files import RangeFile, open_cloud_ranges, open_geofeeds
from auditor.geo.ranges.sites import providers_of
from auditor.geo.relay_lists import load_relay_lists
from auditor.geo.schemas import Opinion
from auditor.geo.translation import prefixes_of
from auditor.ruleset.loader import load_ruleset
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.testing import failures_in
from auditor.sources.privacy import key_of

Source = TypeVar("Source")

_DRAFT_HINT = (
    "counsel lifts the mark in your own copy; "
    "with `--allow-draft` it is audited, and `draft` stands beside each of its findings"
)


def lay_ground(request: Request, environ: Mapping[str, str], *, as_of: datetime) -> Ground:
    """Open and hash everything that the audit rests on beside the logs.

    Raises AuditorError; what is wrong with evidence of places is told all at once.
    """
    ruleset = _fit_to_judge(load_ruleset([Path(folder) for folder in request.rules]), request)
    atlas = settle_sources(request.location, environ, as_of=as_of)
    lists = [Path(path) for path in request.relay_lists]
    key = key_of(Path(request.privacy_key)) if request.privacy_key else None
    return Ground(
        request=request,
        as_of=as_of,
        ruleset=ruleset,
        atlas=atlas,
        relay_lists=load_relay_lists(lists) if lists else None,
        logs=settle_logs(request.logs, key, atlas.inventory),
        side_files=(*_side_files(request), *_recordings(atlas.ledger)),
    )


def settle_sources(
    location: LocationSources, environ: Mapping[str, str], *, as_of: datetime
) -> AtlasSettings:
    """Open all evidence of places. Raises GeoError with the faults of all of it."""
    faults: list[Fault] = []
    inventory = _tried(faults, lambda: _inventory(location))
    databases = _tried(faults, lambda: _databases(location, environ, as_of))
    clouds = _tried(faults, lambda: open_cloud_ranges(location.cloud_ranges, as_of))
    geofeeds = _tried(faults, lambda: open_geofeeds(location.geofeeds, as_of))
    ledger = _tried(faults, lambda: open_ledger(location.ledger, as_of) if location.ledger else None)
    nat64 = _tried(faults, lambda: prefixes_of(location.nat64_prefixes))
    providers = _tried(faults, lambda: providers_of(location.site_names))
    if faults:
        raise GeoError(*faults)
    return AtlasSettings(
        databases=tuple(sorted(databases or (), key=_place_of_database)),
        inventory=inventory,
        ranges=tuple(sorted((*(clouds or ()), *(geofeeds or ())), key=_place_of_list)),
        ledger=ledger,
        max_age_days=location.max_age_days,
        min_confidence=location.min_confidence,
        trust=location.trust,
        site_names=providers or (),
        nat64=nat64 or (),
        documentation_is_public=location.documentation_is_public,
    )


def _place_of_database(database: Database) -> tuple[int, str, str, datetime, str]:
    """Sort databases, so that the order in which they were named is invisible."""
    opinion = list(Opinion).index(database.opinion)
    return opinion, database.maker, database.database_type, database.built_at, database.sha256


def _place_of_list(file: RangeFile) -> tuple[str, str, datetime, str]:
    return file.form, file.publisher, file.published_at, file.sha256


def _tried(faults: list[Fault], opened: Callable[[], Source]) -> Source | None:
    """Open one sort of evidence; what is wrong with it is added to `faults`."""
    try:
        return opened()
    except GeoError as error:
        faults.extend(error.faults)
        return None


def _inventory(location: LocationSources) -> Inventory | None:
    return load_inventory([Path(path) for path in location.inventory]) if location.inventory else None


def _databases(
    location: LocationSources, environ: Mapping[str, str], as_of: datetime
) -> tuple[Database, ...]:
    """Open the databases; where none is named and none found, other evidence may stand alone."""
    if not (location.geo or location.looks_for_databases):
        return ()
    named = location.geo or environ.get(VARIABLE)
    others = location.inventory or location.ledger or location.cloud_ranges
    if others and not named:
        try:
            find_databases(location.geo, environ)
        except GeoError:
            return ()
    return open_databases(location.geo, environ, as_of, location_needed=not others)


def _fit_to_judge(ruleset: RuleSet, request: Request) -> RuleSet:
    """Refuse drafts, unless they are asked for, and rules that fail their own cases.

    Such a rule means something else than it says.
    """
    drafts = [
        Fault(ruleset.file_of(rule).path, f"status: `{rule.id}` is a draft", _DRAFT_HINT)
        for rule in ruleset.rules
        if rule.is_draft and not request.allow_draft
    ]
    if drafts:
        raise RuleSetError.of(drafts)
    failures = (
        []
        if request.skip_rule_tests
        else [fault for rule in ruleset.rules for fault in failures_in(rule, ruleset)]
    )
    if failures:
        raise RuleSetError.of(failures)
    return ruleset


def _side_files(request: Request) -> Iterator[EvidenceFile]:
    location = request.location
    named = [("accounts", request.accounts)]
    named += [("mapping", path) for path in dict.fromkeys(one.mapping for one in request.logs)]
    named += [("inventory", path) for path in location.inventory]
    named += [("cloud_ranges", path) for path in location.cloud_ranges]
    named += [("geofeed", path) for path in location.geofeeds]
    named += [("relay_list", path) for path in request.relay_lists]
    for kind, path in named:
        if path:
            yield _side_file(kind, path)


def _recordings(ledger: Ledger | None) -> Iterator[EvidenceFile]:
    """Name the recordings, and not the chain: it grows with each new one, and they do not change."""
    if ledger:
        for recording in ledger.recordings:
            yield _side_file("ledger", str(Path(ledger.path) / recording.file))


def _side_file(kind: str, path: str) -> EvidenceFile:
    if Path(path).is_fifo():
        raise InputError(Fault(path, "is no file", "write what it gives to a file first"))
    try:
        size, sha256 = Path(path).stat().st_size, sha256_of_file(Path(path))
    except OSError as error:
        raise InputError(Fault(path, f"cannot be read: {error.strerror}")) from None
    return EvidenceFile(kind=kind, path=path, bytes=size, sha256=sha256)
