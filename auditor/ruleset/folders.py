"""Which files of a rules folder are read, and which stand where nothing is read."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.errors import Fault

_PACKS = "packs"
_GROUPS, _WINDOWS, _WAIVERS = "groups", "windows", "waivers"
_BESIDE = (_GROUPS, _WINDOWS, _WAIVERS)
_LAYOUT = "rules stand in the folder itself, other files in `groups/`, `windows/` and `waivers/`"


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of some folders, each once, in order.

    `without_rules` are the folders that hold no rule, or are none.
    """

    rules: tuple[Path, ...]
    groups: tuple[Path, ...]
    windows: tuple[Path, ...]
    waivers: tuple[Path, ...]
    faults: tuple[Fault, ...]
    without_rules: tuple[Path, ...]


def list_folders(folders: Sequence[Path]) -> Listing:
    """List what is to be read of each folder: its rules and what lies beside them.

    A pack also sees the groups of the folder that holds `packs/`.

    YAML files elsewhere in a folder, or with another ending than `.yaml`, are faults, as they would be left
    out in silence. Packs are read only when they are named themselves; hidden files and folders never.
    """
    rules: list[Path] = []
    beside: dict[str, list[Path]] = {name: [] for name in _BESIDE}
    faults: list[Fault] = []
    without_rules: list[Path] = []
    for folder in folders:
        if not folder.is_dir():
            without_rules.append(folder)
            continue
        try:
            own = list(_yaml_files(folder))
            rules += own
            for name in _BESIDE:
                beside[name] += [file for place in _beside(folder, name) for file in _yaml_files(place)]
            faults += _strays(folder)
            without_rules += [] if own else [folder]
        except OSError as error:
            faults.append(Fault(str(error.filename or folder), f"cannot be read: {error.strerror}"))
    groups, windows, waivers = (_each_once(beside[name]) for name in _BESIDE)
    return Listing(_each_once(rules), groups, windows, waivers, tuple(faults), tuple(without_rules))


def list_rules(files: Sequence[Path], folders: Sequence[Path] = ()) -> Listing:
    """List some rule files, with the groups and windows beside them and in `folders`.

    What else is in their folders is not listed.
    """
    folders = tuple(dict.fromkeys((*(file.parent for file in files), *folders)))
    groups, windows = (
        [file for folder in folders for place in _beside(folder, name) for file in _yaml_files(place)]
        for name in (_GROUPS, _WINDOWS)
    )
    return Listing(_each_once(files), _each_once(groups), _each_once(windows), (), (), ())


def rule_files(folder: Path) -> tuple[Path, ...]:
    """List the rule files of a folder and of its packs; none where it is no folder."""
    places = (folder, *packs_in(folder)) if folder.is_dir() else ()
    return tuple(file for place in places for file in _yaml_files(place))


def packs_in(folder: Path) -> tuple[Path, ...]:
    """List the packs that lie in a folder, by name."""
    packs = folder / _PACKS
    return tuple(sorted(filter(_is_shown_folder, packs.iterdir()))) if packs.is_dir() else ()


def with_packs(folders: Sequence[Path]) -> tuple[Path, ...]:
    """List folders and, after each, its packs. A folder that holds packs and no rule is left out."""
    return tuple(place for folder in folders for place in (*_unless_only_packs(folder), *packs_in(folder)))


def _unless_only_packs(folder: Path) -> tuple[Path, ...]:
    return () if packs_in(folder) and not any(_yaml_files(folder)) else (folder,)


def _yaml_files(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.iterdir()) if file.suffix == ".yaml" and _is_shown_file(file))


def _beside(folder: Path, name: str) -> Iterator[Path]:
    yield from _existing(folder / name)
    around = folder if folder.parent.name else folder.resolve()
    if name == _GROUPS and around.parent.name == _PACKS:
        yield from _existing(around.parent.parent / _GROUPS)


def _existing(folder: Path) -> Iterable[Path]:
    return [folder] if folder.is_dir() else []


def _strays(folder: Path) -> Iterator[Fault]:
    beside = [place for name in _BESIDE for place in _existing(folder / name)]
    for place in (folder, *beside):
        for file in sorted(place.iterdir()):
            if _is_shown_file(file) and _is_yaml(file) and file.suffix != ".yaml":
                yield Fault(str(file), f"ends in `{file.suffix}`", "name it `.yaml`, or it would not be read")
    for inner in sorted(folder.iterdir()):
        if _is_shown_folder(inner) and inner.name not in (_PACKS, *_BESIDE):
            yield from _out_of_place(inner)
    for inner in beside:
        for deeper in filter(_is_shown_folder, sorted(inner.iterdir())):
            yield from _out_of_place(deeper)


def _out_of_place(folder: Path) -> Iterator[Fault]:
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if not hidden and file.is_file() and _is_yaml(file):
            yield Fault(str(file), "stands in a folder that is not read", _LAYOUT)


def _is_yaml(file: Path) -> bool:
    return file.suffix.lower() in (".yaml", ".yml")


def _is_shown_file(path: Path) -> bool:
    return not path.name.startswith(".") and not path.is_dir()


def _is_shown_folder(path: Path) -> bool:
    return not path.name.startswith(".") and path.is_dir()


def _each_once(files: Iterable[Path]) -> tuple[Path, ...]:
    found: dict[str, Path] = {}
    for file in files:
        found.setdefault(os.path.realpath(file), file)  # unlike Path.resolve, it bears links in a circle
    return tuple(found.values())
