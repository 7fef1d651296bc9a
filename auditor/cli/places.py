"""The options that say where evidence of places is, over what `auditor.toml` says of it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from auditor.cli import options
from auditor.engine.config import load_config, sources_of
from auditor.engine.request import LocationSources, LogsAsked
from auditor.geo.databases import VARIABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigOption:
    """The configuration; groups add options that go before it, each named as in LocationSources."""

    config: options.Config = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceOptions(ConfigOption):
    """Where evidence of places lies; None where an option was not given."""

    geo: options.Geo = None
    inventory: options.Inventory = None
    cloud_ranges: options.CloudRanges = None
    geofeeds: options.Geofeeds = None
    ledger: options.Ledger = None
    max_age_days: options.MaxAge = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOptions(EvidenceOptions):
    """Where evidence of places lies, and what of it counts."""

    site_names: options.SiteNames = None
    min_confidence: options.MinConfidence = None
    trust: options.TrustOption = None
    nat64_prefixes: options.Nat64 = None
    documentation_is_public: options.DocumentationIsPublic = False


@dataclass(frozen=True, slots=True)
class Places:
    """What holds: the evidence of places, and the relay lists; and the logs that the configuration lists."""

    sources: LocationSources
    relay_lists: tuple[str, ...]
    logs: tuple[LogsAsked, ...]


def places_of(
    asked: ConfigOption,
    relay_lists: Sequence[Path] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Places:
    """Put options over the configuration. AUDITOR_GEO goes before the databases that a file names.

    Raises InputError with the faults of the configuration.
    """
    config = load_config(asked.config)
    said = sources_of(config.location)
    if environ.get(VARIABLE):
        said = replace(said, geo=())
    given = {one.name: _said(getattr(asked, one.name)) for one in fields(asked) if one.name != "config"}
    sources = replace(said, **{name: value for name, value in given.items() if value is not None})
    lists = tuple(map(str, relay_lists or config.location.relay_lists or ()))
    return Places(sources, lists, config.logs)


def _said(value: Any) -> Any:  # noqa: ANN401  whatever an option says
    """Give the value of an option as plain text, several as a tuple; None where it says nothing."""
    if isinstance(value, list):
        return tuple(map(str, value)) or None
    if isinstance(value, Path):
        return str(value)
    return None if value is False else value
