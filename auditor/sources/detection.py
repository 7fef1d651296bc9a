"""By what a log shows of itself, which format it has: only marks that nothing else bears decide."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from auditor.errors import AuditorError, Fault, SourceError
from auditor.sources.discover import FORMATS, SUFFIXES, suffix_of
from auditor.sources.fit import MisfitError
from auditor.sources.interface import Log
from auditor.sources.language import steps_of
from auditor.sources.lines import BOM
from auditor.sources.mapping import CANONICAL, Mapping
from auditor.sources.marks import MARKS, Head
from auditor.sources.registry import COLUMNS, Format, Kind, all_formats, format_named, format_names
from auditor.sources.rowfile import schema_of
from auditor.sources.stream import read_stream

HEAD_BYTES = 1 << 20
"""So much of a log is looked at: a server's log may begin with much that tells of no call."""

_PARQUET = b"PAR1"
_LIKELY = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """A format that fits a log, and what was seen that says so."""

    format: str
    why: str


@dataclass(frozen=True, slots=True)
class Detected:
    """What a log shows: `marks` that only their formats bear, and formats that are merely `likely`."""

    marks: tuple[Shown, ...]
    likely: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """How a log is read though nobody said it; `why` is None where its suffix and its columns told."""

    format: Format
    why: str | None


def head_of(path: Path) -> Head:
    """Look at the beginning of a file; what cannot be read shows nothing."""
    data = b""
    with contextlib.suppress(SourceError):
        for block in read_stream(path):
            data += block
            if len(data) >= HEAD_BYTES:
                break
    if data.startswith(_PARQUET):
        return Head("", _columns_of_parquet(path))
    return Head.of(data[:HEAD_BYTES].removeprefix(BOM).decode("utf-8", "replace"))


def detected_in(path: Path) -> Detected:
    """Name the formats that would fit a log. One of which it bears the mark is not named as likely too."""
    head = head_of(path)
    marks = _marks_in(head)
    return Detected(marks, tuple(_likely(head, {one.format for one in marks})))


def bears_mark(path: str) -> bool:
    """Tell whether a log bears the mark of a format, or of several; one that cannot be read bears none.

    Our own columns are no such mark: of them the suffix has to tell the form.
    """
    try:
        return any(one.format != COLUMNS.name for one in _marks_in(head_of(Path(path))))
    except SourceError:
        return False


def chosen_for(path: str) -> Chosen | Fault:
    """Choose how to read a log of which nobody said it: where exactly one mark fits, or by its suffix.

    A log without any mark whose suffix is known is taken to have our own columns, and has to have them.
    Raises SourceError if a preset that came with the program is faulty.
    """
    head = head_of(Path(path))
    marks = _marks_in(head)
    known = suffix_of(path) in FORMATS
    if len(marks) > 1:
        text = "bears the marks of several formats: " + " and ".join(map(_told, marks))
        return Fault(path, text, "say which it is: --format NAME")
    if marks and not (known and marks[0].format == COLUMNS.name):
        found = format_named(marks[0].format, path)
        return found if isinstance(found, Fault) else Chosen(found, marks[0].why)
    if known:
        return Chosen(COLUMNS, None)
    return Fault(path, "has no suffix that tells its format, and bears the mark of none", _hint(head))


def is_as_marked(log: Log) -> bool:
    """Tell whether a log bears the mark of the preset or reader by which it is read, as that came to us."""
    marks = _marks_in(head_of(log.file))
    found = [format_named(one.format, log.path) for one in marks if one.format != COLUMNS.name]
    return any(isinstance(one, Format) and one.mapping.sha256 == log.mapping.sha256 for one in found)


def other_mark(log: Log) -> str | None:
    """Say of which formats a log bears the mark if it bears none of that by which it is read."""
    return _other_mark(head_of(log.file), log)


def explained(error: AuditorError, log: Log) -> SourceError:
    """Add to why a log cannot be read what it may be instead, where it shows that."""
    head = head_of(log.file)
    told = _other_mark(head, log)
    if told is None and isinstance(error, MisfitError):
        told = _may_be(_likely(head, {log.mapping.id}))
    if told is None:
        return SourceError(*error.faults)
    return SourceError(
        *(replace(one, hint=f"{told}; {one.hint}" if one.hint else told) for one in error.faults)
    )


def _other_mark(head: Head, log: Log) -> str | None:
    marks = [one.format for one in _marks_in(head)]
    if log.mapping.id in marks:
        return None
    if "started_at" in log.mapping.paths or suffix_of(log.path) not in FORMATS:  # then it need not be ours
        marks = [name for name in marks if name != COLUMNS.name]
    if len(marks) == 1:
        return f"it bears the mark of `{marks[0]}`: --format {marks[0]}"
    return (
        f"it bears the marks of {' and '.join(f'`{name}`' for name in marks)}: --format NAME"
        if marks
        else None
    )


def _may_be(likely: Iterable[Shown]) -> str | None:
    """Say which formats are likely, and how to name one."""
    found = list(likely)
    if not found:
        return None
    name = found[0].format if len(found) == 1 else "NAME"
    return f"it may be {' or '.join(map(_told, found))}: --format {name}"


def _marks_in(head: Head) -> tuple[Shown, ...]:
    known = format_names()
    marks = {mark.format: mark.why for mark in MARKS if mark.format in known and mark.is_in(head)}
    if "started_at" in head.names:
        marks[COLUMNS.name] = "`started_at`, as in our own columns"
    return tuple(Shown(name, why) for name, why in marks.items())


def _hint(head: Head) -> str:
    if told := _may_be(_likely(head, set())):
        return f"{told}; else give --mapping FILE"
    suffixes = ", ".join(SUFFIXES)
    return (
        f"known are {suffixes}; for any other, give --format NAME (`auditor formats list`) or --mapping FILE"
    )


def _told(shown: Shown) -> str:
    return f"`{shown.format}` ({shown.why})"


def _likely(head: Head, but: set[str]) -> Iterator[Shown]:
    """Find presets of which the log has half of the names that they read, or more; the fullest come first."""
    found: list[tuple[float, Shown]] = []
    for preset in all_formats():
        if preset.kind is not Kind.PRESET or preset.name in but:
            continue
        wanted = _names_read(preset.mapping)
        there = len(wanted & head.names)
        if wanted and there * 2 >= len(wanted):
            shown = Shown(preset.name, f"{there} of the {len(wanted)} names that it reads")
            found.append((there / len(wanted), shown))
    yield from (shown for _, shown in sorted(found, key=lambda one: (-one[0], one[1].format))[:_LIKELY])


def _names_read(mapping: Mapping) -> frozenset[str]:
    """Name the last step of each path: as it stands in a head."""
    return frozenset((steps_of(path) or (path,))[-1] for path in mapping.paths)


def _columns_of_parquet(path: Path) -> frozenset[str]:
    with contextlib.suppress(SourceError):
        return frozenset(schema_of(Log(str(path), "parquet", CANONICAL)).names())
    return frozenset()
