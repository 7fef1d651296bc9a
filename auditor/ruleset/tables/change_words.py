"""One change of cells as a sentence."""

from collections.abc import Iterator
from typing import NamedTuple

from auditor.model import Verdict
from auditor.ruleset.schema import RequireRule, Rule
from auditor.ruleset.tables.coordinates import (
    ACCOUNT,
    ATTEMPT,
    FAILED,
    HOME_REGION,
    LABEL,
    OTHER_THAN,
    PARTICIPANT,
    REASON,
    RELAY,
    ROLE,
    TIER,
    WINDOW,
    Wording,
)
from auditor.ruleset.tables.gathering import Row
from auditor.ruleset.tables.naming import ANYWHERE, ELSEWHERE
from auditor.ruleset.tables.spread import Said, verdict_words

_CHOICE = {TIER: "chosen as a {} relay", ATTEMPT: "at {}", FAILED: "after {}", REASON: "with {}"}
"""How a relay was chosen: these are said in one breath."""

_BEFORE = {Verdict.VIOLATION: "was a violation", Verdict.COMPLIANT: "complied"}
_NOW = {Verdict.VIOLATION: "is a violation", Verdict.COMPLIANT: "complies"}


class Change(NamedTuple):
    """What was said, and what is said now."""

    was: Said
    becomes: Said


def change_sentence(row: Row[Change], wording: Wording, old: Rule, new: Rule) -> str:
    """Say of which connections something else is said now, and what: `A relay in CA: complied, now is …`.

    First come the relay and its role, then conditions, then whom it is about. Of a call, under `require`, it
    is said what it is with this connection.
    """
    words = {name: wording.words(name, values) for name, values in row.where}
    relay = f"a relay{_in(words[RELAY])}" if RELAY in words else "any relay"
    role = f" in the role {words[ROLE]}" if ROLE in words else ""
    is_of_calls = isinstance(old, RequireRule) or isinstance(new, RequireRule)
    subject = f"{'a call in scope, with ' if is_of_calls else ''}{relay}{role}"
    where = ", ".join([f"{subject[0].upper()}{subject[1:]}", *_conditions(words), *_whom(words)])
    was, becomes = _said(row.label.was, old, _BEFORE, "was"), _said(row.label.becomes, new, _NOW, "is")
    return f"{where}: {was}, now {becomes}."


def _conditions(words: dict[str, str]) -> Iterator[str]:
    chosen = [phrase.format(words[name]) for name, phrase in _CHOICE.items() if name in words]
    if chosen:
        yield " ".join(chosen)
    yield from (said for name, said in words.items() if name.startswith(WINDOW))


def _whom(words: dict[str, str]) -> Iterator[str]:
    if PARTICIPANT in words:
        yield f"with a participant{_in(words[PARTICIPANT])}"
    if HOME_REGION in words:
        yield f"of accounts with {_the(HOME_REGION, words[HOME_REGION])}"
    if ACCOUNT in words:
        others = words[ACCOUNT].startswith(OTHER_THAN)
        yield f"of {'accounts' if others else 'the account'} {words[ACCOUNT]}"
    for name, said in words.items():
        if name.startswith(LABEL):
            yield f"with {_the(name, said)}"


def _the(noun: str, said: str) -> str:
    return f"{'a' if said.startswith(OTHER_THAN) else 'the'} {noun} {said}"


def _in(place: str) -> str:
    return f" {place}" if place.startswith((ANYWHERE, ELSEWHERE)) else f" in {place}"


def _said(said: Said, rule: Rule, words: dict[Verdict, str], verb: str) -> str:
    told = verdict_words(said, rule)
    if told == said.verdict and said.verdict in words:
        return words[said.verdict]
    return f"{verb} {told.replace(Verdict.NOT_APPLICABLE, 'not applicable')}"
