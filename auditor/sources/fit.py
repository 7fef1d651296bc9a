"""Does a mapping fit a log: columns that it names and the log lacks, and columns that nobody reads."""

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from auditor.errors import Fault, SourceError
from auditor.sources.interface import Log
from auditor.sources.mapping import Mapping
from auditor.sources.parts import LABEL
from auditor.text import nearest

SHOWN = 30
_PLAIN = re.compile(r"[^\W\d]+\d{0,2}(?:[ ._-][^\W\d]+\d{0,2})*")
"""Words that may name a column: letters, and no more than a short number after them."""

Warned = tuple[str, int]
"""What a warning says, and how many things it says it of."""


class MisfitError(SourceError):
    """A log is of another form than what it is read as."""


def require_columns(
    log: Log, names: Sequence[str], present: set[str], absent: AbstractSet[str] = frozenset()
) -> None:
    """Raise MisfitError with every column that the mapping names and the log lacks.

    `names` are the log's own columns; `present` are those of the mapping's paths that lead to something, and
    `absent` those into elements that lead to nothing, where the log tells.
    """
    if faults := list(_faults(log, names, present, absent)):
        raise MisfitError(*faults)


def _faults(log: Log, names: Sequence[str], present: set[str], absent: AbstractSet[str]) -> Iterator[Fault]:
    used = {path for path in log.mapping.in_file if path in names}
    for name in sorted({name for name in used if names.count(name) > 1}):
        yield Fault(log.path, f"the column `{name}` stands twice", "rename one of them")
    if log.mapping.canonical:
        if "started_at" not in present:
            hint = "describe the log in a mapping file, or rename its columns"
            text = "has no column `started_at`, and a connection without a start is none"
            yield Fault(log.path, text, f"{hint}; {_there(names)}")
        return
    told = {*present, *(path for path in log.mapping.paths if path not in log.mapping.in_file)}
    if missing := _missing(log.mapping, told - absent, absent):
        yield _lacks(log, missing, names)


def _missing(mapping: Mapping, present: set[str], absent: AbstractSet[str]) -> dict[str, str]:
    """Name what is read and is not there, nor any alternative of it, with what reads it first."""
    missing: dict[str, str] = {}
    for column, value in mapping.values:
        found = [path in present for path in value.paths]
        if found and not (all(found) if value.sum else any(found)):
            missing.update((path, f"`{column}`") for path in value.paths if path not in present)
    single = [(path, "`extra`") for path in mapping.extra]
    single += [
        (path, "a condition") for part in mapping.parts for path in (part.when.paths if part.when else ())
    ]
    for aside in mapping.asides:  # of several spellings one is enough; and what is warned of may be absent
        if not any(path in present for path in aside.when.paths):
            single += [(path, f"`{aside.text}`") for path in aside.when.paths]
    single += [(level.path, f"`each`, as `{level.alias}`") for level in mapping.levels]
    ends = [end for part in mapping.parts for end in part.relay_among]
    single += [(path, "`relay_among`") for end in ends for path in (end.ip, end.port) if path]
    for path, reader in single:
        if path not in present and path in {*mapping.in_file, *absent}:
            missing.setdefault(path, reader)
    return missing


def _lacks(log: Log, missing: dict[str, str], names: Sequence[str]) -> Fault:
    """Tell of all that is missing at once: mostly the log is of another format."""
    mapping = f"the mapping `{log.mapping.id}` reads"
    if len(missing) == 1:
        [(path, reader)] = missing.items()
        text = f"has no column `{path}`, which {mapping} for {reader}"
        suggested = nearest(path, names)
        return Fault(log.path, text, f"{suggested} {_there(names)}" if suggested else _there(names))
    readers: dict[str, list[str]] = {}
    for path, reader in list(missing.items())[:SHOWN]:
        readers.setdefault(reader, []).append(f"`{path}`")
    told = "; ".join(f"for {reader} {', '.join(paths)}" for reader, paths in readers.items())
    more = f"; and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    text = f"lacks {len(missing)} columns that {mapping}: {told}{more}"
    near = [(path, nearest(path, names)) for path in list(missing)[:SHOWN]]
    hints = [f"`{path}`: {suggested}" for path, suggested in near if suggested]
    return Fault(log.path, text, " ".join([*hints, _there(names)]))


def _there(names: Sequence[str]) -> str:
    """Name the columns, unless they look like values: those are nobody's to be printed."""
    plain = sum(_PLAIN.fullmatch(name) is not None for name in names)
    if plain * 2 >= len(names):
        return f"there are: {_listed(names)}"
    return "the names of its columns look like values, and are not shown here"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(f"`{name[:80]}`" for name in names[:SHOWN]) + more


def warnings_on(mapping: Mapping, names: Sequence[str], present: set[str]) -> Iterator[Warned]:
    """Say what a reader of the report should know of the log's columns."""
    if mapping.canonical:
        known = {*mapping.paths, "extra"}
        unread = [name for name in names if name not in known and not name.startswith(LABEL)]
        if unread:
            yield f"columns that are not read: {_listed(unread)}", len(unread)
    roles = [part.columns.get("role") for part in mapping.parts]
    filled = [
        role is not None and (role.const is not None or present.intersection(role.paths)) for role in roles
    ]
    if not all(filled):
        yield "no column tells the role: it is unknown for every connection", 1
