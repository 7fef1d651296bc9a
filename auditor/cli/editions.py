"""Editions of rules: a rule file, a folder with its packs, or either in a git revision."""

import tempfile
from pathlib import Path

from auditor.cli.revisions import Revision
from auditor.errors import AuditorError, Fault
from auditor.ruleset.folders import rule_files, with_packs
from auditor.ruleset.loader import load_ruleset
from auditor.ruleset.single import load_rule
from auditor.ruleset.table import Subject
from auditor.ruleset.tables.diff import Edition


def edition_of(text: str) -> Edition:
    """Load what a text names: a file or folder that is there, else a git revision.

    Raises InputError if it is none of these, and RuleSetError with all faults of its rules.
    """
    path = Path(text)
    if path.exists():
        return _load(path)
    revision = Revision.of(text)
    with tempfile.TemporaryDirectory() as folder:
        try:
            return _load(revision.write(Path(folder)))
        except AuditorError as error:
            raise type(error)(*(_as_named(fault, folder, text) for fault in error.faults)) from None


def _load(path: Path) -> Edition:
    if path.is_dir():
        ruleset = load_ruleset(with_packs([path]))
        return Edition(tuple(Subject(rule, ruleset) for rule in ruleset.rules), is_single=False)
    around = path.parent.parent.parent if path.parent.parent.name == "packs" else None
    return Edition((load_rule(path, rule_files(around) if around else ()),), is_single=True)


def _as_named(fault: Fault, folder: str, text: str) -> Fault:
    """Tell of files of a revision as git names them, and not of where they were written out."""
    name, _, _ = text.partition(":")
    place, what, hint = (
        part and part.replace(f"{folder}/", f"{name}:") for part in (fault.place, fault.text, fault.hint)
    )
    return Fault(place or "", what or "", hint)
