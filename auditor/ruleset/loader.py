"""Rule folders → a RuleSet: complete, or all faults of all files at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from auditor.documents import Document, blanks_in, model_of, read_document
from auditor.errors import Fault, NothingToAuditError, RuleSetError
from auditor.ruleset.extending import extended, faults_of_extending, told_once
from auditor.ruleset.fields import GroupsKnown
from auditor.ruleset.folders import Listing, list_folders, packs_in
from auditor.ruleset.group_schema import GroupsFile
from auditor.ruleset.groups import Groups
from auditor.ruleset.references import faults_among, groups_in
from auditor.ruleset.ruleset import FileKind, RuleSet, RulesFile
from auditor.ruleset.schema import RULE_OF_EFFECT, Effect, Rule, RuleBase
from auditor.ruleset.tightening import faults_of_loosening
from auditor.ruleset.waiver_schema import Waiver, faults_among_waivers
from auditor.ruleset.windows import Windows, WindowsFile
from auditor.text import nearest

Model = TypeVar("Model", bound=BaseModel)

__all__ = ["Documented", "RuleSet", "load_documented", "load_listing", "load_ruleset", "packs_in"]


@dataclass(frozen=True, slots=True)
class Documented:
    """A rule set, and the documents that it was read from, by path."""

    ruleset: RuleSet
    documents: Mapping[str, Document]


def load_ruleset(folders: Sequence[Path]) -> RuleSet:
    """Load the rules of the folders, each with the groups, windows and waivers beside it.

    A pack sees also the groups around `packs/`. Raises RuleSetError with every fault of every file. Raises
    NothingToAuditError if no folder is named, or one of them is not there or holds no rule: silence is never
    compliance.
    """
    return load_documented(folders).ruleset


def load_documented(folders: Sequence[Path]) -> Documented:
    """Load a rule set with its documents, for whoever says where something stands. As `load_ruleset`."""
    return load_listing(list_folders(folders))


def load_listing(listing: Listing) -> Documented:
    """Load the files that are listed, and no other. As `load_ruleset`."""
    rules, groups, windows, waivers = (
        _Files.read(paths) for paths in (listing.rules, listing.groups, listing.windows, listing.waivers)
    )
    known = GroupsKnown(
        frozenset(name for document in groups.documents for name in groups_in(document)),
        all_of_them=not groups.faults,
    )
    rules_read = [(document, _rule_in(document, known)) for document in extended(rules.documents)]
    groups_read = groups.models(GroupsFile, known)
    windows_read = windows.models(WindowsFile)
    waivers_read = waivers.models(Waiver)
    faults = [*listing.faults, *_faults_between(rules, groups, waivers)]
    faults += [fault for files in (rules, groups, windows, waivers) for fault in files.faults]
    faults += told_once([(document, read if isinstance(read, list) else []) for document, read in rules_read])
    for read in (*groups_read, *windows_read, *waivers_read):
        faults += read[1] if isinstance(read[1], list) else []
    if faults:
        raise RuleSetError.of(dict.fromkeys(faults))
    if listing.without_rules or not rules.documents:
        raise NothingToAuditError.of(_without_rules(listing.without_rules))
    ruleset = _ruleset_of(_sound(rules_read), _sound(groups_read), _sound(windows_read), _sound(waivers_read))
    documents = {read[0].path: read[0] for read in (*rules_read, *groups_read, *windows_read, *waivers_read)}
    loose = [
        replace(fault, place=documents[fault.place].place(("extends",)))
        for fault in faults_of_loosening(ruleset)
    ]
    if loose:
        raise RuleSetError.of(loose)
    return Documented(ruleset, documents)


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of one kind: those that are YAML, and what is wrong with the others."""

    documents: list[Document]
    faults: list[Fault]

    @classmethod
    def read(cls, paths: Iterable[Path]) -> "_Files":
        documents, faults = _documents(paths)
        return cls(documents, faults)

    def models(
        self, model: type[Model], context: object = None
    ) -> list[tuple[Document, Model | list[Fault]]]:
        """Read each document as a model, or find its faults."""
        return [(document, _read(document, model, context)) for document in self.documents]


def _sound(read: Sequence[tuple[Document, Model | list[Fault]]]) -> list[tuple[Document, Model]]:
    sound = [(document, one) for document, one in read if not isinstance(one, list)]
    if len(sound) < len(read):
        raise AssertionError("a faulty file is told of, never left out in silence")
    return sound


def _faults_between(rules: _Files, groups: _Files, waivers: _Files) -> Iterator[Fault]:
    by_id = {
        document.data["id"]: document
        for document in rules.documents
        if isinstance(document.data.get("id"), str)
    }
    yield from faults_among(rules.documents, groups.documents)
    yield from faults_of_extending(rules.documents, all_known=not rules.faults)
    yield from faults_among_waivers(waivers.documents, by_id, all_known=not rules.faults)


def _documents(files: Iterable[Path]) -> tuple[list[Document], list[Fault]]:
    documents: list[Document] = []
    faults: list[Fault] = []
    for file in files:
        if file.exists() and not file.is_file():
            faults.append(Fault(str(file), "is no regular file"))
            continue
        read = read_document(file)
        if isinstance(read, Document):
            documents.append(read)
        else:
            faults += read
    return documents, faults


def _read(document: Document, model: type[Model], context: object) -> Model | list[Fault]:
    """Read a document as a model; a blank key is a fault, as one that is left out may mean *no limit*."""
    read = model_of(document, model, context=context)
    faults = read if isinstance(read, list) else []
    blanks = [
        fault
        for key, fault in blanks_in(document)
        if not any(other.text.startswith(f"{key}: ") for other in faults)
    ]
    return [*faults, *blanks] or read


class _RuleOfNoEffect(RuleBase):
    """What can be said of a rule as long as nobody knows its effect: its body is left unread."""

    model_config = ConfigDict(extra="ignore")


def _rule_in(document: Document, known: GroupsKnown) -> Rule | list[Fault]:
    effect = document.data.get("effect")
    model = RULE_OF_EFFECT.get(effect) if isinstance(effect, str) else None
    if model is None:
        rest = _read(document, _RuleOfNoEffect, known)
        return [_no_effect(document), *(rest if isinstance(rest, list) else ())]
    read = _read(document, model, known)
    return [_with_body_hint(fault, str(effect)) for fault in read] if isinstance(read, list) else read


def _no_effect(document: Document) -> Fault:
    effect, choices = document.data.get("effect"), ", ".join(f"`{one}`" for one in RULE_OF_EFFECT)
    if "effect" not in document.data:
        return Fault(document.place(()), "effect: is missing", f"it is one of {choices}")
    if not isinstance(effect, str):
        return Fault(document.place(("effect",)), "effect: is no word", f"it is one of {choices}")
    hint = nearest(effect, RULE_OF_EFFECT) or f"it is one of {choices}"
    return Fault(document.place(("effect",)), f"effect: `{effect}` is no effect", hint)


def _with_body_hint(fault: Fault, effect: str) -> Fault:
    """Say of the body of another effect which body is the right one, and who has no exceptions."""
    if fault.text == "exceptions: unknown key":
        text = f"exceptions: a `{effect}` rule has none"
        hint = "nothing excuses it" if effect == Effect.NEVER else "only a `fence` has exceptions"
        return replace(fault, text=text, hint=hint)
    for other in RULE_OF_EFFECT:
        if other != effect and fault.text == f"{other}: unknown key":
            return replace(fault, hint=f"the effect is `{effect}`, and so is the key of its body")
    return fault


def _without_rules(folders: Iterable[Path]) -> list[Fault]:
    return [_without_rule(folder) for folder in folders] or [
        Fault("", "no rules folder is named", "name one")
    ]


def _without_rule(folder: Path) -> Fault:
    if not folder.exists():
        return Fault(str(folder), "there is no such folder", "rules are looked for in folders")
    if not folder.is_dir():
        return Fault(str(folder), "is no folder", f"name the folder that it lies in: `{folder.parent}`")
    packs = packs_in(folder)
    hint = f"name a pack itself, as `{packs[0]}`" if packs else "a rule is a file `ID.yaml` in this folder"
    return Fault(str(folder), "holds no rules", hint)


def _ruleset_of(
    rules: Sequence[tuple[Document, Rule]],
    groups: Sequence[tuple[Document, GroupsFile]],
    windows: Sequence[tuple[Document, WindowsFile]],
    waivers: Sequence[tuple[Document, Waiver]],
) -> RuleSet:
    by_id = {name: group for _, file in groups for name, group in file.groups.items()}
    verified = {name: file.verified_on for _, file in groups for name in file.groups}
    declared = tuple(window for _, file in windows for window in file.windows)
    files = [
        *(_file(document, "rule", (rule.id,), len(rule.tests)) for document, rule in rules),
        *(_file(document, "groups", tuple(file.groups), 0) for document, file in groups),
        *(_file(document, "windows", _ids(file), 0) for document, file in windows),
        *(_file(document, "waiver", (waiver.id,), 0) for document, waiver in waivers),
    ]
    return RuleSet.of(
        (rule for _, rule in rules),
        Groups(by_id, verified),
        files,
        windows=Windows(declared),
        waivers=(waiver for _, waiver in waivers),
    )


def _ids(file: WindowsFile) -> tuple[str, ...]:
    return tuple(dict.fromkeys(window.id for window in file.windows))


def _file(document: Document, kind: FileKind, ids: tuple[str, ...], cases: int) -> RulesFile:
    places = tuple(document.place(("tests", index)) for index in range(cases))
    size = Path(document.path).stat().st_size
    return RulesFile(document.path, kind, document.sha256, size, ids, places)
