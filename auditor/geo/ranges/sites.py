"""Site strings that are names of a provider's regions, where the user says that the logs use them.

No country is guessed from a text: a site called `tokyo` is Twilio's edge only in logs of Twilio.
Design: GEOLOCATION.md, section 6.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from auditor.errors import Fault, UsageError
from auditor.geo.fields import site_key
from auditor.geo.ranges.regions import regions, rows_of
from auditor.text import nearest

PROVIDERS = {"aws": "AWS", "google": "Google", "azure": "Azure", "oracle": "Oracle", "twilio": "Twilio"}
"""How users name them, and how they are told."""


_SITES = "sites.csv"
_COLUMNS = ("provider", "site", "countries", "checked_on")


@dataclass(frozen=True, slots=True)
class Region:
    """What a site string means: a region of a provider, and the countries in which it is."""

    provider: str
    countries: frozenset[str]


def providers_of(names: Iterable[str]) -> tuple[str, ...]:
    """Read the providers that a user named, in order, each once. Raises UsageError."""
    wrong = [name for name in names if name.lower() not in PROVIDERS]
    if wrong:
        raise UsageError.of(
            Fault(
                f"site names of `{name}`",
                "no regions of this provider are known",
                nearest(name, PROVIDERS) or f"known: {', '.join(PROVIDERS)}",
            )
            for name in wrong
        )
    return tuple(dict.fromkeys(PROVIDERS[name.lower()] for name in names))


def regions_named(site: str, providers: Sequence[str]) -> tuple[Region, ...]:
    """Say what a site string means to each of these providers that knows it."""
    found = ((provider, _names().get((provider, site_key(site)))) for provider in providers)
    return tuple(Region(provider, countries) for provider, countries in found if countries)


@cache
def _names() -> Mapping[tuple[str, str], frozenset[str]]:
    return dict(_rows())


def _rows() -> Iterator[tuple[tuple[str, str], frozenset[str]]]:
    for (provider, region), country in regions().items():
        yield (provider, site_key(region)), frozenset({country})
    for row in rows_of(_SITES, _COLUMNS):
        yield (row["provider"], site_key(row["site"])), frozenset(row["countries"].split())
