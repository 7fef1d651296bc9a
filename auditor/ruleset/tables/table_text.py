"""A decision table for a person: few rows per period, and below them what they rest on."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest

from auditor.ruleset.schema import Effect, RequireRule, clauses_of
from auditor.ruleset.table import Axes, Subject, axes_of, table_of
from auditor.ruleset.tables.coordinates import Wording, scope_coordinates
from auditor.ruleset.tables.gathering import Row, Values, gather, gather_tightly
from auditor.ruleset.tables.spread import Said, by_condition, periods_alike, spread, verdict_words
from auditor.ruleset.wording.exception_words import limits_words, observe_sentence, overflow_words
from auditor.ruleset.wording.phrases import either, stretch_heading
from auditor.ruleset.wording.words import heading_of, spelled

_WIDEST = 34
"""Longer texts go on in a further line of their column."""

_WIDTH = 100
_wrapped = partial(textwrap.wrap, break_long_words=False, break_on_hyphens=False)
"""Names are never broken."""

_WHEN, _VERDICT, _OTHERWISE = "when", "verdict", "otherwise"
_OPEN = (
    "Where the evidence leaves several rows open: a violation if all of them say so, indeterminate if some "
    "do, else the worst of what they say."
)
_NOTED_OPEN = (
    "Where the evidence leaves several rows open: noted if all of them say so, perhaps noted if some do, "
    "else the worst of what they say."
)
_NO_FINDINGS = "What is noted is counted and shown. It is no finding."
_ELSEWHERE = "Elsewhere is every country that the rule does not name at the time."
_ONE_CALL = "A row tells of a call with this one connection."

Line = tuple[str, ...]


def table_text(subject: Subject) -> str:
    """Write the whole decision table of a rule, per period, with its limits and the roles to observe."""
    axes = axes_of([subject])
    told = spread(table_of(subject, axes))
    sections = {
        period.begin: _Section(subject, axes, Wording.during(axes, [subject], period.instants)).lines(
            told[period.begin]
        )
        for period in periods_alike(axes.instants, told)
    }
    lines = [f"{heading_of(subject.rule)}: {subject.rule.title}"]
    for period in periods_alike(tuple(sections), sections):
        lines += ["", stretch_heading(period.begin, period.end), *sections[period.begin]]
    below = [line for text in _below(subject) for line in _wrapped(text, _WIDTH)]
    return "\n".join([*lines, "", *below]) + "\n"


@dataclass(frozen=True, slots=True)
class _Section:
    """One period of a table."""

    subject: Subject
    axes: Axes
    wording: Wording

    def lines(self, told: Mapping[Values, tuple[Said, ...]]) -> list[str]:
        coordinates = self.wording.ordered(scope_coordinates(self.axes))
        rows = gather(coordinates, told)
        names = [name for name in coordinates if any(row.values(name) for row in rows)]
        table = [line for row in rows for line in self._of(row, names)]
        if not any(line[-2] for line in table):
            table = [(*line[:-2], line[-1]) for line in table]
            heads: Line = (*names, _VERDICT)
        else:
            heads = (*names, _WHEN, _VERDICT)
        if len(table) == 1 and not names:
            return [f"  every connection: {', '.join(filter(None, table[0]))}"]
        return list(_laid_out([heads, *_outlined(table)]))

    def _of(self, row: Row[tuple[Said, ...]], names: Sequence[str]) -> Iterator[Line]:
        """Write one row of the scope: a line for each condition on which the decision depends."""
        scope = tuple(self._words(name, row.values(name)) for name in names)
        conditions, said = by_condition(self.axes, row.label)
        gathered = gather_tightly(conditions, said)
        if len(gathered) == 1:
            yield (*scope, "", self._verdict(gathered[0].label))
            return
        usual, _ = Counter(one.label for one in gathered).most_common(1)[0]
        for one in gathered:
            if one.label != usual:
                words = ", ".join(self._words(name, values) for name, values in one.where)
                yield (*scope, words, self._verdict(one.label))
        yield (*scope, _OTHERWISE, self._verdict(usual))

    def _words(self, name: str, values: Values | None) -> str:
        """Say values as they are called in the period."""
        if values is None:
            return "any"
        return self.wording.words(name, values)

    def _verdict(self, said: Said) -> str:
        return verdict_words(said, self.subject.rule)


def _outlined(lines: Sequence[Line]) -> Iterator[Line]:
    """Leave out what each line has in common with the one before it, from the left."""
    before: Line = ()
    for line in lines:
        same = next(
            (place for place, cell in enumerate(line) if place >= len(before) or cell != before[place]), 0
        )
        yield ("",) * same + line[same:]
        before = line


def _laid_out(lines: Sequence[Line]) -> Iterator[str]:
    """Lay cells out in columns; a long cell goes on beneath."""
    wrapped = [[_wrapped(cell, _WIDEST) or [""] for cell in line] for line in lines]
    widths = [max(len(text) for cell in column for text in cell) for column in zip(*wrapped, strict=True)]
    for line in wrapped:
        for texts in zip_longest(*line, fillvalue=""):
            cells = (text.ljust(width) for text, width in zip(texts, widths, strict=True))
            yield f"  {'  '.join(cells)}".rstrip()


def _below(subject: Subject) -> Iterator[str]:
    rule = subject.rule
    for clause in clauses_of(rule):
        words = f"Exception {clause.id} excuses {limits_words(clause)}"
        yield f"{words}: {overflow_words(clause.overflow)}." if clause.limits else f"{words}."
    if rule.scope.must_observe:
        yield observe_sentence(rule.scope.must_observe)
    if isinstance(rule, RequireRule):
        yield from _rows_of_calls(rule)
    if rule.effect is Effect.WATCH:
        yield _NO_FINDINGS
    yield from spelled(rule, subject.ruleset.groups)
    yield _ELSEWHERE
    yield _NOTED_OPEN if rule.effect is Effect.WATCH else _OPEN


def _rows_of_calls(rule: RequireRule) -> Iterator[str]:
    yield _ONE_CALL
    outside = [role for role in rule.require.roles if rule.scope.roles and role not in rule.scope.roles]
    if outside:
        yield (
            f"The rule requires the role {either(outside)}, which is out of its scope: such a row tells of "
            "a call in scope, with this connection."
        )
