"""What is wrong in `auditor.toml`, with the line where it stands: TOML's own reader tells no places."""

import re
from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from auditor.errors import Fault
from auditor.text import nearest

Loc = tuple[int | str, ...]

_BRANCHES = ("str", "constrained-str")
"""What pydantic adds to a place where a value may be of several kinds."""


def faults_in(place: str, text: str, error: ValidationError, whole: type[BaseModel]) -> Iterator[Fault]:
    """Tell each fault of a file with its line, and of an unknown key the nearest that is known."""
    for one in error.errors():
        model, loc = _followed(one["loc"], whole)
        keys = [step for step in loc if isinstance(step, str)]
        unknown = one["type"] == "extra_forbidden"
        what = "unknown key" if unknown else one["msg"].lower()
        hint = _known_keys(keys[-1], model) if unknown else one.get("ctx", {}).get("hint")
        yield Fault(f"{place}:{line_of(text, loc)}", f"{'.'.join(keys)}: {what}", hint)


def line_of(text: str, loc: Loc) -> int:
    """Find the line of a key; the first one, or its table's, if it is written in another way."""
    lines, at = text.splitlines(), 0
    for place, step in enumerate(loc):
        if isinstance(step, int):
            continue
        nth = loc[place + 1] if place + 1 < len(loc) else None
        found = _spelled(lines, at, step, nth if isinstance(nth, int) else 0)
        at = at if found is None else found
    return at + 1


def _spelled(lines: Sequence[str], start: int, key: str, nth: int) -> int | None:
    """Find from a line on where a key is given a value, or the nth table of its name begins."""
    name = re.escape(key)
    table = re.compile(rf"^\s*\[\[?(?:[\w.]*\.)?{name}\]")
    value = re.compile(rf"^\s*\"?{name}\"?\s*[.=]")
    tables = [number for number, line in enumerate(lines) if number >= start and table.match(line)]
    if len(tables) > nth:
        return tables[nth]
    values = (number for number, line in enumerate(lines) if number >= start and value.match(line))
    return next(values, None)


def _followed(loc: Loc, whole: type[BaseModel]) -> tuple[type[BaseModel], Loc]:
    """Go from the whole to the model in which a fault lies; leave out of its place what is no key."""
    model, kept = whole, []
    models = {whole.__name__}
    for step in loc:
        if isinstance(step, str) and (step in _BRANCHES or step in models):
            continue
        kept.append(step)
        field = model.model_fields.get(step) if isinstance(step, str) else None
        for inner in _models_in(field.annotation) if field else ():
            models.add(inner.__name__)
            model = inner
    return model, tuple(kept)


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType, list):
        for inner in get_args(annotation):
            yield from _models_in(inner)


def _known_keys(key: str, model: type[BaseModel]) -> str:
    names = list(model.model_fields)
    return nearest(key, names) or f"known: {', '.join(names)}"
