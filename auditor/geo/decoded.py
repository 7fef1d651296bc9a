"""What of a decoded record we read; what no maker writes is damage.

Design: GEOLOCATION.md, section 4.
"""

import re
from collections.abc import Mapping
from typing import Any

from auditor.geo.schemas import FLAGS, TYPES, Layout, value_at

Record = Mapping[str, Any]
"""A whole record, as its maker wrote it."""

Row = Mapping[str, Any]
"""What a record says, in our words."""

_NUMBER_OF_NETWORK = re.compile(r"(?:AS)?[0-9]{1,10}")
"""Other makers write the number of a network as a text."""


def record_in(value: Any) -> Record | None:  # noqa: ANN401  any value of a foreign file
    """Take a decoded value for a record; None is none.

    Raises ValueError if it is no map, or anywhere in it a key is no text.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueError("one of its records is no map")  # noqa: TRY004  a damaged file, and no wrong call
    within: list[Any] = [value]
    while within:
        part = within.pop()
        if isinstance(part, dict):
            if not all(isinstance(key, str) for key in part):
                raise ValueError("one of its records has a key that is no text")
            within.extend(part.values())
        elif isinstance(part, list):
            within.extend(part)
    return value


def row_of(record: Record | None, layout: Layout) -> Row | None:
    """Take our words from a record.

    Raises ValueError where it is not of its layout's shape, or a word, but a flag, of another type.
    """
    if record is None:
        return None
    for name in layout.maps:
        if not isinstance(record.get(name, {}), dict):
            raise ValueError(f"the `{name}` of one of its records is no map")  # noqa: TRY004  as above
    for name in layout.map_lists:
        held = record.get(name, [])
        if not isinstance(held, list) or not all(isinstance(part, dict) for part in held):
            raise ValueError(f"the `{name}` of one of its records are no maps")
    row = {word: value_at(record, path, strict=True) for word, path in layout.paths}
    for word, value in row.items():
        if value is not None and word not in FLAGS and not _is_of_type(word, value):
            raise ValueError(f"what one of its records has as the {word} cannot be one")
    return row


def _is_of_type(word: str, value: Any) -> bool:  # noqa: ANN401  any value of a foreign file
    if isinstance(value, str):
        return not TYPES[word].is_integer() or bool(word == "network" and _NUMBER_OF_NETWORK.fullmatch(value))
    return TYPES[word].is_integer() and type(value) is int
