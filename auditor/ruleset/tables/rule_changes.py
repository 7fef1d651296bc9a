"""What changed in a rule apart from the cells of its decision table."""

from collections.abc import Iterator, Sequence

from auditor.model import Role
from auditor.ruleset.clauses import ExceptionClause
from auditor.ruleset.schema import Rule, clauses_of
from auditor.ruleset.verdicts import LimitKind
from auditor.ruleset.wording.exception_words import limit_words, limits_words, overflow_words

_NO_WORDS = {"schema_", "id", "version"}
_CALLED = {"approved": "approval", "in_force": "time in force"}


def decision_changes(old: Rule, new: Rule, taking: frozenset[str]) -> Iterator[str]:
    """Say which limits and roles to observe changed. `taking`: the exceptions that take some cell."""
    yield from _of_exceptions(old, new, taking)
    yield from _of_observed(old.scope.must_observe or (), new.scope.must_observe or ())
    if old.effect != new.effect:
        yield f"effect: {old.effect} → {new.effect}"


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


def standing_changes(old: Rule, new: Rule) -> Iterator[str]:
    """Compare what no cell shows, and an audit's exit code or waivers still hang on."""
    if old.severity != new.severity:
        yield f"severity: {old.severity} → {new.severity}"
    if old.is_draft != new.is_draft:
        yield "it becomes a draft" if new.is_draft else "it is no longer a draft"
    if old.expect_connections != new.expect_connections:
        yield f"it {'newly' if new.expect_connections else 'no longer'} expects connections"


def version_remark(old: Rule, new: Rule) -> Iterator[str]:
    """Say that a rule whose decisions changed bears its old version, if it does."""
    if old.version == new.version:
        because = ": its groups changed, and its own file did not" if old == new else ""
        yield f"its version is still {new.version}{because}"


def word_changes(old: Rule, new: Rule) -> Iterator[str]:
    """Say what else a rule says in other words, where it decides as before. Both have the same effect."""
    changed = [
        _CALLED.get(name, name.replace("_", " "))
        for name in type(new).model_fields
        if name not in _NO_WORDS and getattr(old, name) != getattr(new, name)
    ]
    if changed:
        yield f"no decision changed; its words did: {', '.join(changed)}"
    elif old.version != new.version:
        yield "no decision changed; its version did"
