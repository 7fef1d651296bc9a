"""Lints of a rule by itself: who owns it, whether it can fire, and whether what it names makes sense."""

from collections.abc import Iterator
from datetime import datetime

from auditor.countries import COUNTRIES
from auditor.documents import Loc
from auditor.ruleset.choices import wanted_by
from auditor.ruleset.lints.remark import Reading, Remark, name_lists, quoted
from auditor.ruleset.schema import FenceRule, NeverRule, RequireRule, Rule, WatchRule, clauses_of

COUNTED_ONLY = "GREATER_CHINA"
"""A group for counting: whether a law means all of it differs from law to law."""


def unowned(reading: Reading) -> Iterator[Remark]:
    """Find rules that belong to nobody, or that nobody has approved."""
    for rule in reading.ruleset.rules:
        missing = {"owner": rule.owner, "approval": rule.approved}
        lacks = [word for word, given in missing.items() if given is None]
        if lacks:
            text = f"has no {' and no '.join(lacks)}"
            yield reading.of_rule(rule, ("id",), text, "name the `owner`, and in `approved` who approved it")


def never_fires(reading: Reading) -> Iterator[Remark]:
    """Find rules that nothing can violate."""
    for rule in reading.ruleset.rules:
        said = reading.said[rule.id]
        if not said.applies:
            yield reading.of_rule(rule, ("scope",), "can never fire: its scope holds of no connection")
        elif not said.fires:
            loc, why = _why_never(rule, reading)
            yield reading.of_rule(rule, loc, f"can never fire: {why}")


def _why_never(rule: Rule, reading: Reading) -> tuple[Loc, str]:
    loc, names = next(name_lists(rule))
    if clauses_of(rule) and any(reading.allowed(rule, at) < COUNTRIES for at in reading.instants_of(rule)):
        return ("exceptions",), "its exceptions, without a limit, take all that is outside"
    if isinstance(rule, NeverRule | WatchRule):
        return loc, f"there is no country in {quoted(names)} while it is in force"
    return loc, "every country is allowed while it is in force"


def allows_nothing(reading: Reading) -> Iterator[Remark]:
    """Find fences and requirements that no relay can satisfy, for some time or ever."""
    for rule in reading.ruleset.rules:
        if not isinstance(rule, FenceRule | RequireRule):
            continue
        instants = reading.instants_of(rule)
        empty = [at for at in instants if not reading.allowed(rule, at)]
        if not empty:
            continue
        loc, names = next(name_lists(rule))
        when = "while it is in force" if len(empty) == len(instants) else _from_until(empty[0], instants)
        text = f"there is no country in {quoted(names)} {when}: no relay can comply"
        yield reading.of_rule(rule, loc, text, "name a country, or a group that has one then")


def _from_until(start: datetime, instants: tuple[datetime, ...]) -> str:
    after = instants[instants.index(start) + 1 :]
    shown = "%Y-%m-%dT%H:%M:%SZ"
    return f"from {start:{shown}}" + (f" until {after[0]:{shown}}" if after else "")


def names_greater_china(reading: Reading) -> Iterator[Remark]:
    """Find what names the group that is for counting only, itself or by a group that includes it."""
    for rule in reading.ruleset.rules:
        if isinstance(rule, WatchRule):
            continue
        for loc, names in name_lists(rule):
            for number, name in enumerate(names):
                if COUNTED_ONLY in reading.ruleset.groups.included([name]):
                    through = "" if name == COUNTED_ONLY else f" by way of `{name}`"
                    text = f"names `{COUNTED_ONLY}`{through}, which is for counting only"
                    hint = "name the group that the law or the promise means, such as `CN_MAINLAND`"
                    yield reading.of_rule(rule, (*loc, number), text, hint)


def filter_always_holds(reading: Reading) -> Iterator[Remark]:
    """Find filters of a scope on participants that leave nobody out."""
    for rule in reading.ruleset.rules:
        wanted = wanted_by(rule.scope.participant)
        if wanted is None:
            continue
        instants = reading.instants_of(rule)
        named = [reading.ruleset.groups.members(wanted.names, at) for at in instants]
        if all((members >= COUNTRIES) if wanted.these else not members for members in named):
            text = f"`participant` leaves nobody out: {quoted(wanted.names)} "
            text += "has every country" if wanted.these else "has no country while the rule is in force"
            yield reading.of_rule(rule, ("scope", "participant"), text, "leave it out")
