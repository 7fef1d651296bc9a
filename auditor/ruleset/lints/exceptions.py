"""Lints of exceptions: whether they can ever apply, and whether their conditions ask anything."""

from collections.abc import Iterator

from auditor.documents import Loc
from auditor.model import Tier
from auditor.ruleset.choices import wanted_by
from auditor.ruleset.clauses import ExceptionClause
from auditor.ruleset.lints.remark import Reading, Remark, quoted
from auditor.ruleset.schema import Rule, clauses_of
from auditor.ruleset.windows import Window
from auditor.text import nearest


def _clauses(reading: Reading) -> Iterator[tuple[Rule, int, ExceptionClause]]:
    for rule in reading.ruleset.rules:
        for number, clause in enumerate(clauses_of(rule)):
            yield rule, number, clause


def exception_never_applies(reading: Reading) -> Iterator[Remark]:
    """Find exceptions that take no connection, or whose windows never hold where and when the rule binds."""
    for rule, number, clause in _clauses(reading):
        said = reading.said[rule.id]
        if said.applies:
            why = _why_not_in_window(rule, clause, reading)
            if clause.id not in said.taken:
                why = _why_not_taken(rule, clause, reading)
            if why:
                loc, text = why
                text = f"exception `{clause.id}` can never apply: {text}"
                yield reading.of_rule(rule, ("exceptions", number, *loc), text)


def _why_not_taken(rule: Rule, clause: ExceptionClause, reading: Reading) -> tuple[Loc, str]:
    if clause.roles and rule.scope.roles and not set(clause.roles) & set(rule.scope.roles):
        return ("roles",), f"the rule is about none of its roles, {quoted(clause.roles)}"
    instants = reading.instants_of(rule)
    members = {at: reading.ruleset.groups.members(clause.allow, at) for at in instants}
    if not any(members.values()):
        return ("allow",), f"there is no country in {quoted(clause.allow)} while the rule is in force"
    if all(members[at] <= reading.allowed(rule, at) for at in instants):
        return ("allow",), "the rule allows all of its places anyway"
    return (), "an exception before it takes all that it could take"


def _why_not_in_window(rule: Rule, clause: ExceptionClause, reading: Reading) -> tuple[Loc, str] | None:
    asked = clause.when.in_window
    declared = [window for window in reading.ruleset.windows.declared if window.id == asked]
    if not declared or any(_may_hold(rule, window) for window in declared):
        return None  # an id that none bears is a remark of its own
    text = f"no window `{asked}` is in a home region of the rule while the rule is in force"
    return ("when", "in_window"), text


def _may_hold(rule: Rule, window: Window) -> bool:
    wanted, force = wanted_by(rule.scope.home_region), rule.in_force
    in_region = wanted is None or any(wanted.takes(region) for region in window.regions)
    return in_region and window.until > force.from_ and (force.until is None or window.from_ < force.until)


def unknown_window(reading: Reading) -> Iterator[Remark]:
    """Find exceptions that ask for a window that is declared nowhere among the files that are read."""
    ids = reading.ruleset.windows.ids
    for rule, number, clause in _clauses(reading):
        asked = clause.when.in_window
        if asked and asked not in ids:
            text = f"no window bears the id `{asked}`: exception `{clause.id}` never applies"
            hint = nearest(asked, ids) or "name also the folder with `windows/` in which it is declared"
            yield reading.of_rule(rule, ("exceptions", number, "when", "in_window"), text, hint)


def condition_always_holds(reading: Reading) -> Iterator[Remark]:
    """Find conditions and limits of exceptions that leave nothing out."""
    for rule, number, clause in _clauses(reading):
        for loc, written, why in _empty_conditions(clause):
            text = f"`{written}` of exception `{clause.id}` leaves nothing out: {why}"
            yield reading.of_rule(rule, ("exceptions", number, *loc), text, "leave it out, or ask for more")


def _empty_conditions(clause: ExceptionClause) -> Iterator[tuple[Loc, str, str]]:
    when, share = clause.when, clause.limits and clause.limits.share_of_calls
    if when.failed_primaries_min == 0:
        yield ("when", "failed_primaries_min"), "failed_primaries_min: 0", "no count is less"
    if when.attempt_min == 1:
        yield ("when", "attempt_min"), "attempt_min: 1", "the first attempt is 1"
    if when.tier and set(when.tier) == set(Tier):
        yield ("when", "tier"), "tier", "it names every tier"
    if share and share.max == 1:
        yield ("limits", "share_of_calls"), "share_of_calls", "no share is more than 1"
