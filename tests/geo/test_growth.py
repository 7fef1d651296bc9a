"""What doubt does to a candidate set: it never makes it smaller, and never loses the true country.

Worlds are planted: it is known where each address is, and which source says so, lies, or is silent. Not all
that takes evidence away is a doubt: of two sources at odds, the silence of one lets the other stand alone.
"""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from auditor.countries import COUNTRIES, candidates_of
from auditor.model import Role
from tests.geo.treatment.cases import BUILT, Sources
from tests.geo.treatment.opening import all_located, atlas_of
from tests.geo.treatment.planted import (
    ADDRESSES,
    DATABASES,
    FORMS,
    NETWORKS,
    Planted,
    feeds,
    planted,
    sources_of,
    written,
)
from tests.geo.treatment.planted import COUNTRIES as PLACES
from tests.reference.files import DatabaseText

Sets = list[frozenset[str]]
PLACES_OF = range(len(ADDRESSES))
QUICK = settings(
    max_examples=6,
    phases=set(Phase) - {Phase.explain},
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
"""Explaining a failure would write a hundred worlds more."""

MASKED = (*(f"1.1.{number}.x" for number in range(8)), *NETWORKS[8:])


def relays(sources: Sources, role: Role = Role.MEDIA, texts: tuple[str, ...] = ADDRESSES) -> Sets:
    """Locate the addresses as relays; the sets in their order."""
    return sets_of(sources, [{"relay_ip": text, "role": role} for text in texts])


def clients(sources: Sources, declared: str | None = None) -> Sets:
    """Locate the addresses as clients of a country that records declare; the sets in their order."""
    column = "participant_country_declared"
    return sets_of(sources, [{"client_ip": text, column: declared} for text in ADDRESSES])


def sets_of(sources: Sources, rows: list[dict[str, Any]]) -> Sets:
    with tempfile.TemporaryDirectory() as folder:
        found = all_located(atlas_of(sources, Path(folder)), rows)
    return [candidates_of(row["key"]) for row in found]


def grown(before: Sets, after: Sets) -> bool:
    return all(one <= other for one, other in zip(before, after, strict=True))


# The true country is never lost.


@QUICK
@given(planted())
def test_a_relay_is_possibly_where_it_is_if_one_source_that_counts_is_honest(world: Planted) -> None:
    for country, found in zip(world.truth, relays(written(world)), strict=True):
        assert country in found


@QUICK
@given(planted(forms=DATABASES, lies=False))
def test_a_participant_is_possibly_where_it_is_if_no_database_lies(world: Planted) -> None:
    for country, found in zip(world.truth, clients(written(world)), strict=True):
        assert country in found


@QUICK
@given(planted())
def test_whatever_counts_and_does_not_flag_is_in_the_set_where_all_are_trusted_alike(world: Planted) -> None:
    alike = replace(world, settings=replace(world.settings, trust="all"))
    for place, found in enumerate(relays(written(alike))):
        assert world.flagged(place) or world.counted(place) <= found


# What is sure to be a doubt never makes a set smaller.


@QUICK
@given(planted(), feeds())
def test_a_geofeed_adds_its_country_save_to_what_the_inventory_decides_alone(
    world: Planted, feed: tuple[str, ...]
) -> None:
    before, after = (relays(written(one)) for one in (world, replace(world, feeds=(*world.feeds, feed))))
    for place in PLACES_OF:
        added = frozenset({feed[place]} - {""}) if not decided_alone(world, place) else frozenset[str]()
        assert after[place] == before[place] | added


@QUICK
@given(planted(), feeds())
def test_a_geofeed_adds_its_country_to_where_a_participant_may_be(
    world: Planted, feed: tuple[str, ...]
) -> None:
    before, after = (clients(written(one)) for one in (world, replace(world, feeds=(*world.feeds, feed))))
    assert after == [countries | ({code} - {""}) for countries, code in zip(before, feed, strict=True)]


def decided_alone(world: Planted, place: int) -> bool:
    """Tell whether the inventory's word stands alone: it is trusted, or the address is anycast."""
    attested = any(source.form == "inventory" and source.counted(place) for source in world.sources)
    return world.flagged(place) or (attested and world.settings.trust == "inventory")


@QUICK
@given(planted(), st.sampled_from(Role))
def test_a_relay_of_an_unknown_role_may_be_wherever_one_of_any_role_is(world: Planted, role: Role) -> None:
    sources = written(world)
    lines = tuple(
        replace(row, role=role.value if role is not Role.UNKNOWN else None) for row in sources.inventory[:2]
    )
    of_roles = replace(sources, inventory=(*lines, *sources.inventory[2:]))
    assert grown(relays(of_roles, role), relays(of_roles, Role.UNKNOWN))


@QUICK
@given(planted(forms=(*FORMS, "inventory")))
def test_trusting_all_sources_is_no_narrower_than_trusting_the_inventory(world: Planted) -> None:
    sets = [
        relays(written(replace(world, settings=replace(world.settings, trust=trust))))
        for trust in ("inventory", "all")
    ]
    assert grown(*sets)


@QUICK
@given(planted(), st.sampled_from(PLACES))
def test_a_line_that_names_one_country_more_makes_no_set_smaller(world: Planted, more: str) -> None:
    sources = written(world)
    lines = tuple(replace(row, countries=tuple(sorted({*row.countries, more}))) for row in sources.inventory)
    assert grown(relays(sources), relays(replace(sources, inventory=lines)))


@QUICK
@given(planted(), st.sampled_from(FORMS[:-1]), st.data())
def test_another_source_that_counts_adds_its_countries_where_others_count(
    world: Planted, form: str, data: st.DataObject
) -> None:
    """Where nothing counted before, it is no doubt but evidence, and may narrow."""
    assume(form not in [source.form for source in world.sources])
    another = replace(data.draw(sources_of(form, world.truth, lies=True)), is_fresh=True)
    assume(not any(word.is_anycast for word in another.words))
    before = relays(written(world))
    after = relays(written(replace(world, sources=(*world.sources, another))))
    for place in PLACES_OF:
        assert before[place] <= after[place] or not world.counted(place)


@QUICK
@given(planted(forms=[form for form in FORMS if form != "inventory"]))
def test_a_flag_of_anycast_opens_everything_if_the_inventory_is_silent(world: Planted) -> None:
    assert relays(flagged(written(world))) == [COUNTRIES] * len(ADDRESSES)
    assert clients(flagged(written(world))) == [COUNTRIES] * len(ADDRESSES)


@QUICK
@given(planted(forms=(*FORMS, "inventory")))
def test_a_flag_of_anycast_leaves_nothing_but_the_word_of_the_inventory(world: Planted) -> None:
    """The set may be smaller than before: what databases say of such an address is worth nothing."""
    alone = [source for source in world.sources if source.form == "inventory"]
    attested = [
        frozenset[str]().union(*(source.counted(place) for source in alone)) or COUNTRIES
        for place in PLACES_OF
    ]
    without_feeds = replace(world, feeds=())
    assert relays(flagged(written(without_feeds))) == attested


def flagged(sources: Sources) -> Sources:
    """Let one more database say of each address that it is in many places."""
    records = {network: {"traits": {"is_anycast": True}} for network in NETWORKS}
    probe = {"1.0.0.0/24": {"country": {"iso_code": "DE"}}}
    flags = DatabaseText("GeoIP2-Country", BUILT, probe | records, vendor="Flags")
    return replace(sources, databases=(*sources.databases, flags))


@QUICK
@given(planted())
def test_where_all_are_silent_or_stale_everything_is_open(world: Planted) -> None:
    everything = [COUNTRIES] * len(ADDRESSES)
    silent = tuple(source.silenced() for source in world.sources)
    stale = tuple(replace(source, is_fresh=False) for source in world.sources)
    assert relays(written(replace(world, sources=silent))) == everything
    assert relays(written(replace(world, sources=stale))) == everything


@QUICK
@given(planted())
def test_a_masked_address_may_be_anywhere(world: Planted) -> None:
    assert relays(written(world), texts=MASKED) == [COUNTRIES] * len(ADDRESSES)


@QUICK
@given(planted(), st.integers(0, 3), st.sampled_from(("silent", "stale")))
def test_who_falls_silent_takes_nobody_elses_countries_along(world: Planted, number: int, how: str) -> None:
    """Whoever flags anycast does not fall silent here: what was a doubt about all others is gone with it."""
    silenced = world.sources[number % len(world.sources)]
    quiet = replace(silenced, is_fresh=False) if how == "stale" else silenced.silenced()
    sources = tuple(quiet if source is silenced else source for source in world.sources)
    before, after = (relays(written(replace(world, sources=those))) for those in (world.sources, sources))
    for place in PLACES_OF:
        kept = before[place] & world.counted(place, but=silenced.form)
        assert silenced.flags(place) or kept <= after[place]


# Participants.


@QUICK
@given(planted(forms=DATABASES), st.sampled_from(PLACES))
def test_the_country_of_a_record_only_adds_to_that_of_an_address(world: Planted, declared: str) -> None:
    before, after = clients(written(world)), clients(written(world), declared)
    assert after == [countries | {declared} for countries in before]


@QUICK
@given(planted(forms=DATABASES), st.sampled_from((None, *PLACES)))
def test_who_hides_may_be_anywhere_whatever_a_record_says(world: Planted, declared: str | None) -> None:
    records = {network: {"is_anonymous": True, "is_tor_exit_node": True} for network in NETWORKS}
    proxies = DatabaseText("GeoIP2-Anonymous-IP", BUILT, records, opinion="anonymity")
    sources = written(world)
    hidden = replace(sources, databases=(*sources.databases, proxies))
    assert clients(hidden, declared) == [COUNTRIES] * len(ADDRESSES)
    assert relays(hidden) == relays(sources)
