"""JSON from outside, read strictly: equal keys, what is no JSON, and what does not fit a model are faults."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from auditor.documents import key_of
from auditor.errors import Fault
from auditor.geo.ranges.published import NotPublishedError, printable

Model = TypeVar("Model", bound=BaseModel)
Loc = tuple[int | str, ...]

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_CHANGED = "the format may have changed: what the key means must be known before the file can be believed"
_KINDS = {
    "string_type": "is no text",
    "int_type": "is no whole number",
    "list_type": "is no list",
    "dict_type": "is no object",
    "model_type": "is no object",
}


def read_json(shown: str, text: str) -> Any:  # noqa: ANN401  any JSON value
    """Read one JSON text. Raises NotPublishedError with the place where it cannot be read."""
    try:
        data = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse)
        whole = not _SURROGATE.search(text) or _is_unicode(data)
    except json.JSONDecodeError as error:
        place = f"{shown}:{error.lineno}:{error.colno}"
        raise NotPublishedError(
            Fault(place, f"is not JSON: {error.msg[0].lower()}{error.msg[1:]}")
        ) from error
    except RecursionError as error:
        raise NotPublishedError(Fault(shown, "is nested too deep")) from error
    except ValueError as error:
        raise NotPublishedError(Fault(shown, f"is not JSON: {str(error).splitlines()[0]}")) from error
    if not whole:
        raise NotPublishedError(Fault(shown, "is not JSON: half of a surrogate pair stands alone in a text"))
    if twice := list(_repeated(data)):
        raise NotPublishedError(*(Fault(shown, f"{_shown_key(loc)}: the key stands twice") for loc in twice))
    return data


def model_of(shown: str, data: object, model: type[Model], at: Loc = ()) -> Model:
    """Fit a JSON value, which stands at `at`, to a model of lists. Raises NotPublishedError with all faults.

    The same fault in many items of a list is told once, with their number.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise NotPublishedError(*_faults_of(shown, at, error.errors(include_url=False))) from error


def _is_unicode(data: object) -> bool:
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


class _Repeating(dict[str, Any]):
    """An object in which keys stand twice."""

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.twice = [key for key, times in Counter(key for key, _ in pairs).items() if times > 1]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Repeating(pairs)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"`{constant}` is no number")


def _repeated(data: object) -> Iterable[Loc]:
    """Find the keys that stand twice, without recursion: the text may be nested as deep as its reader can."""
    waiting: list[tuple[Loc, object]] = [((), data)]
    while waiting:
        loc, value = waiting.pop()
        if isinstance(value, _Repeating):
            yield from ((*loc, key) for key in value.twice)
        if isinstance(value, dict):
            waiting.extend(((*loc, key), inner) for key, inner in value.items())
        elif isinstance(value, list):
            waiting.extend(((*loc, index), inner) for index, inner in enumerate(value))


def _faults_of(shown: str, at: Loc, errors: Sequence[Mapping[str, Any]]) -> Iterable[Fault]:
    """Tell each sort of fault once: where it stands first, and how often."""
    first: dict[tuple[Loc, str], Mapping[str, Any]] = {}
    counts: dict[tuple[Loc, str], int] = {}
    for error in errors:
        sort = (tuple("" if isinstance(step, int) else step for step in error["loc"]), error["type"])
        first.setdefault(sort, error)
        counts[sort] = counts.get(sort, 0) + 1
    for sort, error in first.items():
        key = _shown_key((*at, *error["loc"]))
        others = f", as in {counts[sort] - 1:,} more" if counts[sort] > 1 else ""
        if error["type"] == "extra_forbidden":
            yield Fault(shown, f"{key}: unknown key{others}", _CHANGED)
        elif error["type"] == "missing":
            yield Fault(shown, f"{key}: is missing{others}")
        else:
            yield Fault(shown, f"{key}: {_told(error)}{others}".removeprefix(": "))


def _told(error: Mapping[str, Any]) -> str:
    message = str(error["msg"])
    return _KINDS.get(error["type"], f"{message[0].lower()}{message[1:]}")


def _shown_key(loc: Loc) -> str:
    return printable(key_of(loc))
