"""What changed in meaning between two editions of rules: rule by rule, and in what is beside them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.ruleset.schema import Rule, clauses_of
from auditor.ruleset.table import Subject
from auditor.ruleset.tables.beside_changes import waiver_changes, window_changes
from auditor.ruleset.tables.cell_changes import ChangedPeriod, Comparison
from auditor.ruleset.tables.rule_changes import (
    decision_changes,
    standing_changes,
    version_remark,
    word_changes,
)
from auditor.ruleset.waiver_schema import Waiver
from auditor.ruleset.windows import Window
from auditor.ruleset.wording.phrases import stretch_words
from auditor.ruleset.wording.words import NameOf, as_it_is, heading_of


@dataclass(frozen=True, slots=True)
class Edition:
    """Rules by id, each with what it is read with. `is_single`: a rule file was named, and no folder."""

    subjects: tuple[Subject, ...]
    is_single: bool

    def find(self, rule_id: str) -> Subject | None:
        """Give the rule of an id."""
        return next((one for one in self.subjects if one.rule.id == rule_id), None)

    def windows(self, ids: Iterable[str]) -> tuple[Window, ...]:
        """Give the declared windows of some ids, each once, in order."""
        declared = {one for subject in self.subjects for one in subject.ruleset.windows.declared}
        return tuple(
            sorted((one for one in declared if one.id in ids), key=lambda one: (one.id, one.from_, one.until))
        )

    def waivers(self, only: str | None = None) -> tuple[Waiver, ...]:
        """Give all waivers, or those of one rule, each once, by id."""
        found = {one.id: one for subject in self.subjects for one in subject.ruleset.waivers}
        return tuple(found[name] for name in sorted(found) if only in (None, found[name].rule))


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed in one rule, or in the windows or waivers: cells by period, and what no cell shows."""

    heading: str
    remarks: tuple[str, ...] = ()
    periods: tuple[ChangedPeriod, ...] = ()


def differences(
    old: Edition, new: Edition, only: str | None = None, name_of: NameOf = as_it_is
) -> list[Difference]:
    """Compare two editions rule by rule, by id; `only` is the id of a single rule.

    Where both are a single file, their rules are compared whatever they are called. A single file is read
    without waivers, and so they are compared between folders. `name_of` names the country of a code.
    """
    pairs = list(_pairs(old, new, only))
    named = frozenset(
        clause.when.in_window
        for pair in pairs
        for subject in pair
        if subject
        for clause in clauses_of(subject.rule)
        if clause.when.in_window
    )
    found = [_of_pair(*pair, name_of) for pair in pairs]
    found.append(
        Difference("declared windows", tuple(window_changes(old.windows(named), new.windows(named))))
    )
    if not (old.is_single or new.is_single):
        found.append(Difference("waivers", tuple(waiver_changes(old.waivers(only), new.waivers(only)))))
    return [one for one in found if one.periods or one.remarks]


def _pairs(old: Edition, new: Edition, only: str | None) -> Iterator[tuple[Subject | None, Subject | None]]:
    if old.is_single and new.is_single:
        yield old.subjects[0], new.subjects[0]
        return
    single = next((one.subjects[0].rule.id for one in (old, new) if one.is_single), only)
    ids = {one.rule.id for edition in (old, new) for one in edition.subjects}
    for rule_id in sorted(ids if single is None else {single}):
        yield old.find(rule_id), new.find(rule_id)


def _of_pair(old: Subject | None, new: Subject | None, name_of: NameOf) -> Difference:
    if old and new:
        was, becomes = heading_of(old.rule), heading_of(new.rule)
        heading = was if was == becomes else f"{was} → {becomes.removeprefix(f'{old.rule.id} ')}"
        return _of_rules(heading, Comparison.of(old, new), name_of)
    if new:
        return Difference(heading_of(new.rule), (f"a new rule: {_introduced(new.rule)}",))
    if old:
        return Difference(heading_of(old.rule), (f"no longer a rule: {_introduced(old.rule)}",))
    return Difference("")


def _of_rules(heading: str, comparison: Comparison, name_of: NameOf) -> Difference:
    old, new = comparison.old.rule, comparison.new.rule
    periods = comparison.periods(name_of)
    decisions = list(decision_changes(old, new, comparison.exceptions()))
    standing = list(standing_changes(old, new))
    if periods or decisions:
        standing += version_remark(old, new)
    return Difference(
        heading,
        tuple([*decisions, *standing] if periods or decisions or standing else word_changes(old, new)),
        periods,
    )


def _introduced(rule: Rule) -> str:
    return f"{rule.title} ({stretch_words(rule.in_force.from_, rule.in_force.until)})"
