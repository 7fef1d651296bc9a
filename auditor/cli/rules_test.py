"""`auditor rules test`: the cases of rules, what they must show, and the mutants that they must catch."""

from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from auditor.cli.guard import guarded, printable
from auditor.cli.progress import progress_on_terminal
from auditor.cli.rules import Folders, rules_app, with_default
from auditor.engine.conditions import ExitCode
from auditor.errors import Fault, RuleSetError, UsageError
from auditor.ruleset.folders import with_packs
from auditor.ruleset.loader import Documented, load_documented
from auditor.ruleset.mutants.examination import Examination, examine
from auditor.ruleset.schema import Rule
from auditor.text import nearest

RuleIds = Annotated[
    list[str] | None, typer.Option("--rule", metavar="ID", help="Only this rule; repeatable; default all.")
]
NoMutants = Annotated[bool, typer.Option("--no-mutants", help="Only run the cases, and see what they lack.")]


@rules_app.command("test")
@guarded
def examine_command(
    folders: Folders = None, *, rule: RuleIds = None, no_mutants: NoMutants = False
) -> ExitCode:
    """Test rules and packs as code: their cases, what these must show, and mutants.

    A mutant is the rule with one small mistake. Each must be caught by some case, or accepted with a reason.
    """
    loaded = load_documented(with_packs(with_default(folders)))
    chosen = _chosen(loaded.ruleset.rules, rule)
    done: list[Examination] = []
    with progress_on_terminal(quiet=False) as observer:
        observer.begin("Testing rules", len(chosen))
        for one in chosen:
            done.append(_examined(one, loaded, with_mutants=not no_mutants))
            observer.advance(1)
    for line in _lines(done):
        typer.echo(printable(line))
    faults = [fault for one in done for fault in one.faults]
    if faults:
        raise RuleSetError.of(faults)
    return ExitCode.COMPLIANT


def _chosen(rules: Sequence[Rule], ids: Iterable[str] | None) -> list[Rule]:
    known = [rule.id for rule in rules]
    faults = [
        Fault("--rule", f"`{name}` is no rule that is loaded", nearest(name, known))
        for name in ids or ()
        if name not in known
    ]
    if faults:
        raise UsageError(*faults)
    return [rule for rule in rules if not ids or rule.id in ids]


def _examined(rule: Rule, loaded: Documented, *, with_mutants: bool) -> Examination:
    document = loaded.documents[loaded.ruleset.file_of(rule).path]
    return examine(rule, loaded.ruleset, document.place, with_mutants=with_mutants)


def _lines(done: Sequence[Examination]) -> list[str]:
    """Write a line for each rule, and the sums."""
    rows = [(one.rule.id, *_counts([one])) for one in done]
    rows.append((f"{len(done)} {'rule' if len(done) == 1 else 'rules'}", *_counts(done)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if column and column < len(row) - 1 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _counts(done: Sequence[Examination]) -> tuple[str, ...]:
    faults = sum(len(one.faults) for one in done)
    tried = [one for one in done if one.mutants is not None]
    mutants = sum(one.mutants or 0 for one in tried)
    return (
        _counted(sum(one.cases for one in done), "case"),
        _counted(mutants, "mutant") if tried else "",
        f"{sum(one.caught for one in tried):,} caught" if tried else "",
        f"{sum(one.accepted for one in tried):,} accepted" if tried else "",
        _counted(faults, "fault") if faults else "",
    )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun if number == 1 else f'{noun}s'}"
