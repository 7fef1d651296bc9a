"""The examples in README and docs/ are run, and their whole output compared."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path.cwd()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```console\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
ELSEWHERE = "…"
"""Stands in the docs for output that differs from run to run."""


@dataclass(frozen=True, slots=True)
class Example:
    command: str
    output: str


def examples_in(page: Path) -> Iterator[Example]:
    for block in BLOCK.finditer(page.read_text()):
        parts = re.split(r"^\$ ", block["body"], flags=re.MULTILINE)
        for part in parts[1:]:
            command, _, output = part.partition("\n")
            yield Example(command, output)


def runnable(page: Path) -> list[Example]:
    return [example for example in examples_in(page) if example.command.startswith(("auditor ", "echo "))]


@pytest.mark.parametrize("page", [page for page in PAGES if runnable(page)], ids=lambda page: page.name)
def test_every_example_prints_what_the_page_says(page: Path, tmp_path: Path) -> None:
    for name in ("sample_logs", "rules", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    examples = runnable(page)
    script = "\n".join(f"{example.command}; status=$?; printf '\\0'; (exit $status)" for example in examples)
    done = subprocess.run(
        ["/bin/bash", "-c", script],
        cwd=tmp_path,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "COLUMNS": "100", "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    printed = done.stdout.split("\0")
    for example, output in zip(examples, printed, strict=False):
        assert_alike(example, output)
    assert len(printed) == len(examples) + 1


def assert_alike(example: Example, output: str) -> None:
    expected = ".*?".join(re.escape(part) for part in example.output.strip().split(ELSEWHERE))
    matches = re.fullmatch(expected, output.strip(), re.DOTALL)
    assert matches, f"$ {example.command}\nprints:\n{output}\nand the page says:\n{example.output}"


def test_the_readme_has_an_example_of_each_command() -> None:
    commands = {example.command.split()[1] for example in runnable(ROOT / "README.md")}
    assert {"demo", "audit", "explain", "verify"} <= commands
