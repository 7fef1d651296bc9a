"""Rules that extend others: what they take from them. Design: SEMANTICS.md, section 3, *Precedence*."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from auditor.documents import Document
from auditor.errors import Fault
from auditor.text import nearest

GIVES = ("id", "version", "tests")
"""What every rule gives, also one that extends another."""

OWN = (*GIVES, "status", "approved", "accepted_mutants")
"""What each rule says for itself: who approved one rule has not approved another."""

MEANING = ("effect", "in_force", "scope", "fence", "never", "require", "watch", "exceptions")
"""What a rule means: one that gives any of it makes a statement of its own; the other's would be untrue."""

_UNSAID = "statement: is missing"

BODIES = ("fence", "never", "require", "watch", "exceptions")
"""What a rule that gives another effect has no use for."""


def extended(documents: Sequence[Document]) -> list[Document]:
    """Fill in what rules take from those that they extend; a rule that extends nothing stays as it is.

    A key of a body is not taken by a rule that gives another effect. References that lead nowhere or in a
    circle are left as they are: they are told of by `faults_of_extending`.
    """
    by_id = {document.data["id"]: document for document in documents if _names_itself(document)}
    return [_whole(document, by_id, ()) for document in documents]


def faults_of_extending(documents: Sequence[Document], *, all_known: bool) -> Iterator[Fault]:
    """Find references to rules that are not there, or that lead in a circle.

    `all_known` is false where a file of rules could not be read, so that a reference may name its rule.
    """
    by_id = {document.data["id"]: document for document in documents if _names_itself(document)}
    for document in documents:
        parent = document.data.get("extends")
        if not isinstance(parent, str):
            continue
        place = document.place(("extends",))
        if parent not in by_id:
            if all_known:
                hint = nearest(parent, by_id) or "name also the folder in which it stands"
                yield Fault(place, f"extends: `{parent}` is no rule that is loaded", hint)
        elif (own := document.data.get("id")) in (way := _way(parent, by_id)):
            yield Fault(place, f"extends: goes in a circle: {' → '.join(f'`{one}`' for one in (own, *way))}")


def told_once(read: Sequence[tuple[Document, Sequence[Fault]]]) -> Iterator[Fault]:
    """Tell each fault of a key that is taken once, where it stands; what is wrong only with taking it, there.

    `read` has the faults of each document of `extended`.
    """
    faults_of = {document.data["id"]: faults for document, faults in read if _names_itself(document)}
    own = {fault for document, faults in read for fault in faults if _path(fault.place) == document.path}
    for document, faults in read:
        parent = document.data.get("extends")
        for fault in faults:
            if _path(fault.place) != document.path:
                if fault not in own:
                    text = f"{fault.text}; it is taken from {fault.place}"
                    yield replace(fault, place=document.place(("extends",)), text=text)
            elif isinstance(parent, str) and _told_of_parent(fault, faults_of.get(parent)):
                continue
            elif isinstance(parent, str) and fault.text == _UNSAID:
                hint = f"it means something else than `{parent}`, and says so in its own words"
                yield replace(fault, hint=hint)
            else:
                yield fault


def _told_of_parent(fault: Fault, faults: Sequence[Fault] | None) -> bool:
    """Tell whether a key is missing only because it is where it would be taken from.

    `faults` are those of the rule that is extended; None: it could not be read, or is not there, and that is
    told.
    """
    key = fault.text.removesuffix(": is missing")
    if key == fault.text or key in OWN:
        return False
    return faults is None or any(other.text == fault.text for other in faults)


def _names_itself(document: Document) -> bool:
    return isinstance(document.data.get("id"), str)


def _path(place: str) -> str:
    return place.rsplit(":", 2)[0]


def _whole(document: Document, by_id: Mapping[str, Document], passed: tuple[str, ...]) -> Document:
    own: dict[str, Any] = document.data
    parent = own.get("extends")
    if not isinstance(parent, str) or parent not in by_id or parent in passed:
        return document
    whole = _whole(by_id[parent], by_id, (*passed, parent))
    other_effect = "effect" in own and own["effect"] != whole.data.get("effect")
    unsaid = ("statement",) if own.keys() & set(MEANING) else ()
    left = {*own, *OWN, "extends", *unsaid, *(BODIES if other_effect else ())}
    taken = {key: value for key, value in whole.data.items() if key not in left}
    places = {key: whole.taken.get(key, by_id[parent]) for key in taken}
    return replace(document, data={**taken, **own}, taken=places)


def _way(start: str, by_id: Mapping[str, Document]) -> list[str]:
    """Follow references from a rule until they end or come round."""
    way: list[str] = []
    name: object = start
    while isinstance(name, str) and name in by_id and name not in way:
        way.append(name)
        name = by_id[name].data.get("extends")
    return way
