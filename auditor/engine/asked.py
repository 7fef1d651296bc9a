"""What a finished run was asked, so that it can be asked again."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from auditor.engine.request import LocationSources, Request
from auditor.errors import Fault
from auditor.evidence.manifest import Database, Manifest
from auditor.evidence.verify import input_faults, log_faults
from auditor.geo.candidates import Trust


def request_of(manifest: Manifest) -> Request:
    """Ask again what a run was asked; its own rules are known to pass their cases.

    Where no database was read then, none is looked for in its usual places.
    """
    base, settings = base_of(manifest), manifest.settings
    return Request(
        logs=tuple(str(base / log.path) for log in manifest.inputs),
        rules=tuple(_under(base, settings.rules)),
        location=_location(manifest),
        accounts=str(base / settings.accounts) if settings.accounts else None,
        mapping=str(base / settings.mapping) if settings.mapping else None,
        relay_lists=tuple(_under(base, settings.relay_lists)),
        skip_rule_tests=True,
        allow_draft=settings.allow_draft,
    )


def base_of(manifest: Manifest) -> Path:
    """Give the folder below which the paths of a manifest lie."""
    return Path(manifest.run.working_directory)


def faults_in_inputs(manifest: Manifest, *, but_rules: bool = False) -> list[Fault]:
    """List the inputs of a run that are missing or no longer what was read; perhaps all but its rules."""
    return (log_faults if but_rules else input_faults)(manifest, base_of(manifest))


def as_given(manifest: Manifest) -> dict[str, str]:
    """Give for each log, where it is found now, the path that the run was given."""
    return {str(base_of(manifest) / log.path): log.path for log in manifest.inputs}


def _location(manifest: Manifest) -> LocationSources:
    base, settings = base_of(manifest), manifest.settings
    return LocationSources(
        geo=tuple(_named(database, base) for database in manifest.databases),
        looks_for_databases=bool(manifest.databases),
        inventory=tuple(_under(base, settings.inventory)),
        cloud_ranges=tuple(_under(base, settings.cloud_ranges)),
        geofeeds=tuple(_under(base, settings.geofeeds)),
        ledger=str(base / settings.ledger) if settings.ledger else None,
        site_names=tuple(settings.site_names),
        nat64_prefixes=tuple(settings.nat64_prefixes),
        max_age_days=settings.max_age_days,
        min_confidence=settings.min_confidence,
        trust=Trust(settings.trust),
        documentation_is_public=settings.documentation_is_public,
    )


def _named(database: Database, base: Path) -> str:
    """Spell a database as `--geo` takes it."""
    vendor = f"@{database.vendor}" if database.vendor else ""
    return f"{database.opinion}{vendor}:{base / database.path}"


def _under(base: Path, paths: Iterable[str]) -> Iterator[str]:
    return (str(base / path) for path in paths)
