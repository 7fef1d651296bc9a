"""What cloud providers' lists and geofeeds say of an address: GEOLOCATION.md, sections 6 to 8."""

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from tests.reference.kinds import Address, holds
from tests.reference.said import SILENCE, STALE, Answer, nearest
from tests.reference.world import Geofeed, RangeList

Listed = TypeVar("Listed")

REGIONS = {
    "AWS": {
        "eu-central-1": "DE",
        "eu-west-3": "FR",
        "us-east-1": "US",
        "cn-north-1": "CN",
        "ap-east-1": "HK",
        "ap-southeast-1": "SG",
        "eu-central-1-waw-1": "PL",
    },
    "Google": {"europe-west3": "DE", "us-central1": "US", "asia-east2": "HK", "asia-southeast1": "SG"},
    "Azure": {"germanywc": "DE", "centralfrance": "FR", "eastus2": "US", "eastasia": "HK"},
    "Oracle": {"eu-frankfurt-1": "DE", "us-ashburn-1": "US", "ap-singapore-1": "SG"},
}
"""The regions that random worlds use, typed from the table of section 7."""

EVERYWHERE = ("GLOBAL", "global")
SITE_NAMES = {
    "aws": {"eu-central-1": "DE", "ap-east-1": "HK"},
    "azure": {"germanywestcentral": "DE", "germanywc": "DE"},
    "google": {"europe-west3": "DE"},
    "oracle": {"eu-frankfurt-1": "DE"},
    "twilio": {"us1": "US", "ashburn": "US", "ie1-ix": "GB IE"},
}
"""Some names of regions that logs use as sites. `gll` and `roaming` are none: they are no place."""


def answers_of_clouds(
    lists: Iterable[RangeList], address: Address, at: datetime, max_age: timedelta
) -> Iterator[Answer]:
    """Ask of each provider the snapshot nearest the call; where it names no place, all others near enough."""
    for snapshots in gathered(lists, lambda one: one.provider).values():
        near = nearest(snapshots, lambda one: one.published_at, at, max_age)
        if not near:
            yield STALE
        said = [answer_of_snapshot(snapshot, address) for snapshot in near]
        yield from said
        if not any(answer.speaks for answer in said):
            others = (one for one in snapshots if abs(at - one.published_at) <= max_age and one not in near)
            yield from (answer_of_snapshot(snapshot, address) for snapshot in others)


def answer_of_snapshot(snapshot: RangeList, address: Address) -> Answer:
    """Say what one list has of an address; silence if it has nothing."""
    region = entry_for(snapshot.entries, address)
    return SILENCE if region is None else answer_of_region(snapshot.provider, region)


def answer_of_region(provider: str, written: str) -> Answer:
    """Name the country of a region; of AWS the border group decides."""
    region = written.rpartition("/")[2]
    if region in EVERYWHERE:
        return Answer(reason="provider_global")
    country = REGIONS[provider].get(region)
    return Answer.of(country) if country else Answer(reason="unknown_region")


def countries_of_geofeeds(
    feeds: Iterable[Geofeed], address: Address, at: datetime, max_age: timedelta
) -> frozenset[str]:
    """Gather what each publisher's geofeed nearest the call declares; if nothing, what the others do."""
    found = set[str]()
    for editions in gathered(feeds, lambda one: one.publisher).values():
        best = nearest(editions, lambda one: one.published_at, at, max_age)
        near = [feed for feed in editions if abs(at - feed.published_at) <= max_age]
        said = {entry_for(feed.entries, address) or "" for feed in best}
        found |= said - {""} or {entry_for(feed.entries, address) or "" for feed in near}
    return frozenset(found) - {""}


def countries_of_site(site: str, providers: Iterable[str]) -> list[frozenset[str]]:
    """List what the names of regions say of a folded site string, of the providers whose names they are."""
    named = [SITE_NAMES[provider].get(site) for provider in providers]
    return [frozenset(codes.split()) for codes in named if codes]


def entry_for(entries: Mapping[str, str], address: Address) -> str | None:
    """Take what stands beside the longest prefix that holds an address."""
    networks = [(ipaddress.ip_network(prefix), said) for prefix, said in entries.items()]
    held = [(network.prefixlen, said) for network, said in networks if holds(network, address)]
    return max(held)[1] if held else None


def gathered(lists: Iterable[Listed], whose: Callable[[Listed], str]) -> dict[str, list[Listed]]:
    """Gather lists by who publishes them."""
    found: dict[str, list[Listed]] = {}
    for one in lists:
        found.setdefault(whose(one), []).append(one)
    return found
