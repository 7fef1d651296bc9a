"""The kinds of value that rule and group files are made of."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    GetJsonSchemaHandler,
    Tag,
    ValidationInfo,
)
from pydantic_core import CoreSchema, PydanticCustomError

from auditor.countries import COUNTRIES
from auditor.ruleset.names import CODE_LETTERS, hint_for
from auditor.text import nearest

Item = TypeVar("Item")

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)
_RULE_ID = r"[a-z0-9][a-z0-9-]{0,63}"
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class GroupsKnown:
    """The groups that the names in a file may mean: the context of validation.

    `all_of_them` is false where a file of groups could not be read, so that a name may be one of its.
    """

    groups: frozenset[str]
    all_of_them: bool


def custom_error(text: str, *, hint: str | None = None) -> PydanticCustomError:
    """Make a fault that is told in the words given, with a hint."""
    return PydanticCustomError("custom", "{text}", {"text": text, "hint": hint})


@dataclass(frozen=True, slots=True, eq=False)
class Held(AfterValidator):
    """Holds a value to something, and says so in the JSON Schema: to each JSON type in its own keywords."""

    keywords: Mapping[str, Mapping[str, object]]

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, object]:
        """Add the keywords that fit the type."""
        schema = handler(core_schema)
        return {**schema, **self.keywords.get(str(schema.get("type")), {})}


COUNTRY, PLACE = "Country", "Place"
"""What stands in a JSON Schema, under `$comment`, for the list of codes, and for codes or groups."""


def _instant(written: object) -> object:
    if not isinstance(written, str):
        return written
    hint = "write it as 2020-04-03T00:00:00Z"
    if not _INSTANT.fullmatch(written):
        raise custom_error(f"`{written}` is no instant with an offset (RFC 3339)", hint=hint)
    try:
        return datetime.fromisoformat(written.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise custom_error(f"`{written}` is no instant that exists", hint=hint) from None


def _day(written: object) -> object:
    if not isinstance(written, str):
        return written
    try:
        if _DAY.fullmatch(written):
            return date.fromisoformat(written)
    except ValueError:
        pass  # told below, as is what does not even look like a day
    raise custom_error(f"`{written}` is no day", hint="write it as 2026-11-22")


def _code(word: str) -> str:
    if word not in COUNTRIES:
        raise custom_error(f"`{word}` is no ISO 3166-1 alpha-2 code", hint=hint_for(word))
    return word


def _name(word: str, info: ValidationInfo) -> str:
    """Refuse a name that nothing bears; without a context of groups, any name is let in."""
    groups = _groups_known(word, info)
    if groups is not None and word not in groups and word not in COUNTRIES:
        text = f"`{word}` is neither a group nor an ISO 3166-1 alpha-2 code"
        raise custom_error(text, hint=hint_for(word, groups))
    return word


def _group_name(word: str, info: ValidationInfo) -> str:
    groups = _groups_known(word, info)
    if groups is not None and word not in groups:
        raise custom_error(f"`{word}` is no group", hint=nearest(word, groups))
    return word


def _groups_known(word: str, info: ValidationInfo) -> frozenset[str] | None:
    """Give the groups that `word` may be, or nothing where it may be one of a file that cannot be read."""
    known: GroupsKnown | None = info.context
    if known is None or (len(word) > CODE_LETTERS and not known.all_of_them):
        return None
    return known.groups


def _distinct(items: tuple[Any, ...]) -> tuple[Any, ...]:
    twice = repeated(items)
    if twice is not None:
        raise custom_error(f"`{twice}` stands twice", hint="leave one of them out")
    return items


def repeated(items: Iterable[Item]) -> Item | None:
    """Find the first item that stands a second time."""
    seen: set[Item] = set()
    for item in items:
        if item in seen:
            return item
        seen.add(item)
    return None


def unlike(items: tuple[Item, ...], names: list[str]) -> tuple[Item, ...]:
    """Refuse items of which two have the same name."""
    twice = repeated(names)
    if twice is not None:
        raise custom_error(f"`{twice}` stands twice", hint="tell them apart")
    return items


def _word_or_list(value: object) -> str:
    return WORD if isinstance(value, str) else LIST


def unknown_or(other: str, hint_of: Callable[[str], str | None] = lambda _: None) -> BeforeValidator:
    """Refuse a word that is not `unknown`, where something else may stand."""

    def unknown_or_none(word: str) -> str:
        if word != "unknown":
            hint = nearest(word, ["unknown"]) or hint_of(word)
            raise custom_error(f"`{word}` is neither {other} nor `unknown`", hint=hint)
        return word

    return BeforeValidator(unknown_or_none)


def _as_candidates(word: str) -> str | None:
    return f"write `[{word}]`" if word in COUNTRIES else hint_for(word)


def _filled(items: Any) -> Any:  # noqa: ANN401  any collection, and the same one back
    if not items:
        raise custom_error("is empty", hint="give at least one")
    return items


def _not_blank(text: str) -> str:
    if not text.strip():
        raise custom_error("is blank")
    return text


_BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What polars strips from a log's names: Python strips four separators more, U+001C to U+001F."""


def _spelled(text: str) -> str:
    """Spell a text as it is spelled where a log is read: in NFC, and without blanks around it."""
    if text != text.strip(_BLANKS):
        raise custom_error(f"`{text}` has blanks around it", hint="leave them out: no log would equal it")
    return unicodedata.normalize("NFC", text)


def _formed(pattern: str, what: str, hint: str) -> Held:
    def formed(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise custom_error(f"`{text}` is no {what}", hint=hint)
        return text

    return Held(formed, {"string": {"pattern": f"^{pattern}$"}})


def is_rule_id(text: str) -> bool:
    """Tell whether a rule may be named so."""
    return re.fullmatch(_RULE_ID, text) is not None


Instant = Annotated[datetime, BeforeValidator(_instant)]
Day = Annotated[date, BeforeValidator(_day)]
Text = Annotated[str, Held(_not_blank, {"string": {"pattern": r"\S"}})]
Spelled = Annotated[str, Held(_not_blank, {"string": {"pattern": r"\S"}}), AfterValidator(_spelled)]
"""A text that is compared with what logs say."""
RuleId = Annotated[str, _formed(_RULE_ID, "id of a rule", "up to 64 of a to z, 0 to 9 and hyphens")]
GroupId = Annotated[
    str, _formed(r"[A-Z][A-Z0-9_]{2,63}", "id of a group", "3 to 64 of A to Z, 0 to 9 and underscores")
]
WindowId = Annotated[
    str, _formed(r"[a-z0-9][a-z0-9-]{0,63}", "id of a window", "up to 64 of a to z, 0 to 9 and hyphens")
]
LabelKey = Annotated[
    str, _formed(r"[a-z0-9][a-z0-9_]{0,63}", "name of a label", "up to 64 of a to z, 0 to 9 and underscores")
]
ClauseId = Annotated[
    str, _formed(r"[a-z0-9][a-z0-9-]{0,63}", "id of an exception", "up to 64 of a to z, 0 to 9 and hyphens")
]
Version = Annotated[str, _formed(r"[0-9]+\.[0-9]+\.[0-9]+", "version", "write it as 1.0.0")]
Code = Annotated[str, Held(_code, {"string": {"$comment": COUNTRY}})]
Distinct = Held(_distinct, {"array": {"uniqueItems": True}})
Filled = Held(_filled, {"array": {"minItems": 1}, "object": {"minProperties": 1}})
Name = Annotated[str, Held(_name, {"string": {"$comment": PLACE}})]
GroupName = Annotated[str, AfterValidator(_group_name)]
Words = Annotated[tuple[Spelled, ...], Filled, Distinct]
Names = Annotated[tuple[Name, ...], Filled, Distinct]
"""Group ids and country codes."""

ONLY, ALL_BUT, LIST, WORD, NUMBER = "only these", "all but these", "a list", "a word", "a number"
"""Tags of the forms of a value: no key is named like them, so no fault takes one for a key."""

Candidates = Annotated[
    Annotated[Literal["unknown"], unknown_or("a list of codes", _as_candidates), Tag(WORD)]
    | Annotated[tuple[Code, ...], Filled, Distinct, Tag(LIST)],
    Discriminator(_word_or_list),
]
"""Where the evidence of a case says that somebody is: codes, or the word `unknown`."""
