"""Does a mapping fit a log: columns that it names and the log lacks, and columns that nobody reads."""

from collections.abc import Iterator, Sequence

from auditor.errors import Fault, SourceError
from auditor.sources.interface import Log
from auditor.sources.mapping import Mapping
from auditor.sources.parts import LABEL
from auditor.text import nearest

SHOWN = 30
Warned = tuple[str, int]
"""What a warning says, and how many things it says it of."""


def require_columns(log: Log, names: Sequence[str], present: set[str]) -> None:
    """Raise SourceError with every column that the mapping names and the log lacks.

    `names` are the log's own columns; `present` are those of the mapping's paths that lead to something.
    """
    if faults := list(_faults(log, names, present)):
        raise SourceError(*faults)


def _faults(log: Log, names: Sequence[str], present: set[str]) -> Iterator[Fault]:
    used = {path for path in log.mapping.paths if path in names}
    for name in sorted({name for name in used if names.count(name) > 1}):
        yield Fault(log.path, f"the column `{name}` stands twice", "rename one of them")
    there = _listed(names)
    if log.mapping.canonical:
        if "started_at" not in present:
            hint = f"describe the log in a mapping file, or rename its columns; there are: {there}"
            yield Fault(
                log.path, "has no column `started_at`, and a connection without a start is none", hint
            )
        return
    for column, value in log.mapping.values:
        found = [path in present for path in value.paths]
        if found and not (all(found) if value.sum else any(found)):
            for path in dict.fromkeys(path for path in value.paths if path not in present):
                yield _lacks(log, path, column, names)
    for path in log.mapping.extra:
        if path not in present:
            yield _lacks(log, path, "extra", names)


def _lacks(log: Log, path: str, column: str, names: Sequence[str]) -> Fault:
    suggestion = nearest(path, names)
    there = f"there are: {_listed(names)}"
    text = f"has no column `{path}`, which the mapping `{log.mapping.id}` reads for `{column}`"
    return Fault(log.path, text, f"{suggestion} {there}" if suggestion else there)


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
