"""What a finished run was asked, so that it can be asked again."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from pydantic import TypeAdapter

from auditor.engine.request import LocationSources, LogsAsked, Request, Told
from auditor.errors import Fault, SourceError
from auditor.evidence.manifest import Database, InputFile, Manifest
from auditor.evidence.verify import input_faults, log_faults
from auditor.geo.candidates import Trust
from auditor.sources.language import Privacy
from auditor.sources.privacy import fingerprint_of, key_of
from auditor.sources.registry import Kind, format_named


def request_of(manifest: Manifest) -> Request:
    """Ask again what a run was asked; its own rules are known to pass their cases.

    Where no database was read then, none is looked for in its usual places.
    """
    base, settings = base_of(manifest), manifest.settings
    return Request(
        logs=tuple(_logs(manifest)),
        rules=tuple(_under(base, settings.rules)),
        location=_location(manifest),
        accounts=str(base / settings.accounts) if settings.accounts else None,
        privacy_key=str(base / settings.privacy_key) if settings.privacy_key else None,
        relay_lists=tuple(_under(base, settings.relay_lists)),
        skip_rule_tests=True,
        allow_draft=settings.allow_draft,
    )


def base_of(manifest: Manifest) -> Path:
    """Give the folder below which the paths of a manifest lie."""
    return Path(manifest.run.working_directory)


def faults_in_inputs(manifest: Manifest, *, but_rules: bool = False) -> list[Fault]:
    """List the inputs of a run that are missing or no longer what was read; perhaps all but its rules.

    So are presets and readers that the program has in another edition now, and another privacy key.
    """
    files = (log_faults if but_rules else input_faults)(manifest, base_of(manifest))
    return [*files, *_formats_changed(manifest), *_key_changed(manifest)]


def as_given(manifest: Manifest) -> dict[str, str]:
    """Give for each log, where it is found now, the path that the run was given."""
    return {str(base_of(manifest) / log.path): log.path for log in manifest.inputs}


def _logs(manifest: Manifest) -> Iterator[LogsAsked]:
    """Ask for each log again as it was read, those that follow each other in one way together."""
    base = base_of(manifest)
    for asked, logs in groupby(manifest.inputs, lambda log: _way(manifest, log)):
        yield replace(asked, paths=tuple(str(base / log.path) for log in logs))


def _way(manifest: Manifest, log: InputFile) -> LogsAsked:
    said = log.told
    told = Told(
        zone=said.zone,
        server_start=said.server_start,
        public_addresses=tuple(said.relay_public_addresses.items()),
        privacy=tuple((column, _PRIVACY.validate_python(mode)) for column, mode in said.privacy.items()),
    )
    mapping = log.mapping_file or (manifest.settings.mapping if log.mapping_kind is None else None)
    if mapping:
        return LogsAsked((), mapping=str(base_of(manifest) / mapping), told=told, place=log.path)
    return LogsAsked((), format=log.mapping, told=told, place=log.path)


_PRIVACY: TypeAdapter[Privacy] = TypeAdapter(Privacy)


def _formats_changed(manifest: Manifest) -> Iterator[Fault]:
    read = {(log.mapping, log.mapping_sha256): log for log in reversed(manifest.inputs)}
    for (name, sha256), log in read.items():
        if log.mapping_kind not in (Kind.PRESET, Kind.READER):
            continue
        found = format_named(name, log.path)
        if isinstance(found, Fault):
            yield found
        elif found.mapping.sha256 != sha256:
            text = f"was read with another edition of `{name}` than this program has"
            yield Fault(log.path, text, "the manifest names the versions of the programs")


def _key_changed(manifest: Manifest) -> Iterator[Fault]:
    settings = manifest.settings
    if settings.privacy_key is None:
        return
    try:
        fingerprint = fingerprint_of(key_of(base_of(manifest) / settings.privacy_key))
    except SourceError as error:
        yield from error.faults
        return
    if fingerprint != settings.privacy_key_fingerprint:
        yield Fault(settings.privacy_key, "is another key than the one of the run")


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
