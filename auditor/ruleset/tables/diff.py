"""What changed in meaning between two editions of rules: cells, limits, roles to observe and windows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from auditor.model import Role
from auditor.ruleset.clauses import ExceptionClause
from auditor.ruleset.schema import Rule, clauses_of
from auditor.ruleset.table import Subject
from auditor.ruleset.tables.cell_changes import Comparison
from auditor.ruleset.verdicts import LimitKind
from auditor.ruleset.windows import Window
from auditor.ruleset.wording.exception_words import limit_words, limits_words, overflow_words
from auditor.ruleset.wording.phrases import either, stretch_words


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


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed in one rule, or in the windows, in sentences."""

    heading: str
    sentences: tuple[str, ...]


def differences(old: Edition, new: Edition, only: str | None = None) -> list[Difference]:
    """Compare two editions rule by rule, by id; `only` is the id of a single rule.

    Where both are a single file, their rules are compared whatever they are called.
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
    found = [_of_pair(*pair) for pair in pairs]
    found.append(Difference("declared windows", tuple(_of_windows(old.windows(named), new.windows(named)))))
    return [one for one in found if one.sentences]


def _pairs(old: Edition, new: Edition, only: str | None) -> Iterator[tuple[Subject | None, Subject | None]]:
    if old.is_single and new.is_single:
        yield old.subjects[0], new.subjects[0]
        return
    single = next((one.subjects[0].rule.id for one in (old, new) if one.is_single), only)
    ids = {one.rule.id for edition in (old, new) for one in edition.subjects}
    for rule_id in sorted(ids if single is None else {single}):
        yield old.find(rule_id), new.find(rule_id)


def _of_pair(old: Subject | None, new: Subject | None) -> Difference:
    if old and new:
        was, becomes = (f"{one.rule.id} {one.rule.version}" for one in (old, new))
        heading = was if was == becomes else f"{was} → {becomes.removeprefix(f'{old.rule.id} ')}"
        return Difference(heading, tuple(_of_rules(old, new)))
    if new:
        return Difference(f"{new.rule.id} {new.rule.version}", (f"a new rule: {_introduced(new.rule)}",))
    if old:
        return Difference(
            f"{old.rule.id} {old.rule.version}", (f"no longer a rule: {_introduced(old.rule)}",)
        )
    return Difference("", ())


def _introduced(rule: Rule) -> str:
    return f"{rule.title} ({stretch_words(rule.in_force.from_, rule.in_force.until)})"


def _of_rules(old: Subject, new: Subject) -> Iterator[str]:
    comparison = Comparison.of(old, new)
    yield from comparison.sentences()
    yield from _of_exceptions(old.rule, new.rule, comparison.exceptions())
    yield from _of_observed(old.rule.scope.must_observe or (), new.rule.scope.must_observe or ())
    yield from _of_standing(old.rule, new.rule)


def _of_exceptions(old: Rule, new: Rule, taking: frozenset[str]) -> Iterator[str]:
    """Compare limits; what an exception without any effect says does not matter."""
    was = {clause.id: clause for clause in clauses_of(old) if clause.id in taking}
    for clause in clauses_of(new):
        if clause.id in was:
            for sentence in _of_limits(was[clause.id], clause):
                yield f"exception {clause.id}: {sentence}"
        elif clause.id in taking:
            yield f"exception {clause.id} is new: it excuses {limits_words(clause)}"
    yield from (
        f"exception {name} is gone" for name in was if name not in {one.id for one in clauses_of(new)}
    )


def _of_limits(old: ExceptionClause, new: ExceptionClause) -> Iterator[str]:
    for kind in LimitKind:
        was, becomes = limit_words(old, kind), limit_words(new, kind)
        if was != becomes:
            yield f"{was} → {becomes}"
    if old.limits and new.limits and old.overflow != new.overflow:
        yield f"{overflow_words(old.overflow)} → {overflow_words(new.overflow)}"


def _of_observed(old: Sequence[Role], new: Sequence[Role]) -> Iterator[str]:
    for role in Role:
        if role in new and role not in old:
            yield f"each call must newly have a record of the role {role}"
        if role in old and role not in new:
            yield f"a call need no longer have a record of the role {role}"


def _of_standing(old: Rule, new: Rule) -> Iterator[str]:
    """Compare what no cell shows, and an audit's exit code or waivers still hang on."""
    if old.effect != new.effect:
        yield f"effect: {old.effect} → {new.effect}"
    if old.severity != new.severity:
        yield f"severity: {old.severity} → {new.severity}"
    if old.is_draft != new.is_draft:
        yield "it becomes a draft" if new.is_draft else "it is no longer a draft"
    if old.expect_connections != new.expect_connections:
        yield f"it {'newly' if new.expect_connections else 'no longer'} expects connections"


def _of_windows(old: Sequence[Window], new: Sequence[Window]) -> Iterator[str]:
    was, becomes = [_declared(one) for one in old], [_declared(one) for one in new]
    gone = [one for one in was if one not in becomes]
    come = [one for one in becomes if one not in was]
    for name in sorted({name for name, _ in (*gone, *come)}):
        before, after = ([words for one, words in each if one == name] for each in (gone, come))
        if len(before) == len(after) == 1:
            yield f"window {name} {before[0]} → {after[0]}"
            continue
        yield from (f"window {name} {words} is no longer declared" for words in before)
        yield from (f"window {name} {words} is newly declared" for words in after)


def _declared(window: Window) -> tuple[str, str]:
    late = ", declared late" if window.is_late else ""
    regions = either(sorted(window.regions))
    return window.id, f"of {regions}, {stretch_words(window.from_, window.until)}{late}"
