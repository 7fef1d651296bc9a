"""Faults that only show when all files are seen together: names borne twice, and groups in a circle.

They are found in the plain values, so that they are told also of files with other faults.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath

from auditor.documents import Document, Loc
from auditor.errors import Fault


def faults_among(rules: Sequence[Document], groups: Sequence[Document]) -> Iterator[Fault]:
    """Find what is wrong between files, and between a rule and the name of its file."""
    for document in rules:
        yield from _misnamed(document)
    yield from _borne_twice(
        (document.data["id"], document, ("id",))
        for document in rules
        if isinstance(document.data.get("id"), str)
    )
    yield from _borne_twice(
        (name, document, ("groups", name)) for document in groups for name in groups_in(document)
    )
    yield from _circles(groups)


def groups_in(document: Document) -> Mapping[str, object]:
    """Give what a file of groups, sound or not, has under `groups`."""
    groups = document.data.get("groups")
    return (
        {name: group for name, group in groups.items() if isinstance(name, str)}
        if isinstance(groups, dict)
        else {}
    )


def _misnamed(document: Document) -> Iterator[Fault]:
    rule_id, stem = document.data.get("id"), PurePath(document.path).stem
    if isinstance(rule_id, str) and rule_id != stem:
        hint = f"name the file `{rule_id}.yaml`, or the rule `{stem}`"
        yield Fault(document.place(("id",)), f"id: `{rule_id}` is not the name of the file", hint)


def _borne_twice(named: Iterable[tuple[str, Document, Loc]]) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for name, document, loc in named:
        place = document.place_of_key(loc)
        if name in first:
            yield Fault(
                place, f"`{name}` stands also in {first[name]}", "ids are unique among all that is loaded"
            )
        first.setdefault(name, place)


def _circles(documents: Sequence[Document]) -> Iterator[Fault]:
    """Find each circle of groups that include each other, once: at its first group by name."""
    includes = {
        name: _includes(group) for document in documents for name, group in groups_in(document).items()
    }
    places = {
        name: document.place_of_key(("groups", name, "include"))
        for document in documents
        for name in groups_in(document)
    }
    told: set[str] = set()
    for name in sorted(includes):
        circle = () if name in told else _circle_from(name, includes)
        if circle:
            way = " → ".join(f"`{one}`" for one in (*circle, name))
            yield Fault(places[name], f"groups.{name}.include: goes in a circle: {way}")
        told |= set(circle)


def _includes(group: object) -> tuple[str, ...]:
    include = group.get("include") if isinstance(group, dict) else None
    return tuple(one for one in include if isinstance(one, str)) if isinstance(include, list) else ()


def _circle_from(name: str, includes: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Find the shortest way from a group through what it includes back to itself, if there is one."""
    ways: list[tuple[str, ...]] = [(name,)]
    seen: set[str] = set()
    for way in ways:
        for part in includes[way[-1]]:
            if part == name:
                return way
            if part in includes and part not in seen:
                seen.add(part)
                ways.append((*way, part))
    return ()
