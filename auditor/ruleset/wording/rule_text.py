"""A rule for a lawyer: what it says, what it rests on, and what it means in plain words."""

import textwrap
from collections.abc import Iterable, Iterator

from auditor.ruleset.clauses import Approval
from auditor.ruleset.schema import Effect, Rule, clauses_of
from auditor.ruleset.table import Subject
from auditor.ruleset.wording.exception_words import exception_sentences, observe_sentence, window_sentences
from auditor.ruleset.wording.phrases import day_words
from auditor.ruleset.wording.words import Named, NameOf, heading_of, scope_sentences, spelled, waiver_sentence

_WIDTH = 96
_INDENT = "  "
_DRAFT = "Draft: counsel has still to confirm what it rests on. An audit refuses it without --allow-draft."
_EFFECTS = {
    Effect.FENCE: "relays must stay inside",
    Effect.NEVER: "relays must stay out, and nothing excuses it",
    Effect.REQUIRE: "each call must have a relay inside",
    Effect.WATCH: "relays there are counted and shown, and are no findings",
}


def rule_text(subject: Subject, name_of: NameOf) -> str:
    """Write a rule in plain words, with its groups spelled out. `name_of` names the country of a code."""
    rule = subject.rule
    named = Named(name_of)
    sections = [
        ("Statement", [rule.statement]),
        ("Authority", [f"{one.kind}: {one.cite}" for one in rule.authority]),
        ("Standing", _standing(rule)),
        ("Meaning", scope_sentences(rule, named)),
        ("Exceptions", exception_sentences(clauses_of(rule), named.either)),
        ("Windows", window_sentences(clauses_of(rule), subject.ruleset.windows)),
        ("To be observed", [observe_sentence(rule.scope.must_observe)] if rule.scope.must_observe else []),
        ("Waivers", [waiver_sentence(rule)]),
        ("Groups", spelled(rule, subject.ruleset.groups, name_of)),
        ("Conflicts", [rule.conflict_note] if rule.conflict_note else []),
    ]
    head = [heading_of(rule), *_wrapped(rule.title)]
    return "\n".join([*head, *(line for title, texts in sections for line in _section(title, texts))]) + "\n"


def _standing(rule: Rule) -> Iterator[str]:
    if rule.is_draft:
        yield _DRAFT
    yield f"Effect: {rule.effect}: {_EFFECTS[rule.effect]}. Severity: {rule.severity}."
    if rule.extends:
        yield f"It extends {rule.extends}, and only tightens it."
    yield f"Owner: {rule.owner}." if rule.owner else "Nobody owns it yet."
    yield from _approvals(rule)


def _approvals(rule: Rule) -> Iterator[str]:
    yield _approved("It", rule.approved)
    for clause in clauses_of(rule):
        yield _approved(f"Exception {clause.id}", clause.approved)


def _approved(what: str, approval: Approval | None) -> str:
    if approval is None:
        return f"{what} is not approved yet."
    reference = f" ({approval.ref})" if approval.ref else ""
    return f"{what} was approved by {approval.by} on {day_words(approval.on)}{reference}."


def _section(title: str, texts: Iterable[str]) -> list[str]:
    texts = list(texts)
    further = _INDENT * (2 if len(texts) > 1 else 1)
    lines = [line for text in texts for line in _wrapped(text, _INDENT, further)]
    return ["", title, *lines] if lines else []


def _wrapped(text: str, indent: str = "", further: str = "") -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()),
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )
