"""What a lint says, and what it reads."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from auditor.countries import COUNTRIES
from auditor.documents import Document, Loc
from auditor.model import Verdict
from auditor.ruleset.choices import allowed_by
from auditor.ruleset.loader import Documented
from auditor.ruleset.periods import changes_of
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import FenceRule, In, Rule, clauses_of
from auditor.ruleset.table import Subject, table_of


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is no fault, and that somebody should look at.

    `about` names the rule, or the groups. `is_noted`: the rules themselves say why it is kept.
    """

    place: str
    about: str
    text: str
    hint: str | None = None
    is_noted: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What a rule says of all connections of which all is known.

    `fires`: some of them, or a call without a role to observe, can be a finding. `taken` are the ids of the
    exceptions that take some connection, if the windows that they ask for hold.
    """

    applies: bool
    fires: bool
    taken: frozenset[str]

    @classmethod
    def by(cls, rule: Rule, ruleset: RuleSet) -> "Said":
        """Look through the decision table of a rule."""
        decisions = frozenset(table_of(Subject(rule, ruleset)).values())
        applies = any(one.verdict is not Verdict.NOT_APPLICABLE for one in decisions)
        found = any(
            one.verdict in (Verdict.VIOLATION, Verdict.INDETERMINATE) or (one.clause and one.clause.limits)
            for one in decisions
        )
        observes = applies and bool(rule.scope.must_observe)
        return cls(applies, found or observes, frozenset(one.clause.id for one in decisions if one.clause))


@dataclass(frozen=True, slots=True)
class Reading:
    """A rule set as lints read it: with its places, at a clock."""

    ruleset: RuleSet
    said: Mapping[str, Said]
    as_of: datetime
    documents_of_rules: Mapping[str, Document]
    documents_of_groups: Mapping[str, Document]

    @classmethod
    def of(cls, documented: Documented, as_of: datetime) -> "Reading":
        """Read a rule set."""
        ruleset = documented.ruleset
        by_kind: dict[str, dict[str, Document]] = {}
        for file in ruleset.files:
            named = by_kind.setdefault(file.kind, {})
            named.update(dict.fromkeys(file.ids, documented.documents[file.path]))
        said = {rule.id: Said.by(rule, ruleset) for rule in ruleset.rules}
        return cls(ruleset, said, as_of, by_kind.get("rule", {}), by_kind.get("groups", {}))

    def of_rule(self, rule: Rule, loc: Loc, text: str, hint: str | None = None) -> Remark:
        """Remark on something in a rule."""
        return Remark(self.documents_of_rules[rule.id].place(loc), rule.id, text, hint)

    def of_group(self, name: str, loc: Loc, text: str, hint: str | None = None) -> Remark:
        """Remark on something in a group."""
        return Remark(self.documents_of_groups[name].place(("groups", name, *loc)), name, text, hint)

    def instants_of(self, *rules: Rule) -> tuple[datetime, ...]:
        """List the instants, in order, from which rules that are all in force say something else."""
        changes = {
            at for rule in rules for at in (rule.in_force.from_, *changes_of(rule, self.ruleset.groups))
        }
        return tuple(sorted(at for at in changes if all(rule.in_force.covers(at) for rule in rules)))

    def allowed(self, rule: Rule, at: datetime) -> frozenset[str]:
        """Give the countries in which a rule, apart from its exceptions, lets relays be at an instant."""
        names, these = allowed_by(rule)
        members = self.ruleset.groups.members(names, at)
        return members if these else COUNTRIES - members


def name_lists(rule: Rule) -> Iterator[tuple[Loc, tuple[str, ...]]]:
    """List each set of names that a rule gives for places, with where it stands."""
    yield (rule.effect, _body_key(rule)), allowed_by(rule).names
    for number, clause in enumerate(clauses_of(rule)):
        yield ("exceptions", number, "allow"), clause.allow
    participant = rule.scope.participant
    if isinstance(participant, In):
        yield ("scope", "participant", "in"), participant.in_
    elif participant:
        yield ("scope", "participant", "not_in"), participant.not_in


def quoted(names: Iterable[object]) -> str:
    """List names as a sentence does."""
    *first, last = [f"`{name}`" for name in names]
    return f"{', '.join(first)} and {last}" if first else last


def _body_key(rule: Rule) -> str:
    if isinstance(rule, FenceRule):
        return "allow" if rule.fence.allow else "forbid"
    return "in"
