"""Which findings waivers are laid over: one decision for every command and output.

A waiver changes no verdict: all that it adds to a finding is its id. Design: SEMANTICS.md, section 3.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import polars as pl

from auditor.model import INSTANT, Verdict
from auditor.ruleset.networks import texts_within
from auditor.ruleset.waiver_schema import Extent, Waiver

EXPIRING_WITHIN = timedelta(days=30)
"""A waiver that expires so soon is called expiring."""


class Standing(StrEnum):
    """Where a clock stands in the time of a waiver, which runs from `issued` until `expires`."""

    NOT_YET_ISSUED = "not_yet_issued"
    IN_FORCE = "in_force"
    EXPIRING = "expiring"
    EXPIRED = "expired"

    @property
    def counts(self) -> bool:
        """Tell whether the waiver counts at that time."""
        return self in (Standing.IN_FORCE, Standing.EXPIRING)


class State(StrEnum):
    """What became of a waiver among the findings of a run."""

    USED = "used"
    UNUSED = "unused"
    EXPIRED = "expired"
    EXPIRED_BUT_MATCHING = "expired_but_matching"
    NOT_YET_ISSUED = "not_yet_issued"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class WaiverUse:
    """One waiver among the findings of a run.

    `fits` counts the findings that it is about, also where it does not count.
    """

    waiver: Waiver
    standing: Standing
    fits: int

    @property
    def state(self) -> State:
        """Say what became of the waiver."""
        if self.standing is Standing.NOT_YET_ISSUED:
            return State.NOT_YET_ISSUED
        if self.standing is Standing.EXPIRED:
            return State.EXPIRED_BUT_MATCHING if self.fits else State.EXPIRED
        if self.fits > self.waiver.max_findings:
            return State.VOID
        return State.USED if self.fits else State.UNUSED

    @property
    def expiring(self) -> bool:
        """Tell whether it counts now, and not for long."""
        return self.standing is Standing.EXPIRING


@dataclass(frozen=True, slots=True)
class Fitting:
    """Which findings some extents fit, each named by a key.

    `relays` holds, for an extent with `relay_in`, the texts among the findings that are such relays.
    """

    counts: Mapping[str, int]
    relays: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Decided:
    """What waivers do to the findings of a run: the use of each, sorted by id."""

    uses: tuple[WaiverUse, ...]
    relays: Mapping[str, frozenset[str]]

    def waiver_id(self) -> pl.Expr:
        """Name the waiver that covers a finding: the smallest id among those that are used; else null.

        A column to add to any slice of the findings that were decided on.
        """
        used = [use.waiver for use in self.uses if use.state is State.USED]
        named = [
            pl.when(_fits(waiver, self.relays.get(waiver.id, frozenset()))).then(pl.lit(waiver.id))
            for waiver in used
        ]
        return pl.coalesce([*named, pl.lit(None, dtype=pl.String)]).alias("waiver_id")


def decide(waivers: Iterable[Waiver], findings: pl.LazyFrame, *, as_of: datetime) -> Decided:
    """Decide on all findings of a run at once, in any order. Reads the columns that `fitting_of` reads."""
    by_id = {waiver.id: waiver for waiver in sorted(waivers, key=lambda waiver: waiver.id)}
    fitting = fitting_of(by_id, findings)
    uses = (
        WaiverUse(waiver, standing_of(waiver, as_of), fitting.counts[waiver.id]) for waiver in by_id.values()
    )
    return Decided(tuple(uses), fitting.relays)


def standing_of(waiver: Waiver, as_of: datetime) -> Standing:
    """Compare a waiver with the clock."""
    if as_of < waiver.issued:
        return Standing.NOT_YET_ISSUED
    if as_of >= waiver.expires:
        return Standing.EXPIRED
    return Standing.EXPIRING if waiver.expires - as_of <= EXPIRING_WITHIN else Standing.IN_FORCE


def fitting_of(extents: Mapping[str, Extent], findings: pl.LazyFrame) -> Fitting:
    """Count the violations and indeterminate findings that each extent fits.

    Of FINDING the columns `rule_id`, `verdict`, `call_id`, `account_id`, `relay_ip`, `role` and `started_at`
    are read; a null fits nothing that an extent asks of it. Memory grows with the distinct relays only.
    """
    if not extents:
        return Fitting({}, {})
    rules = sorted({extent.rule for extent in extents.values()})
    concerned = findings.filter(_is_any("rule_id", rules) & may_be_waived())
    relays = _relays_of(extents, concerned)
    counts = [_fits(extent, relays.get(key, frozenset())).sum().alias(key) for key, extent in extents.items()]
    return Fitting(concerned.select(counts).collect(engine="streaming").row(0, named=True), relays)


def may_be_waived() -> pl.Expr:
    """Tell whether a finding has a verdict over which a waiver can be laid; never null."""
    return _is_any("verdict", (Verdict.VIOLATION, Verdict.INDETERMINATE)).fill_null(value=False)


def _relays_of(extents: Mapping[str, Extent], concerned: pl.LazyFrame) -> dict[str, frozenset[str]]:
    """Read each distinct text that stands for a relay once, where an extent asks for networks."""
    asking = {key: extent for key, extent in extents.items() if extent.match.relay_in}
    if not asking:
        return {}
    otherwise_fit = pl.any_horizontal(_fits_but_for_relays(extent) for extent in asking.values())
    texts = concerned.filter(otherwise_fit).select(pl.col("relay_ip").unique()).collect(engine="streaming")
    distinct = texts["relay_ip"].drop_nulls().to_list()
    return {key: texts_within(extent.match.relay_in or (), distinct) for key, extent in asking.items()}


def _fits(extent: Extent, relays: Collection[str]) -> pl.Expr:
    """Tell whether a finding fits all that an extent asks. Not true, so false or null, is no."""
    fits = _fits_but_for_relays(extent)
    return fits & _is_any("relay_ip", relays) if extent.match.relay_in else fits


def _fits_but_for_relays(extent: Extent) -> pl.Expr:
    return pl.all_horizontal(_asked(extent))


def _asked(extent: Extent) -> Iterator[pl.Expr]:
    covers, match = extent.covers, extent.match
    yield pl.col("rule_id") == extent.rule
    yield may_be_waived()
    yield pl.col("started_at") >= pl.lit(covers.from_, INSTANT)
    yield pl.col("started_at") < pl.lit(covers.until, INSTANT)
    if match.call is not None:
        yield pl.col("call_id") == match.call
    if match.account is not None:
        yield pl.col("account_id") == match.account
    if match.roles is not None:
        yield _is_any("role", match.roles)


def _is_any(column: str, texts: Iterable[str]) -> pl.Expr:
    return pl.col(column).is_in(pl.Series(sorted(map(str, texts)), dtype=pl.String).implode())
