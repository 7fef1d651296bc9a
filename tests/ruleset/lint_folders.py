"""A folder in which lint finds nothing, for tests to change."""

from datetime import UTC, datetime
from pathlib import Path

from auditor.ruleset.folders import with_packs
from auditor.ruleset.lints.lint import lint
from auditor.ruleset.loader import load_documented
from tests.ruleset.rule_files import GROUPS, RULE

AS_OF = datetime(2026, 12, 1, tzinfo=UTC)
OWNED = RULE.replace("severity", "owner: counsel\napproved: {by: counsel, on: 2026-11-20}\nseverity")
QUIET_GROUPS = GROUPS.replace("{code: DE},", "{code: DE}, {code: GI},")
QUIET = {"eu-fence.yaml": OWNED, "groups/europe.yaml": QUIET_GROUPS}


def found_in(folder: Path, as_of: datetime = AS_OF) -> list[str]:
    return [str(one) for one in lint(load_documented(with_packs([folder])), as_of=as_of)]


def changed(*changes: tuple[str, str], rule: str = OWNED) -> dict[str, str]:
    for old, new in changes:
        assert rule.count(old) == 1, old
        rule = rule.replace(old, new)
    return {"eu-fence.yaml": rule}


def grouped(text: str) -> dict[str, str]:
    return {"groups/more.yaml": f"schema: auditor/groups@1\nverified_on: 2026-11-22\ngroups:\n{text}"}
