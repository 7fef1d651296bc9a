"""Cases that would fill a gap in the tests of a rule, as values and as the text to paste.

Design: SEMANTICS.md, section 5.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from pydantic import ValidationError

from auditor.model import Role, Verdict
from auditor.ruleset.cases import Case
from auditor.ruleset.mutation import Difference, differences, limits_altered, observed_by, said
from auditor.ruleset.outcomes import Outcome, outcome_of
from auditor.ruleset.schema import clauses_of
from auditor.ruleset.sketches import CALL, ID, Row, Rows, Sketcher, limit_sketches
from auditor.ruleset.table import Cell, Subject, axes_of, table_of
from auditor.ruleset.testing import failures_against

_MOST_TRIED = 24
"""So many cells that differ are tried; those that make the plainest cases first."""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_WORDS = frozenset({"null", "true", "false"})
"""What YAML takes for no text."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A case, and the lines that it takes beneath `tests:`."""

    case: Case
    yaml: str


Meets = Callable[[Case, Outcome], bool]
"""Tells whether a case, and what its rule says of it, does what it is suggested for."""


def case_against(original: Subject, mutant: Subject, names: Collection[str]) -> Suggestion | None:
    """Write a case that the original passes and the mutant fails; None: none of those tried does.

    `names` are those of cases that are there.
    """
    facts = mutant.facts()

    def fails(case: Case, _: Outcome) -> bool:
        return any(failures_against(mutant.rule, case, outcome_of(mutant.rule, case, facts)))

    return first_that(fails, sketches_against(original, mutant), original, names)


def first_that(
    meets: Meets, sketches: Iterable[Rows], subject: Subject, names: Collection[str]
) -> Suggestion | None:
    """Make a case of the first sketch that does; the expectations are what the rule says."""
    facts = subject.facts()
    for rows in sketches:
        try:
            outcome = outcome_of(subject.rule, _case({"name": ID, "given": rows, "expect": {}}), facts)
            expect = _expectations(rows, outcome)
            values = {"name": _name_of(rows[0], expect, names), "given": rows, "expect": expect}
            case = _case(values)
        except ValidationError:  # such as an instant that no case may have
            continue
        if expect and not any(failures_against(subject.rule, case, outcome)) and meets(case, outcome):
            return Suggestion(case, yaml_of(values))
    return None


def sketches_against(original: Subject, mutant: Subject) -> Iterator[Rows]:
    """Draw connections of which two rules may say different things."""
    if observed_by(original.rule) != observed_by(mutant.rule):
        yield from _unobserved(original, observed_by(original.rule) - observed_by(mutant.rule))
    found = sorted(islice(differences(original, mutant), 1_000), key=_plainness)
    for difference in found[:_MOST_TRIED]:
        sketcher = Sketcher(original, difference.axes)
        yield sketcher.alone(difference.cell, (difference.was.clause, difference.becomes.clause))
    yield from _limits(original, limits_altered(mutant.rule, original.rule))


def cells_where(subject: Subject, holds: Callable[[Cell, Verdict], bool]) -> Iterator[tuple[Sketcher, Cell]]:
    """Find the cells of a rule's own table of which something holds, by period."""
    axes = axes_of([subject])
    for at in axes.instants[::-1]:  # what the rule says today comes first
        for cell, decision in table_of(subject, replace(axes, instants=(at,))).items():
            if holds(cell, decision.verdict):
                yield Sketcher(subject, axes), cell


def excused_by(subject: Subject, clause: str) -> Iterator[tuple[Sketcher, Cell]]:
    """Find the cells that an exception excuses, those of a known role first."""
    axes = axes_of([subject])
    found = []
    for at in axes.instants[::-1]:
        for cell, decision in table_of(subject, replace(axes, instants=(at,))).items():
            if decision.clause is not None and decision.clause.id == clause:
                found.append(cell)
    for cell in sorted(found, key=lambda cell: cell.role is Role.UNKNOWN):
        yield Sketcher(subject, axes), cell


def yaml_of(values: Mapping[str, Any]) -> str:
    """Write a case as rule files do, indented as beneath `tests:`."""
    given = "".join(f"      - {_flow(row)}\n" for row in values["given"])
    return f"  - name: {_flow(values['name'])}\n    given:\n{given}    expect: {_flow(values['expect'])}"


def _flow(value: object) -> str:
    match value:
        case dict():
            return f"{{{', '.join(f'{_flow(key)}: {_flow(one)}' for key, one in value.items())}}}"
        case list():
            return f"[{', '.join(map(_flow, value))}]"
        case str() if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
            return value
        case str():
            return json.dumps(value, ensure_ascii=not value.isprintable())
        case _:
            return json.dumps(value)


def _case(values: Mapping[str, Any]) -> Case:
    return Case.model_validate_json(json.dumps(values))


def _expectations(rows: Rows, outcome: Outcome) -> dict[str, str]:
    """Expect of each connection what the rule says of all its repetitions, and of each named call."""
    verdicts = {row["id"]: {one.verdict for one in outcome.connections[row["id"]]} for row in rows}
    said_of = {name: str(one.pop()) for name, one in verdicts.items() if len(one) == 1}
    return said_of | {call: str(verdict) for call, verdict in outcome.calls.items()}


def _name_of(row: Row, expect: Mapping[str, str], names: Collection[str]) -> str:
    """Say the first connection, and its verdict, in words that no other case has for its name."""
    where = row["relay"] if isinstance(row["relay"], str) else ", ".join(row["relay"])
    words = [f"{row['role']}, relay in {where}"]
    words += [f"home region {row['home_region']}"] if "home_region" in row else []
    words += [f"participant in {', '.join(row['participant'])}"] if isinstance(row.get("participant"), list) else []
    words += [str(row[key]) for key in ("tier", "at") if key in row]
    ...
