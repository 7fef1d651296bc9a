"""Each rule, group, window and waiver in docs/rules.md is a file that loads, and passes its own cases."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.ruleset.loader import load_ruleset
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.testing import failures_in

PAGE = Path("docs/rules.md")
FILE = re.compile(r"^```yaml\n# (?P<name>\S+\.yaml)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


def files() -> Iterator[tuple[str, str]]:
    for block in FILE.finditer(PAGE.read_text(encoding="utf-8")):
        yield block["name"], block["body"]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    folder = tmp_path_factory.mktemp("rules")
    for name, body in files():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(body, encoding="utf-8")
    return load_ruleset([folder])


def test_every_yaml_block_of_the_page_names_its_file() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.count("```yaml\n") == len(list(files())) > 0


def test_every_effect_and_every_kind_of_file_is_taught(loaded: RuleSet) -> None:
    assert {rule.effect for rule in loaded.rules} == {"fence", "never", "require", "watch"}
    assert {file.kind for file in loaded.files} == {"rule", "groups", "windows", "waiver"}


def test_the_rules_of_the_page_pass_their_cases(loaded: RuleSet) -> None:
    assert [str(fault) for rule in loaded.rules for fault in failures_in(rule, loaded)] == []
