"""The options that say where evidence of places is, over what `auditor.toml` says of it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from auditor.engine.config import load_config, sources_of
from auditor.engine.request import LocationSources
from auditor.geo.candidates import Trust
from auditor.geo.databases import VARIABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesAsked:
    """Options as they were given; None where one was not."""

    config: Path | None = None
    geo: Sequence[str] | None = None
    inventory: Sequence[Path] | None = None
    cloud_ranges: Sequence[Path] | None = None
    geofeeds: Sequence[Path] | None = None
    ledger: Path | None = None
    site_names: Sequence[str] | None = None
    nat64_prefixes: Sequence[str] | None = None
    max_age_days: int | None = None
    min_confidence: int | None = None
    trust: Trust | None = None
    documentation_is_public: bool = False
    relay_lists: Sequence[Path] | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """What holds: the evidence of places, and the relay lists."""

    sources: LocationSources
    relay_lists: tuple[str, ...]


def places_of(asked: PlacesAsked, environ: Mapping[str, str] = os.environ) -> Places:
    """Put options over the configuration. AUDITOR_GEO goes before the databases that a file names.

    Raises InputError with the faults of the configuration.
    """
    section = load_config(asked.config).location
    said = sources_of(section)
    if environ.get(VARIABLE):
        said = replace(said, geo=())
    given: dict[str, Any] = {
        "geo": _texts(asked.geo),
        "inventory": _texts(asked.inventory),
        "cloud_ranges": _texts(asked.cloud_ranges),
        "geofeeds": _texts(asked.geofeeds),
        "ledger": str(asked.ledger) if asked.ledger else None,
        "site_names": _texts(asked.site_names),
        "nat64_prefixes": _texts(asked.nat64_prefixes),
        "max_age_days": asked.max_age_days,
        "min_confidence": asked.min_confidence,
        "trust": asked.trust,
        "documentation_is_public": asked.documentation_is_public or None,
    }
    sources = replace(said, **{name: value for name, value in given.items() if value is not None})
    return Places(sources, _texts(asked.relay_lists) or tuple(section.relay_lists or ()))


def _texts(values: Sequence[object] | None) -> tuple[str, ...] | None:
    return tuple(str(value) for value in values) if values else None
