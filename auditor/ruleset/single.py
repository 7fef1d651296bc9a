"""One rule of a folder or of its packs, found by its id and loaded without the others."""

from collections.abc import Sequence
from difflib import get_close_matches
from itertools import takewhile
from pathlib import Path

from auditor.documents import Document, read_document
from auditor.errors import Fault, UsageError
from auditor.ruleset.folders import list_rules, rule_files
from auditor.ruleset.loader import load_listing, load_ruleset
from auditor.ruleset.table import Subject
from auditor.text import nearest

_KEY = "extends"


def find_rule(rule_id: str, folders: Sequence[Path]) -> Subject:
    """Load the rule of an id with the groups and windows of all folders, and the rules that it extends.

    It is looked for in the folders and in their packs. Raises UsageError if it is not there, RuleSetError
    with the faults of the files that were read or if several files bear its name, and NothingToAuditError if
    the folders hold no rules.
    """
    files = [file for folder in folders for file in rule_files(folder)]
    if not files:
        load_ruleset(folders)  # says that there are none, and why
    found = [file for file in files if file.stem == rule_id]
    if not found:
        raise UsageError(unknown_rule(rule_id, [file.stem for file in files]))
    if len(found) > 1:
        load_listing(list_rules(found))  # says that the id stands twice, unless all are one file
    return load_rule(found[0], files, [folder for folder in folders if folder.is_dir()])


def load_rule(file: Path, among: Sequence[Path] = (), folders: Sequence[Path] = ()) -> Subject:
    """Load one rule file, with the groups and windows beside it and in `folders`.

    The rules that it extends are looked for in its own folder, and then among other rule files.
    """
    files = _with_parents(file, among)
    ruleset = load_listing(list_rules(files, folders)).ruleset
    return Subject(next(rule for rule in ruleset.rules if rule.id == file.stem), ruleset)


def unknown_rule(rule_id: str, known: Sequence[str]) -> Fault:
    """Say that a rule is not there, and which may be meant."""
    hint = _meant(rule_id, known) or "`auditor rules list` names all"
    return Fault("", f"`{rule_id}` is no rule that is there", hint)


def _meant(rule_id: str, known: Sequence[str]) -> str | None:
    """Suggest a rule that begins with the same words: they name the region, and the rest may be cut short."""
    words = rule_id.split("-")
    alike = [one for one in known if one.startswith(f"{rule_id}-") or nearest(rule_id, [one])]
    in_common = {one: _in_common(words, one.split("-")) for one in alike}
    best = [one for one in alike if in_common[one] == max(in_common.values())]
    return next((f"did you mean `{one}`?" for one in get_close_matches(rule_id, best, cutoff=0)), None)


def _in_common(words: Sequence[str], others: Sequence[str]) -> int:
    """Count the words with which both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(words, others, strict=False)))


def _with_parents(file: Path, among: Sequence[Path]) -> list[Path]:
    files = [file]
    while (parent := _parent_of(files[-1], among)) and parent not in files:
        files.append(parent)
    return files


def _parent_of(file: Path, among: Sequence[Path]) -> Path | None:
    """Find the file of the rule that a rule extends; what cannot be read is told when it is loaded."""
    try:
        if _KEY not in file.read_text(encoding="utf-8", errors="replace"):
            return None
    except OSError:
        return None
    document = read_document(file)
    name = document.data.get(_KEY) if isinstance(document, Document) else None
    beside = file.parent.glob("*.yaml")
    return next((one for one in (*beside, *among) if one.stem == name), None)
