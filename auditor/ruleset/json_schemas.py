"""The JSON Schema of each kind of file in a rules folder, for editors.

They say what one file can be held to by itself: which names others define, only the loader knows. This is the
draft that editors of YAML understand.
"""

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from auditor.countries import COUNTRIES
from auditor.ruleset.explained import EXPLAINED
from auditor.ruleset.extending import GIVES
from auditor.ruleset.fields import COUNTRY, PLACE
from auditor.ruleset.group_schema import GroupsFile
from auditor.ruleset.schema import RULE_OF_EFFECT
from auditor.ruleset.waiver_schema import Waiver
from auditor.ruleset.windows import WindowsFile

DIALECT = "http://json-schema.org/draft-07/schema#"

Json = dict[str, Any]


class FileSort(StrEnum):
    """A kind of file in a rules folder."""

    RULE = "rule"
    GROUPS = "groups"
    WINDOWS = "windows"
    WAIVER = "waiver"


_MODELS: Mapping[FileSort, type[BaseModel]] = {
    FileSort.GROUPS: GroupsFile,
    FileSort.WINDOWS: WindowsFile,
    FileSort.WAIVER: Waiver,
}
_CODES: Json = {"enum": sorted(COUNTRIES), "description": "An ISO 3166-1 alpha-2 code."}
_PLACES: Json = {
    "anyOf": [{"enum": sorted(COUNTRIES)}, {"type": "string", "pattern": "^[A-Z][A-Z0-9_]{2,63}$"}],
    "description": "An ISO 3166-1 alpha-2 code, or the id of a group.",
}
_LISTS: Mapping[str, Json] = {COUNTRY: _CODES, PLACE: _PLACES}
_TOGETHER: Mapping[str, Json] = {
    "Fence": {"oneOf": [{"required": ["allow"]}, {"required": ["forbid"]}]},
    "Limits": {"minProperties": 1},
    "ExceptionClause": {"if": {"required": ["overflow"]}, "then": {"required": ["limits"]}},
    "Group": {"anyOf": [{"required": ["include"]}, {"required": ["members"]}]},
    "Match": {"anyOf": [{"required": [key]} for key in ("call", "account", "relay_in")]},
}
"""What validators of whole models hold several keys to."""


def json_schema_of(sort: FileSort) -> Json:
    """Build the JSON Schema of a kind of file; the same each time."""
    schema = _rule_schema() if sort is FileSort.RULE else _tidied(_schema(_MODELS[sort]))
    used = sorted(set(_names_used(schema)) & _LISTS.keys())
    definitions = {**schema.pop("$defs", {}), **{name: _LISTS[name] for name in used}}
    head = {"$schema": DIALECT, "$id": f"auditor/{sort}@1", "title": f"auditor/{sort}@1"}
    return {**schema, **head, "$defs": dict(sorted(definitions.items()))}


def json_schema_text(sort: FileSort) -> str:
    """Write the JSON Schema of a kind of file as it is published."""
    return json.dumps(json_schema_of(sort), indent=1, sort_keys=True) + "\n"


def _rule_schema() -> Json:
    """Give one alternative for each effect, and one for a rule that takes keys from another."""
    definitions: Json = {}
    for model in RULE_OF_EFFECT.values():
        schema = _tidied(_schema(model))
        definitions |= schema.pop("$defs")
        definitions[model.__name__] = schema
    whole = {model.__name__: definitions[model.__name__] for model in RULE_OF_EFFECT.values()}
    definitions["ExtendingRule"] = _extending(list(whole.values()))
    for schema in whole.values():
        del schema["properties"]["extends"]
    names = [*whole, "ExtendingRule"]
    return {"oneOf": [{"$ref": f"#/$defs/{name}"} for name in names], "$defs": definitions}


def _extending(rules: list[Json]) -> Json:
    properties = {key: value for rule in rules for key, value in rule["properties"].items()}
    effect = {"enum": list(RULE_OF_EFFECT), "description": properties["effect"]["description"]}
    return {
        "additionalProperties": False,
        "description": "A rule that takes what it does not give from another, and is stricter.",
        "properties": {**properties, "effect": effect},
        "required": ["extends", *GIVES],
        "type": "object",
    }


def _schema(model: type[BaseModel]) -> Json:
    """Take the schema that pydantic makes, and add to each model what it cannot know."""
    schema = model.model_json_schema(by_alias=True)
    for name, one in {model.__name__: schema, **schema.get("$defs", {})}.items():
        one.update(_TOGETHER.get(name, {}))
        for key, value in one.get("properties", {}).items():
            value["description"] = EXPLAINED[name][key]
    return schema


def _tidied(node: Any) -> Any:  # noqa: ANN401  any JSON value
    """Leave out what says nothing, and what the loader refuses: a key that is given is never blank."""
    if isinstance(node, list):
        return [_tidied(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("$comment") in _LISTS:
        said = {key: node[key] for key in ("description",) if key in node}
        return {"$ref": f"#/$defs/{node['$comment']}", **said}
    made_up = {"default"} | ({"title"} if isinstance(node.get("title"), str) else set())
    kept = {key: _tidied(value) for key, value in node.items() if key not in made_up}
    some = [one for one in kept.get("anyOf", []) if one != {"type": "null"}]
    if len(some) < len(kept.get("anyOf", [])):
        del kept["anyOf"]
        kept = {**(some[0] if len(some) == 1 else {"anyOf": some}), **kept}
    if "patternProperties" in kept:
        kept["additionalProperties"] = False
    return kept


def _names_used(node: Any) -> Iterator[str]:  # noqa: ANN401  any JSON value
    if isinstance(node, dict):
        if "$ref" in node:
            yield str(node["$ref"]).rpartition("/")[2]
        for value in node.values():
            yield from _names_used(value)
    elif isinstance(node, list):
        for item in node:
            yield from _names_used(item)
