"""Strict YAML documents from outside, each fault with its place."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, DocumentStartEvent, NodeEvent, ScalarEvent
from ruamel.yaml.nodes import ScalarNode

from auditor.errors import Fault
from auditor.text import nearest, read_text

Model = TypeVar("Model", bound=BaseModel)
Loc = tuple[int | str, ...]


class Strict(BaseModel):
    """Unknown keys are faults, nothing is coerced, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file as plain values, with the places of its keys and items.

    `taken` has the documents in which those of its keys stand that it takes from others.
    """

    path: str
    sha256: str
    data: Any
    node: Any
    taken: Mapping[int | str, "Document"] = field(default_factory=dict)

    def place(self, loc: Loc) -> str:
        """Say where `loc` stands, as `file:line:column`; a missing key has its parent's place."""
        if loc and loc[0] in self.taken:
            return self.taken[loc[0]].place(loc)
        node, line, column = self.node, 0, 0
        for step in loc:
            if isinstance(node, CommentedMap) and step in node:
                line, column = node.lc.value(step) if _is_leaf(node[step]) else node.lc.key(step)
            elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
                line, column = node.lc.item(step)
            else:
                continue  # pydantic also names the member of a union here
            node = node[step]
        return f"{self.path}:{line + 1}:{column + 1}"

    def written(self, loc: Loc) -> Loc:
        """Leave out of `loc` what is no key of the document: pydantic also names the member of a union."""
        node: Any = self.data
        kept: list[int | str] = []
        for step in loc:
            if step in (
                node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
            ):
                kept.append(step)
                node = node[step]
        return tuple(kept)

    def place_of_key(self, loc: Loc) -> str:
        """Say where the key itself stands, not its value."""
        if loc[0] in self.taken:
            return self.taken[loc[0]].place_of_key(loc)
        node = self.node
        for step in loc[:-1]:
            if isinstance(node, CommentedMap | CommentedSeq) and (step in node or isinstance(step, int)):
                node = node[step]
        if isinstance(node, CommentedMap) and loc[-1] in node:
            line, column = node.lc.key(loc[-1])
            return f"{self.path}:{line + 1}:{column + 1}"
        return self.place(loc)


def read_document(path: Path, *, name: str | None = None) -> Document | list[Fault]:
    """Read one YAML 1.2 file as plain values; timestamps stay text.

    Directives, tags, anchors, aliases, equal keys and a second document are faults, as they bend values in
    silence; so is a file that is missing, empty, no mapping, or no UTF-8.
    """
    shown = name or str(path)
    read = read_text(path, shown)
    if isinstance(read, Fault):
        return [read]
    raw, text = read
    try:
        faults = list(_bending(shown, text)) if _MAY_BEND.search(text) else []
        node = None if faults else _yaml().load(text)
    except MarkedYAMLError as error:
        return [_marked(shown, error)]
    except TypeError:  # such a key cannot be looked up, nor compared with others
        return [Fault(shown, "has a key that is a list or a mapping", "a key is a word")]
    except (YAMLError, RecursionError, ValueError) as error:
        return [Fault(shown, f"is not YAML: {(str(error) or 'nested too deep').splitlines()[0]}")]
    if not faults and not isinstance(node, CommentedMap):
        faults = [Fault(f"{shown}:1:1", "must be a mapping of keys to values")]
    faults = faults or list(_odd_keys(shown, node))
    return faults or Document(shown, hashlib.sha256(raw).hexdigest(), _plain(node), node)


def model_of(document: Document, model: type[Model], *, context: object = None) -> Model | list[Fault]:
    """Validate a document in JSON mode: arrays become tuples, texts enums and instants, all else strict.

    `context` reaches the validators of the model: what they must know of other files.
    """
    try:
        return model.model_validate_json(json.dumps(document.data, default=str), context=context)
    except ValidationError as error:
        return [_fault_of(document, model, dict(detail)) for detail in error.errors()]


def blanks_in(document: Document) -> Iterator[tuple[str, Fault]]:
    """Find keys and items without a value, each with its name: many mean nothing, and look like something."""

    def blank(node: Any, loc: Loc) -> Iterator[Loc]:  # noqa: ANN401  any YAML value
        if node is None:
            yield loc
        steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for step, inner in steps:
            yield from blank(inner, (*loc, step))

    for loc in blank(document.data, ()):
        key = key_of(loc)
        fault = Fault(document.place_of_key(loc), f"{key}: is blank", "give it a value, or leave it out")
        yield key, fault


def key_of(loc: Loc) -> str:
    """Name a place in a document, items counted from 1."""
    return ".".join(str(step + 1) if isinstance(step, int) else step for step in loc)


_MAY_BEND = re.compile(
    r"""(?:^|[\s\ufeff,:?\[\]{}"'-])[&*!] | (?:^|[\r\x85\u2028\u2029\ufeff])% | << | ^(?:---|\.\.\.)""",
    re.MULTILINE | re.VERBOSE,
)
"""Without one of these no anchor, alias, tag, directive, merge key or second document stands in a text.

The first three stand only where a word may begin, and a directive only where a line does: `1 %` is neither.
"""


class _TextConstructor(RoundTripConstructor):
    """Keeps timestamps as the text that the user wrote."""


def _text_of_timestamp(_: _TextConstructor, node: ScalarNode) -> str:
    return str(node.value)


_TextConstructor.add_constructor("tag:yaml.org,2002:timestamp", _text_of_timestamp)


def _yaml() -> YAML:
    yaml = YAML(typ="rt", pure=True)
    yaml.Constructor = _TextConstructor
    yaml.allow_duplicate_keys = False
    return yaml


def _bending(shown: str, text: str) -> Iterator[Fault]:
    """Find what makes a value other than what it looks like."""
    documents = 0
    for event in _yaml().parse(text):
        mark = event.start_mark
        place = f"{shown}:{mark.line + 1}:{mark.column + 1}"
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if event.version or event.tags:
                yield Fault(f"{shown}:1:1", "a `%` directive", "leave it out: files are YAML 1.2")
            if documents == 2:  # noqa: PLR2004  the first one too many
                yield Fault(place, "a second document", "one file holds one document")
        elif isinstance(event, AliasEvent):
            yield Fault(place, "an alias", "write the value out")
        elif isinstance(event, ScalarEvent) and event.value == "<<" and not event.style:
            yield Fault(place, "a merge key, `<<`", "write the keys out")
        elif isinstance(event, NodeEvent):
            if event.anchor:
                yield Fault(place, f"the anchor `&{event.anchor}`", "write the value out where it is needed")
            if tag := getattr(event, "tag", None):
                yield Fault(place, f"the tag `{tag}`", "leave it out")


def _odd_keys(shown: str, node: Any) -> Iterator[Fault]:  # noqa: ANN401  any YAML value
    """Find keys that are no text: written as text they might be taken for another key."""
    if isinstance(node, CommentedMap):
        for key, value in node.items():
            if not isinstance(key, str):
                line, column = node.lc.key(key)
                yield Fault(
                    f"{shown}:{line + 1}:{column + 1}", f"the key `{key}` is no text", "put it in quotes"
                )
            yield from _odd_keys(shown, value)
    elif isinstance(node, CommentedSeq):
        for item in node:
            yield from _odd_keys(shown, item)


def _marked(shown: str, error: MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    place = f"{shown}:{mark.line + 1}:{mark.column + 1}" if mark else shown
    return Fault(place, (error.problem or "is not YAML").splitlines()[0])


def _plain(node: Any) -> Any:  # noqa: ANN401  any YAML value
    if isinstance(node, dict):
        return {str(key) if isinstance(key, str) else key: _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(item) for item in node]
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _is_leaf(node: Any) -> bool:  # noqa: ANN401  any YAML value
    """Tell whether a value has a place of its own: a blank one is placed where the next key stands."""
    return node is not None and not isinstance(node, CommentedMap | CommentedSeq)


def _fault_of(document: Document, model: type[BaseModel], detail: dict[str, Any]) -> Fault:
    kind, context = detail["type"], detail.get("ctx") or {}
    if kind == "json_invalid":
        return Fault(document.place(()), f"cannot be read: {context.get('error')}")
    loc = document.written(tuple(detail["loc"]))
    if kind == "missing":
        loc = (*loc, detail["loc"][-1])
    key = key_of(loc)
    if kind == "extra_forbidden":
        hint = nearest(str(loc[-1]), _keys_of(model) - {str(loc[-1])})
        return Fault(document.place_of_key(loc), f"{key}: unknown key", hint)
    if kind == "missing":
        return Fault(document.place(loc[:-1]), f"{key}: is missing")
    text, hint = _told(kind, str(detail["msg"]), detail.get("input"), context)
    return Fault(document.place(loc), f"{key}: {text}" if key else text, hint)


def _told(kind: str, message: str, written: object, context: Mapping[str, Any]) -> tuple[str, str | None]:
    """Say what is wrong with a value, and how to go on."""
    shown = f"`{_as_written(written)}`" if isinstance(written, str | int | float) else ""
    if shown.strip("` ") == "":
        shown = ""
    if kind in _ONE_OF:
        choices = _QUOTED.findall(str(context["expected"]))
        few = "is not" if len(choices) == 1 else "is none of"
        text = f"{shown} {few} {', '.join(f'`{choice}`' for choice in choices)}".lstrip()
        several = isinstance(written, str) and len(choices) > 1
        return text, nearest(str(written).lower(), choices) if several else None
    text = message if message.startswith("`") else f"{message[0].lower()}{message[1:]}"
    if shown and "`" not in text:
        text = f"{shown}: {text}"
    return text, context.get("hint") or (_HOW_TO_WRITE.get(kind) if shown else None)


_ONE_OF = ("enum", "literal_error")
_QUOTED = re.compile(r"'([^']*)'")
_HOW_TO_WRITE = {"string_type": "put it in quotes", "tuple_type": "write a list, in brackets"}
"""What to do with a single value of the wrong kind."""


def _as_written(value: str | float) -> str:
    """Write a value as YAML does."""
    return str(value).lower() if isinstance(value, bool | float) else str(value)


def _keys_of(model: type[BaseModel]) -> set[str]:
    """Collect the keys of a model and of all models below it."""
    schema = json.dumps(model.model_json_schema())
    found: set[str] = set()

    def walk(node: Any) -> None:  # noqa: ANN401  any JSON value
        if isinstance(node, dict):
            found.update(node.get("properties", {}))
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for item in node:
                walk(item)

    walk(json.loads(schema))
    return found
