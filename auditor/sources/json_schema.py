"""The JSON Schema of a mapping file, for editors: as a file is written, with its short spellings.

It says what one key can be held to by itself; which keys go together, only the loader knows. This is the
draft that editors of YAML understand.
"""

import json
from typing import Any

from auditor.sources.language import MappingFile

DIALECT = "http://json-schema.org/draft-07/schema#"
SCHEMA_ID = "auditor/mapping@1"

Json = dict[str, Any]

_VALUE = {"$ref": "#/$defs/Value"}
_PATH: Json = {"type": "string", "minLength": 1}
_PATHS: Json = {"type": "array", "items": _PATH, "minItems": 1}
_SHORT: Json = {
    "anyOf": [
        _VALUE,
        {**_PATH, "description": "Where the value stands."},
        {**_PATHS, "description": "Where it may stand: the first that is not null."},
    ]
}
_SEVERAL: Json = {"anyOf": [_PATH, _PATHS]}


def mapping_schema_text() -> str:
    """Write the schema as it is published."""
    schema = _written(MappingFile.model_json_schema(by_alias=True))
    definitions = schema["$defs"]
    definitions["Value"]["properties"]["from"] = _SEVERAL
    definitions["Input"]["properties"]["records"] = _SEVERAL
    head = {"$schema": DIALECT, "$id": SCHEMA_ID, "title": SCHEMA_ID}
    return json.dumps({**schema, **head}, indent=1, sort_keys=True) + "\n"


def _written(node: Any) -> Any:  # noqa: ANN401  any JSON value
    """Allow the short spellings, and leave out what says nothing."""
    if isinstance(node, list):
        return [_written(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node == _VALUE:
        return _SHORT
    made_up = {"default"} | ({"title"} if isinstance(node.get("title"), str) else set())
    kept = {key: _written(value) for key, value in node.items() if key not in made_up}
    if "prefixItems" in kept:  # of a later draft; the items of a pair are alike
        kept["items"], *_ = kept.pop("prefixItems")
    return kept
