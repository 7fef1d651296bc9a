"""Words of a command line → logs."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from auditor.errors import Fault, SourceError
from auditor.sources.interface import Log
from auditor.sources.mapping import CANONICAL, Mapping

FORMATS = {".csv": "csv", ".tsv": "csv", ".ndjson": "jsonl", ".jsonl": "jsonl", ".parquet": "parquet"}
COMPRESSIONS = (".gz", ".zst")
SUFFIXES = (*FORMATS, *(text + packed for text in FORMATS if text != ".parquet" for packed in COMPRESSIONS))


def find_logs(arguments: Sequence[str]) -> list[str]:
    """Name the files that the arguments mean: files, globs, and directories, mixed.

    Directories and what is in them are searched for known suffixes, hidden ones left out, in the order of
    their names. A file that is reached twice is named once. Raises SourceError with every argument that means
    nothing.
    """
    found: dict[str, str] = {}
    faults: list[Fault] = []
    for argument in arguments:
        files = list(_files_of(argument, faults))
        for file in files:
            found.setdefault(os.path.realpath(file), file)
    if faults:
        raise SourceError(*faults)
    return list(found.values())


def _files_of(argument: str, faults: list[Fault]) -> Iterator[str]:
    if Path(argument).exists() or not glob.has_magic(argument):
        yield from _files_at(argument, faults)
        return
    matches = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207  Path.glob takes no absolute pattern
    if not matches:
        faults.append(Fault(argument, "matches nothing"))
    for match in matches:
        yield from _files_at(match, faults)


def _files_at(name: str, faults: list[Fault]) -> Iterator[str]:
    path = Path(name)
    if path.is_dir():
        files = sorted(_walked(path, faults))
        if not files:
            faults.append(Fault(name, "holds no logs", f"logs in a directory end in {', '.join(SUFFIXES)}"))
        yield from files
    elif path.is_file():
        yield name
    elif path.exists():
        faults.append(Fault(name, "is no file", "write what it gives to a file first"))
    else:
        faults.append(Fault(name, "is not there"))


def _walked(directory: Path, faults: list[Fault]) -> Iterator[str]:
    def unreadable(error: OSError) -> None:
        faults.append(Fault(str(error.filename), f"cannot be read: {error.strerror}"))

    for folder, folders, files in os.walk(directory, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            path = Path(folder, name)
            if not name.startswith(".") and name.lower().endswith(SUFFIXES) and path.is_file():
                yield str(path)


def log_of(path: str, mapping: Mapping | None) -> Log:
    """Say how to read a file: as the mapping says, or by its suffix with our own column names.

    Raises SourceError if there is no mapping and the suffix is not known.
    """
    if mapping is not None:
        return Log(path, mapping.input.format, mapping)
    suffix = _suffix_of(path)
    if suffix not in FORMATS:
        hint = f"known are {', '.join(SUFFIXES)}; for any other, give a mapping that names its format"
        raise SourceError(Fault(path, "has no suffix that tells its format", hint))
    if suffix == ".tsv":
        tabs = CANONICAL.input.model_copy(update={"delimiter": "\t"})
        return Log(path, "csv", replace(CANONICAL, input=tabs))
    return Log(path, FORMATS[suffix], CANONICAL)


def _suffix_of(path: str) -> str:
    name = Path(path.lower())
    if name.suffix in COMPRESSIONS:
        inner = Path(name.stem).suffix
        return inner if inner + name.suffix in SUFFIXES else ""
    return name.suffix
