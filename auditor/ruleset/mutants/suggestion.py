"""Cases that would fill a gap in the tests of a rule, as values and as the text to paste.

Design: SEMANTICS.md, section 5.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from auditor.ruleset.cases import Case
from auditor.ruleset.facts import Facts
from auditor.ruleset.mutants.sketches import BESIDE, ID, Rows
from auditor.ruleset.outcomes import Outcome, outcome_of
from auditor.ruleset.schema import RequireRule, Rule
from auditor.ruleset.table import Subject
from auditor.ruleset.testing import failures_against

Meets = Callable[[Case, Outcome], bool]
"""Tells whether a case, and what its rule says of it, does what it is suggested for."""

_DISPENSABLE = (
    frozenset({"tier", "attempt", "failed_primaries", "selection_reason", "windows"}),
    frozenset({"minutes"}),
)
"""What a connection can do without where nothing hangs on it; conditions only together."""

_MOST_NAMED = 3
"""So many others of a list stand in the name of a case."""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NO_TEXT = frozenset({"null", "true", "false"})
"""What YAML takes for something else than a text."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A case, the connections that it was made of, and the lines that it takes beneath `tests:`."""

    case: Case
    rows: Rows
    yaml: str


def first_that(
    meets: Meets, sketches: Iterable[Rows], subject: Subject, names: Collection[str]
) -> Suggestion | None:
    """Make a case of the first sketch that does what is asked, without what it can do without.

    It expects what the rule says. `names` are those of other cases of the rule. None: no sketch makes such a
    case.
    """
    facts = subject.facts()
    for drawn in sketches:
        made = _made(drawn, meets, subject.rule, facts, names)
        if made is not None:
            return _trimmed(made, drawn, lambda rows: _made(rows, meets, subject.rule, facts, names))
    return None


def case_of(rows: Rows, meets: Meets, subject: Subject, names: Collection[str]) -> Suggestion | None:
    """Make a case of connections. None: it does not do what is asked, or no file could hold it."""
    return _made(rows, meets, subject.rule, subject.facts(), names)


def _trimmed(made: Suggestion, rows: Rows, make: Callable[[Rows], Suggestion | None]) -> Suggestion:
    """Leave out that on which nothing hangs."""
    for keys in _DISPENSABLE:
        fewer = tuple({key: value for key, value in row.items() if key not in keys} for row in rows)
        simpler = make(fewer) if fewer != rows else None
        if simpler is not None and simpler.case.expect == made.case.expect:
            made, rows = simpler, fewer
    return made


def _made(rows: Rows, meets: Meets, rule: Rule, facts: Facts, names: Collection[str]) -> Suggestion | None:
    """Make a case of connections, unless it does not do what is asked, or no file could hold it."""
    try:
        drawn = _case({"name": ID, "given": rows, "expect": {}})
    except ValidationError:  # an instant, or a number of repetitions, that no case may have
        return None
    outcome = outcome_of(rule, drawn, facts)
    expect = _expectations(rule, rows, outcome)
    values = {"name": _name_of(rows, expect, names), "given": rows, "expect": expect}
    case = _case(values)
    passes = expect and not any(failures_against(rule, case, outcome))
    return Suggestion(case, rows, _yaml(values)) if passes and meets(case, outcome) else None


def _case(values: Mapping[str, Any]) -> Case:
    return Case.model_validate_json(json.dumps(values))


def _expectations(rule: Rule, rows: Rows, outcome: Outcome) -> dict[str, str]:
    """Expect of each connection what the rule says of all its repetitions; of calls, where it judges them."""
    verdicts = {row["id"]: {one.verdict for one in outcome.connections[row["id"]]} for row in rows}
    expect = {name: str(one.pop()) for name, one in verdicts.items() if len(one) == 1}
    if isinstance(rule, RequireRule) or rule.scope.must_observe:
        expect |= {call: str(verdict) for call, verdict in outcome.calls.items()}
    return expect


def _name_of(rows: Rows, expect: Mapping[str, str], names: Collection[str]) -> str:
    """Say the first connection, all roles and the verdicts, in words that no other case has for its name."""
    row = rows[0]
    roles = dict.fromkeys(one["role"] for one in rows if not one["id"].startswith(BESIDE))
    told = {key: value for key, value in row.items() if key not in ("id", "role", "relay", "call", "minutes")}
    words = [*roles, f"relay {_words(row['relay'])}"]
    words += [f"{key.replace('_', ' ')} {_words(value)}" for key, value in told.items()]
    verdicts = [verdict for name, verdict in expect.items() if not name.startswith(BESIDE)]
    name = f"{', '.join(words)}: {', '.join(dict.fromkeys(verdicts)).replace('_', ' ')}"
    number = 1
    while (numbered := name if number == 1 else f"{name} ({number})") in names:
        number += 1
    return numbered


def _words(value: object) -> str:
    match value:
        case [first, *others] if len(others) > _MOST_NAMED:
            return f"{first} or {len(others)} others"
        case list():
            return " ".join(map(str, value))
        case dict():
            return " ".join(f"{key} {one}" for key, one in value.items())
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)


def _yaml(values: Mapping[str, Any]) -> str:
    """Write a case as rule files do, indented as beneath `tests:`."""
    given = "".join(f"      - {_flow(row)}\n" for row in values["given"])
    return f"  - name: {_flow(values['name'])}\n    given:\n{given}    expect: {_flow(values['expect'])}"


def _flow(value: object) -> str:
    match value:
        case dict():
            return f"{{{', '.join(f'{_flow(key)}: {_flow(one)}' for key, one in value.items())}}}"
        case list():
            return f"[{', '.join(map(_flow, value))}]"
        case str() if _PLAIN.fullmatch(value) and value.lower() not in _NO_TEXT:
            return value
        case str():
            return json.dumps(value, ensure_ascii=not value.isprintable())
        case _:
            return json.dumps(value)
