"""Worlds in which it is known where each address is, and what each source makes of it.

A source is honest of an address, lies, is silent in one of many ways, or flags it as anycast; and as a whole
it is fresh or stale. Of an address of which lies count, something honest counts as well.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from mmdb_writer import MmdbU16

from tests.geo.treatment.cases import BUILT, CALL, SINCE, Sources
from tests.reference.files import DatabaseText
from tests.reference.world import Geofeed, InventoryRow, RangeList, Recorded, Recording, Settings

NETWORKS = (*(f"1.1.{number}.0/24" for number in range(8)), "2a00::/32", "2a00:1::/32")
ADDRESSES = (*(f"1.1.{number}.1" for number in range(8)), "2a00::1", "2a00:1::1")
"""Many in one world, since a world costs much more than an address."""

REGIONS = {
    "AWS": {
        "DE": "eu-central-1",
        "FR": "eu-west-3",
        "US": "us-east-1",
        "HK": "ap-east-1",
        "SG": "ap-southeast-1",
    },
    "Azure": {
        "DE": "germanywc",
        "FR": "centralfrance",
        "US": "eastus2",
        "HK": "eastasia",
        "SG": "southeastasia",
    },
}
COUNTRIES = tuple(REGIONS["AWS"])
STALE = timedelta(days=36)
DATABASES = ("maxmind", "dbip", "acme", "vendor")
FORMS = (*DATABASES, "AWS", "Azure", "ledger", "inventory")
"""Sources that count: each is another's word."""


@dataclass(frozen=True, slots=True)
class Word:
    """What a source says of one address: countries, or that it is anycast, or nothing in one of the ways."""

    countries: tuple[str, ...] = ()
    is_anycast: bool = False
    silence: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """One source, and its word on each of the addresses."""

    form: str
    words: tuple[Word, ...]
    is_fresh: bool = True

    def counted(self, place: int) -> frozenset[str]:
        """Give the countries that count for an address."""
        return frozenset(self.words[place].countries if self.is_fresh else ())

    def flags(self, place: int) -> bool:
        """Tell whether an address is flagged as anycast."""
        return self.is_fresh and self.words[place].is_anycast

    def silenced(self) -> "Source":
        """Take the words away."""
        return replace(self, words=tuple(Word(silence=word.silence) for word in self.words))


@dataclass(frozen=True, slots=True)
class Planted:
    """Where each address is, and the sources; geofeeds may say anything."""

    truth: tuple[str, ...]
    sources: tuple[Source, ...]
    feeds: tuple[tuple[str, ...], ...] = ()
    settings: Settings = field(default_factory=Settings)

    def counted(self, place: int, *, but: str | None = None) -> frozenset[str]:
        """Unite all that counts for an address, of all sources or of all but one."""
        said = [source.counted(place) for source in self.sources if source.form != but]
        return frozenset[str]().union(*said)

    def flagged(self, place: int) -> bool:
        """Tell whether an address is flagged as anycast by any source."""
        return any(source.flags(place) for source in self.sources)


@st.composite
def planted(draw: st.DrawFn, *, forms: Sequence[str] = FORMS, lies: bool = True) -> Planted:
    """Draw a world."""
    truth = tuple(draw(st.tuples(*[st.sampled_from(COUNTRIES)] * len(ADDRESSES))))
    chosen = draw(st.lists(st.sampled_from(forms), min_size=1, max_size=4, unique=True))
    sources = tuple(draw(sources_of(form, truth, lies=lies)) for form in chosen)
    return Planted(
        truth=truth,
        sources=with_honesty(sources, truth),
        feeds=tuple(draw(st.lists(feeds(), max_size=1))),
        settings=Settings(trust=draw(st.sampled_from(("all", "inventory")))),
    )


@st.composite
def sources_of(draw: st.DrawFn, form: str, truth: Sequence[str], *, lies: bool) -> Source:
    """Draw one source; the operator does not lie."""
    words = tuple(draw(words_on(form, country, lies=lies and form != "inventory")) for country in truth)
    return Source(form, words, is_fresh=draw(st.sampled_from((True, True, False))))


def words_on(form: str, country: str, *, lies: bool) -> st.SearchStrategy[Word]:
    """Draw what a source says of an address in a country."""
    honest = st.just(Word((country,)))
    wider = st.sets(st.sampled_from(COUNTRIES), max_size=2).map(
        lambda more: Word((*sorted({country, *more}),))
    )
    silent = st.integers(0, 5).map(lambda way: Word(silence=way))
    kinds = [honest, wider if form == "inventory" else honest, silent]
    if form not in ("inventory", "acme", "Azure"):
        kinds.append(st.just(Word(is_anycast=True)))
    if lies:
        kinds.append(st.sampled_from(COUNTRIES).map(lambda code: Word((code,))))
    return st.one_of(kinds)


def feeds() -> st.SearchStrategy[tuple[str, ...]]:
    """Draw a geofeed, which may say anything of each address."""
    return st.tuples(*[st.sampled_from(("", *COUNTRIES))] * len(ADDRESSES))


def with_honesty(sources: Sequence[Source], truth: Sequence[str]) -> tuple[Source, ...]:
    """Let the first fresh source that lies tell the truth, where nothing else does."""
    mended = list(sources)
    for place, country in enumerate(truth):
        speaking = [number for number, one in enumerate(mended) if one.counted(place)]
        if speaking and not any(country in mended[number].counted(place) for number in speaking):
            first = mended[speaking[0]]
            words = tuple(Word((country,)) if n == place else word for n, word in enumerate(first.words))
            mended[speaking[0]] = replace(first, words=words)
    return tuple(mended)


def written(world: Planted) -> Sources:
    """Spell a world as sources that can be written to files."""
    found = Sources(settings=world.settings)
    for source in world.sources:
        found = SPELLED[source.form](source, found)
    geofeeds = tuple(
        Geofeed(f"feed-{number}", BUILT, dict(zip(NETWORKS, feed, strict=True)))
        for number, feed in enumerate(world.feeds)
    )
    return replace(found, geofeeds=geofeeds)


def dated(source: Source) -> datetime:
    """Date a source."""
    return BUILT if source.is_fresh else CALL - STALE


def database(
    database_type: str,
    record_of: Callable[[Word], dict[str, Any] | None],
    **more: Any,  # noqa: ANN401  its fields
) -> Callable[[Source, Sources], Sources]:
    """Spell a source as a database, of which the first record has a country."""

    def spelled(source: Source, found: Sources) -> Sources:
        records = {network: record_of(word) for network, word in zip(NETWORKS, source.words, strict=True)}
        kept = {network: record for network, record in records.items() if record is not None}
        probe = {"1.0.0.0/24": record_of(Word(("DE",))) or {}}
        text = DatabaseText(database_type, dated(source), probe | kept, **more)
        return replace(found, databases=(*found.databases, text))

    return spelled


def maxmind_record(word: Word) -> dict[str, Any] | None:
    """Spell a word as a record that says how sure it is, and may be less sure than is asked."""
    if word.countries:
        return {"country": {"iso_code": word.countries[0], "confidence": MmdbU16(90)}}
    unsure = {"country": {"iso_code": "HK", "confidence": MmdbU16(10)}}
    return {"traits": {"is_anycast": True}} if word.is_anycast else [*SILENCES, unsure][word.silence]


SILENCES: tuple[dict[str, Any] | None, ...] = (
    None,
    {},
    {"continent": {"code": "EU"}},
    {"registered_country": {"iso_code": "HK"}},
    {"country": {"iso_code": "ZZ"}},
)


def country_record(word: Word) -> dict[str, Any] | None:
    """Spell a word as a record without a confidence."""
    if word.countries:
        return {"country": {"iso_code": word.countries[0]}}
    return {"traits": {"is_anycast": True}} if word.is_anycast else SILENCES[word.silence % len(SILENCES)]


def flat_record(word: Word) -> dict[str, Any] | None:
    """Spell a word as a flat record."""
    if word.countries:
        return {"country_code": word.countries[0]}
    return (None, {}, {"country_code": "ZZ"}, {"continent_code": "EU"})[word.silence % 4]


def as_list(source: Source, found: Sources) -> Sources:
    """Spell a source as a provider's list."""
    entries = {}
    for network, word in zip(NETWORKS, source.words, strict=True):
        if word.countries:
            entries[network] = REGIONS[source.form][word.countries[0]]
        elif word.is_anycast:
            entries[network] = "GLOBAL"
        elif word.silence % 2:
            entries[network] = "atlantis-1"
    at = dated(source).replace(hour=0, minute=0)
    one = RangeList(source.form, at, entries or {"9.9.9.0/24": REGIONS[source.form]["DE"]})
    return replace(found, ranges=(*found.ranges, one))


def as_ledger(source: Source, found: Sources) -> Sources:
    """Spell a source as a recording; what an edition of long before said is no word."""
    at = dated(source)
    rows = []
    for address, word in zip(ADDRESSES, source.words, strict=True):
        of_old = word.silence % 2 == 1
        said = Recorded(
            address=address,
            database_type="Third-Country",
            built_at=at - STALE if of_old else at,
            country=word.countries[0] if word.countries else "HK" if of_old else None,
            anycast=word.is_anycast,
            vendor="Third",
        )
        rows.append(said)
    return replace(found, ledger=(Recording(at, tuple(rows)),))


def as_inventory(source: Source, found: Sources) -> Sources:
    """Spell a source as lines, which no longer hold if it is stale."""
    until = None if source.is_fresh else CALL
    lines = tuple(
        InventoryRow(word.countries, SINCE, until, prefix=network)
        for network, word in zip(NETWORKS, source.words, strict=True)
        if word.countries
    )
    return replace(found, inventory=lines)


SPELLED: Mapping[str, Callable[[Source, Sources], Sources]] = {
    "maxmind": database("GeoIP2-Enterprise", maxmind_record),
    "dbip": database("DBIP-Country-Lite", country_record),
    "acme": database("acme", flat_record),
    "vendor": database("GeoIP2-Country", country_record, vendor="Other"),
    "AWS": as_list,
    "Azure": as_list,
    "ledger": as_ledger,
    "inventory": as_inventory,
}
