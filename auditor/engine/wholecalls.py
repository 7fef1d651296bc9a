"""Which rules of a job ask for whole calls, or for an account's day: the second pass is for them alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.ruleset.evaluator import limit_kinds
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import RequireRule, Rule, clauses_of
from auditor.ruleset.verdicts import LimitKind


@dataclass(frozen=True, slots=True)
class WholeCalls:
    """Rules, by their places in the rule set, that ask for more than single connections.

    Those that require something of a call, that must observe a role in it, that limit exceptions, and among
    these those that limit the share of an account's calls.
    """

    requires: tuple[int, ...]
    observes: tuple[int, ...]
    limited: tuple[int, ...]
    shared: tuple[int, ...]

    @classmethod
    def of(cls, ruleset: RuleSet) -> "WholeCalls":
        """Look through all rules."""
        rules = tuple(enumerate(ruleset.rules))
        return cls(
            requires=tuple(place for place, rule in rules if isinstance(rule, RequireRule)),
            observes=tuple(place for place, rule in rules if rule.scope.must_observe),
            limited=tuple(
                place for place, rule in rules if any(clause.limits for clause in clauses_of(rule))
            ),
            shared=tuple(place for place, rule in rules if shared_clauses(rule)),
        )

    @property
    def members(self) -> tuple[int, ...]:
        """Give the rules of whose calls every connection in scope is kept until the call is known whole."""
        return tuple(sorted({*self.requires, *self.observes}))

    @property
    def asks(self) -> bool:
        """Tell whether any rule asks for more than single connections."""
        return bool(self.members or self.limited)


def shared_clauses(rule: Rule) -> Sequence[int]:
    """List the places of a rule's exceptions that limit the share of an account's calls."""
    return [place for place, clause in enumerate(clauses_of(rule)) if LimitKind.SHARE in limit_kinds(clause)]


def require_column(place: int) -> str:
    """Name the column in which the connections of a call tell a `require` rule what they know."""
    return f"require_{place}"


def member_column(place: int) -> str:
    """Name the column that tells whether a connection is surely or possibly in scope of a rule."""
    return f"member_{place}"


def sure_column(place: int) -> str:
    """Name the column that tells whether a call is surely in scope of a rule."""
    return f"sure_{place}"
