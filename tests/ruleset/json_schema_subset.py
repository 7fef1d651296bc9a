"""The part of JSON Schema that the schemas of rules and mappings use, to hold values to them.

A keyword that is not known here fails the test that meets it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

JsonValue = Any  # the types of JSON values are looked at, one by one, below
Schema = Mapping[str, JsonValue]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
_SAYS_NOTHING = {"$schema", "$id", "$defs", "$comment", "title", "description", "format", "then"}


@dataclass(frozen=True, slots=True)
class Spot:
    """A schema within a whole one, held to a value that stands somewhere in a whole one."""

    root: Schema
    schema: Schema
    path: str = ""

    def of(self, schema: Schema, step: str = "") -> "Spot":
        return replace(self, schema=schema, path=f"{self.path}{step}")

    def breaches(self, value: JsonValue) -> list[str]:
        """List the keywords that a value breaks, each with where in the value."""
        return [
            breach
            for keyword, wanted in self.schema.items()
            if keyword not in _SAYS_NOTHING
            for breach in _CHECKS[keyword](self, value, wanted)
        ]

    def takes(self, value: JsonValue) -> bool:
        return not self.breaches(value)

    def unless(self, keyword: str, *, sound: bool) -> list[str]:
        return [] if sound else [f"{self.path}: {keyword}"]


def breaches(value: JsonValue, schema: Schema) -> list[str]:
    """List what of a value is not as a schema says."""
    return Spot(schema, schema).breaches(value)


def _ref(spot: Spot, value: JsonValue, wanted: JsonValue) -> list[str]:
    return spot.of(spot.root["$defs"][wanted.removeprefix("#/$defs/")]).breaches(value)


def _type(spot: Spot, value: JsonValue, wanted: JsonValue) -> list[str]:
    is_bool = isinstance(value, bool)
    return spot.unless("type", sound=isinstance(value, _TYPES[wanted]) and is_bool == (wanted == "boolean"))


def _any_of(spot: Spot, value: JsonValue, wanted: JsonValue) -> list[str]:
    return spot.unless("anyOf", sound=any(spot.of(one).takes(value) for one in wanted))


def _one_of(spot: Spot, value: JsonValue, wanted: JsonValue) -> list[str]:
    return spot.unless("oneOf", sound=sum(spot.of(one).takes(value) for one in wanted) == 1)


def _if(spot: Spot, value: JsonValue, wanted: JsonValue) -> list[str]:
    return spot.of(spot.schema["then"]).breaches(value) if spot.of(wanted).takes(value) else []


def _properties(spot: Spot, value: JsonValue, wanted: JsonValue) -> Iterator[str]:
    if isinstance(value, dict):
        for key in wanted.keys() & value.keys():
            yield from spot.of(wanted[key], f".{key}").breaches(value[key])


def _pattern_properties(spot: Spot, value: JsonValue, wanted: JsonValue) -> Iterator[str]:
    if isinstance(value, dict):
        for pattern, inner in wanted.items():
            for key in filter(re.compile(pattern).search, value):
                yield from spot.of(inner, f".{key}").breaches(value[key])


def _additional(spot: Spot, value: JsonValue, wanted: JsonValue) -> Iterator[str]:
    if isinstance(value, dict):
        patterns = spot.schema.get("patternProperties", {})
        known = {key for key in value if any(re.search(pattern, key) for pattern in patterns)}
        for key in value.keys() - spot.schema.get("properties", {}).keys() - known:
            if wanted is False:
                yield f"{spot.path}.{key}: additionalProperties"
            elif wanted is not True:
                yield from spot.of(wanted, f".{key}").breaches(value[key])


def _required(spot: Spot, value: JsonValue, wanted: JsonValue) -> list[str]:
    return spot.unless("required", sound=not isinstance(value, dict) or set(wanted) <= value.keys())


def _items(spot: Spot, value: JsonValue, wanted: JsonValue) -> Iterator[str]:
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from spot.of(wanted, f".{number}").breaches(item)


def _unique(spot: Spot, value: JsonValue, _: JsonValue) -> list[str]:
    again = isinstance(value, list) and any(item in value[:number] for number, item in enumerate(value))
    return spot.unless("uniqueItems", sound=not again)


def _of_type(
    keyword: str, kinds: type | tuple[type, ...], holds: Callable[[JsonValue, JsonValue], bool]
) -> Callable[[Spot, JsonValue, JsonValue], list[str]]:
    def check(spot: Spot, value: JsonValue, wanted: JsonValue) -> list[str]:
        concerned = isinstance(value, kinds) and not isinstance(value, bool)
        return spot.unless(keyword, sound=not concerned or holds(value, wanted))

    return check


_CHECKS: Mapping[str, Callable[[Spot, JsonValue, JsonValue], Iterator[str] | list[str]]] = {
    "$ref": _ref,
    "type": _type,
    "enum": lambda spot, value, wanted: spot.unless("enum", sound=value in wanted),
    "const": lambda spot, value, wanted: spot.unless("const", sound=value == wanted),
    "anyOf": _any_of,
    "oneOf": _one_of,
    "if": _if,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional,
    "required": _required,
    "minProperties": _of_type("minProperties", dict, lambda value, wanted: len(value) >= wanted),
    "items": _items,
    "minLength": _of_type("minLength", str, lambda value, wanted: len(value) >= wanted),
    "maxItems": _of_type("maxItems", list, lambda value, wanted: len(value) <= wanted),
    "minItems": _of_type("minItems", list, lambda value, wanted: len(value) >= wanted),
    "uniqueItems": _unique,
    "pattern": _of_type("pattern", str, lambda value, wanted: re.search(wanted, value) is not None),
    "minimum": _of_type("minimum", (int, float), lambda value, wanted: bool(value >= wanted)),
    "maximum": _of_type("maximum", (int, float), lambda value, wanted: bool(value <= wanted)),
    "exclusiveMinimum": _of_type(
        "exclusiveMinimum", (int, float), lambda value, wanted: bool(value > wanted)
    ),
}
