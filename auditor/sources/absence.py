"""Paths that lead to nothing in a log: said of the whole log, as one record alone may lack any of them."""

import contextlib
from collections.abc import Callable, Iterator, Sequence

from auditor.errors import SourceError
from auditor.sources.fit import SHOWN, Warned, warnings_on
from auditor.sources.interface import Log
from auditor.sources.language import FILE, steps_of
from auditor.sources.mapping import Mapping
from auditor.sources.stream import read_stream

Key = Callable[[str], bytes]
"""Spells a path as a log does that has it."""


def key_of(path: str) -> bytes:
    """Write the last name of a path as JSON does."""
    return b'"' + (steps_of(path) or (path,))[-1].encode() + b'"'


def role_paths(mapping: Mapping) -> list[str]:
    """Name the paths that roles are read from."""
    return [path for part in mapping.parts if "role" in part.columns for path in part.columns["role"].paths]


def absent_from(log: Log, paths: Sequence[str], key: Key = key_of) -> list[str]:
    """Name the paths whose last name stands nowhere in the log as a key or text."""
    needles = {path: key(path) for path in paths}
    longest = max(map(len, needles.values()), default=0)
    tail = b""
    with contextlib.suppress(SourceError):  # a broken stream is told of where the records are read
        for block in read_stream(log.file) if needles else ():
            data = tail + block
            needles = {path: needle for path, needle in needles.items() if needle not in data}
            if not needles:
                break
            tail = data[-longest:]
    return list(needles)


def warned_of(log: Log, names: Sequence[str], key: Key = key_of) -> Iterator[Warned]:
    """Say what a reader of the report should know of a log, of which some records have these `names`."""
    mapping = log.mapping
    if mapping.canonical:
        yield from warnings_on(mapping, names, {"role"} - {*absent_from(log, ["role"])})
        return
    wanted = list(_wanted(mapping))
    absent = absent_from(log, list(dict.fromkeys(path for group in wanted for path in group)), key)
    yield from warnings_on(mapping, names, {*mapping.paths} - {*absent})
    missing = dict.fromkeys(path for group in wanted if set(group) <= set(absent) for path in group)
    if missing:
        yield f"no record has {_any_of(list(missing))}, which the mapping reads", 1


def _any_of(paths: Sequence[str]) -> str:
    *first, last = [f"`{path}`" for path in paths[:SHOWN]]
    if len(paths) > SHOWN:
        return f"{', '.join([*first, last])} and {len(paths) - SHOWN} more"
    return f"{', '.join(first)} or {last}" if first else last


def _wanted(mapping: Mapping) -> Iterator[list[str]]:
    """Group the paths of which one is enough; what only conditions or `extra` ask is not missed."""
    for _, value in mapping.values:
        if value.sum:
            yield from ([path] for path in _keyed(value.sum, mapping))
        elif group := _keyed(value.paths, mapping):
            yield group
    ends = [path for part in mapping.parts for end in part.relay_among for path in (end.ip, end.port) if path]
    yield from ([path] for path in _keyed(ends, mapping))
    yield from ([path] for path in _keyed([level.path for level in mapping.levels], mapping))


def _keyed(paths: Sequence[str], mapping: Mapping) -> list[str]:
    """Leave out what has no key in the log: the file's name, plain elements, values of packed texts."""
    packed = {level.alias for level in mapping.levels if level.split is not None}
    aliases = {level.alias for level in mapping.levels}
    return [
        path
        for path in paths
        if path != FILE and path not in aliases and path.partition(".")[0] not in packed
    ]
