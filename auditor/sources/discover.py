"""Words of a command line → logs."""

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from auditor.errors import Fault, SourceError
from auditor.sources.interface import Log
from auditor.sources.mapping import CANONICAL, Mapping

FORMATS = {".csv": "csv", ".tsv": "csv", ".ndjson": "jsonl", ".jsonl": "jsonl", ".parquet": "parquet"}
COMPRESSIONS = (".gz", ".zst")
SUFFIXES = (*FORMATS, *(text + packed for text in FORMATS if text != ".parquet" for packed in COMPRESSIONS))
OF_NAMED_FORMATS = (
    *SUFFIXES,
    *(text + packed for text in (".json", ".log", ".txt") for packed in ("", *COMPRESSIONS)),
)
"""What a folder's logs end in where the user says which format they have, or the file itself does."""

Shows = Callable[[str], bool]
"""Tells whether a file shows what it is."""


def shows_nothing(_: str) -> bool:
    """Look into no file."""
    return False


def find_logs(
    arguments: Sequence[str], suffixes: tuple[str, ...] = SUFFIXES, shows: Shows = shows_nothing
) -> list[str]:
    """Name the files that the arguments mean: files, globs, and directories, mixed.

    Directories and what is in them, also behind links, are searched for `suffixes`, hidden ones left out, in
    the order of their names; files of OF_NAMED_FORMATS count too where `shows` says so. A file that is
    reached twice is named once. Raises SourceError with every argument that means nothing.
    """
    found: dict[str, str] = {}
    faults: list[Fault] = []
    for argument in arguments:
        files = list(_files_of(argument, _Logs(suffixes, shows), faults))
        for file in files:
            found.setdefault(os.path.realpath(file), file)
    if faults:
        raise SourceError(*faults)
    return list(found.values())


def left_out_of(
    arguments: Sequence[str], suffixes: tuple[str, ...] = SUFFIXES, shows: Shows = shows_nothing
) -> list[str]:
    """Name what lies in the directories that the arguments mean and is not read, hidden files aside.

    That is what `find_logs` takes for no log, and what is no file. What another argument has read is not left
    out. Raises SourceError as `find_logs` does.
    """
    read = {os.path.realpath(file) for file in find_logs(arguments, suffixes, shows)}
    logs = _Logs(suffixes, shows)
    directories = [name for argument in arguments for name in _named_by(argument) if Path(name).is_dir()]
    there = [file for name in directories for file in sorted(_walked(Path(name), []))]
    left = {os.path.realpath(file): file for file in reversed(there) if not logs.have(file)}
    return sorted(file for real, file in left.items() if real not in read)


@dataclass(frozen=True, slots=True)
class _Logs:
    """What of a directory is a log."""

    suffixes: tuple[str, ...]
    shows: Shows

    def have(self, file: str) -> bool:
        """Tell whether a file is one."""
        name = file.lower()
        if not Path(file).is_file():
            return False
        return name.endswith(self.suffixes) or (name.endswith(OF_NAMED_FORMATS) and self.shows(file))


def _files_of(argument: str, logs: _Logs, faults: list[Fault]) -> Iterator[str]:
    names = _named_by(argument)
    if not names:
        faults.append(Fault(argument, "matches nothing"))
    for name in names:
        yield from _files_at(name, logs, faults)


def _named_by(argument: str) -> list[str]:
    """Take a word as a name if it is one, else as a glob."""
    if Path(argument).exists() or not glob.has_magic(argument):
        return [argument]
    return sorted(glob.glob(argument, recursive=True))  # noqa: PTH207  Path.glob takes no absolute pattern


def _files_at(name: str, logs: _Logs, faults: list[Fault]) -> Iterator[str]:
    path = Path(name)
    if path.is_dir():
        files = sorted(file for file in _walked(path, faults) if logs.have(file))
        if not files:
            hint = f"logs in a directory end in {', '.join(logs.suffixes)}, or bear the mark of a format"
            faults.append(Fault(name, "holds no logs", f"{hint}; with --format NAME more are read"))
        yield from files
    elif path.is_file():
        yield name
    elif path.exists():
        faults.append(Fault(name, "is no file", "write what it gives to a file first"))
    else:
        faults.append(Fault(name, "is not there"))


def _walked(directory: Path, faults: list[Fault]) -> Iterator[str]:
    """Name all that is neither hidden nor a directory; one that several links lead to is entered once."""

    def unreadable(error: OSError) -> None:
        faults.append(Fault(str(error.filename), f"cannot be read: {error.strerror}"))

    entered = {os.path.realpath(directory)}
    for folder, folders, files in os.walk(directory, onerror=unreadable, followlinks=True):
        inner: dict[str, str] = {}
        for name in sorted(name for name in folders if name[0] != "."):
            inner.setdefault(os.path.realpath(Path(folder, name)), name)
        folders[:] = [name for real, name in inner.items() if real not in entered]
        entered.update(inner)
        yield from (str(Path(folder, name)) for name in files if name[0] != ".")


def log_of(path: str, mapping: Mapping | None) -> Log:
    """Say how to read a file: as the mapping says, or by its suffix with our own column names.

    Raises SourceError if there is no mapping and the suffix is not known.
    """
    if mapping is not None:
        return Log(path, mapping.input.format, mapping)
    suffix = suffix_of(path)
    if suffix not in FORMATS:
        hint = f"known are {', '.join(SUFFIXES)}; for any other, give a mapping that names its format"
        raise SourceError(Fault(path, "has no suffix that tells its format", hint))
    if suffix == ".tsv":
        tabs = CANONICAL.input.model_copy(update={"delimiter": "\t"})
        return Log(path, "csv", replace(CANONICAL, input=tabs))
    return Log(path, FORMATS[suffix], CANONICAL)


def suffix_of(path: str) -> str:
    """Give the suffix that tells a file's form, without that of its compression."""
    name = Path(path.lower())
    if name.suffix in COMPRESSIONS:
        inner = Path(name.stem).suffix
        return inner if inner + name.suffix in SUFFIXES else ""
    return name.suffix
