"""All rules of an audit, whole and frozen."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from auditor.ruleset.groups import Groups
from auditor.ruleset.schema import NeverRule, Rule
from auditor.ruleset.waiver_schema import Waiver
from auditor.ruleset.windows import NO_WINDOWS, Windows

FileKind = Literal["rule", "groups", "windows", "waiver"]


@dataclass(frozen=True, slots=True)
class RulesFile:
    """A file that was read: what it defines, and, of a rule file, where its cases stand."""

    path: str
    kind: FileKind
    sha256: str
    bytes: int
    ids: tuple[str, ...]
    case_places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules sorted by id, groups, windows and waivers beside them, and the files that all of it came from.

    `digest` depends on what the files hold, not on where they lie.
    """

    rules: tuple[Rule, ...]
    groups: Groups
    files: tuple[RulesFile, ...]
    digest: str
    windows: Windows = NO_WINDOWS
    waivers: tuple[Waiver, ...] = ()

    @classmethod
    def of(
        cls,
        rules: Iterable[Rule],
        groups: Groups,
        files: Iterable[RulesFile] = (),
        *,
        windows: Windows | None = None,
        waivers: Iterable[Waiver] = (),
    ) -> "RuleSet":
        """Put a rule set together from rules that are known to be sound."""
        rules = tuple(sorted(rules, key=lambda rule: rule.id))
        files = tuple(sorted(files, key=lambda file: (file.kind, file.path)))
        waivers = tuple(sorted(waivers, key=lambda waiver: waiver.id))
        return cls(rules, groups, files, _digest_of(files), windows or NO_WINDOWS, waivers)

    def file_of(self, rule: Rule) -> RulesFile:
        """Give the file in which a rule stands. Raises KeyError for a rule without a file."""
        for file in self.files:
            if file.kind == "rule" and rule.id in file.ids:
                return file
        raise KeyError(rule.id)

    def never_title(self, rule: Rule) -> str | None:
        """Give the titles of the groups in which a `never` rule allows no relay; None for other effects."""
        return ", ".join(self.groups.titles(rule.never.in_)) if isinstance(rule, NeverRule) else None


def _digest_of(files: Iterable[RulesFile]) -> str:
    lines = sorted(f"{file.kind} {file.sha256}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
