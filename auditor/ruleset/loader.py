"""Rule folders → a RuleSet: complete, or all faults of all files at once."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from auditor.documents import Document, model_of, read_document
from auditor.errors import Fault, NothingToAuditError, RuleSetError
from auditor.ruleset.fields import GroupsKnown
from auditor.ruleset.folders import list_folders, packs_in
from auditor.ruleset.groups import Groups
from auditor.ruleset.references import faults_among, groups_in
from auditor.ruleset.ruleset import FileKind, RuleSet, RulesFile
from auditor.ruleset.schema import RULE_OF_EFFECT, GroupsFile, Rule
from auditor.text import nearest

__all__ = ["RuleSet", "load_ruleset", "packs_in"]


def load_ruleset(folders: Sequence[Path]) -> RuleSet:
    """Load the rules of the folders, each with the groups beside it; a pack sees also those around `packs/`.

    Raises RuleSetError with every fault of every file. Raises NothingToAuditError if no folder is named, or
    one of them is not there or holds no rule: silence is never compliance.
    """
    listing = list_folders(folders)
    rule_documents, rule_faults = _documents(listing.rules)
    group_documents, group_faults = _documents(listing.groups)
    known = GroupsKnown(
        frozenset(name for document in group_documents for name in groups_in(document)),
        all_of_them=not group_faults,
    )
    rules = [(document, _rule_in(document, known)) for document in rule_documents]
    groups = [(document, model_of(document, GroupsFile, context=known)) for document in group_documents]
    faults = [*listing.faults, *rule_faults, *group_faults, *faults_among(rule_documents, group_documents)]
    faults += [fault for _, read in (*rules, *groups) if isinstance(read, list) for fault in read]
    if faults:
        raise RuleSetError.of(faults)
    if listing.without_rules or not rules:
        raise NothingToAuditError.of(_without_rules(listing.without_rules))
    return _ruleset_of(
        [(document, read) for document, read in rules if not isinstance(read, list)],
        [(document, read) for document, read in groups if not isinstance(read, list)],
    )


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


def _rule_in(document: Document, known: GroupsKnown) -> Rule | list[Fault]:
    effect = document.data.get("effect")
    model = RULE_OF_EFFECT.get(effect) if isinstance(effect, str) else None
    if model is None:
        return [_no_effect(document)]
    read = model_of(document, model, context=known)
    return [_with_body_hint(fault, str(effect)) for fault in read] if isinstance(read, list) else read


def _no_effect(document: Document) -> Fault:
    effect, choices = document.data.get("effect"), ", ".join(f"`{one}`" for one in RULE_OF_EFFECT)
    if "effect" not in document.data:
        return Fault(document.place(()), "effect: is missing", f"it is one of {choices}")
    hint = nearest(str(effect), RULE_OF_EFFECT) or f"it is one of {choices}"
    return Fault(document.place(("effect",)), f"effect: `{effect}` is no effect", hint)


def _with_body_hint(fault: Fault, effect: str) -> Fault:
    """Say of the body of another effect which body is the right one."""
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
    rules: Sequence[tuple[Document, Rule]], groups: Sequence[tuple[Document, GroupsFile]]
) -> RuleSet:
    by_id = {name: group for _, file in groups for name, group in file.groups.items()}
    files = [
        *(_file(document, "rule", (rule.id,), len(rule.tests)) for document, rule in rules),
        *(_file(document, "groups", tuple(file.groups), 0) for document, file in groups),
    ]
    return RuleSet.of((rule for _, rule in rules), Groups(by_id), files)


def _file(document: Document, kind: FileKind, ids: tuple[str, ...], cases: int) -> RulesFile:
    places = tuple(document.place(("tests", index)) for index in range(cases))
    size = Path(document.path).stat().st_size
    return RulesFile(document.path, kind, document.sha256, size, ids, places)
