"""Every way out of a command has its own code; those that need no command are tried here."""

import errno

import pytest
import typer
from rich.progress import Progress

from auditor.cli.bar import Bar
from auditor.cli.guard import guarded, printable
from auditor.cli.main import app
from auditor.engine.conditions import ExitCode
from auditor.errors import (
    AuditorError,
    Fault,
    GeoError,
    NothingToAuditError,
    RuleSetError,
    RunError,
    SourceError,
    UsageError,
)

FAULT = Fault("log.csv", "is odd")


def code_of(error: BaseException) -> int:
    def command() -> ExitCode:
        raise error

    with pytest.raises(typer.Exit) as raised:
        guarded(command)()
    return raised.value.exit_code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError(FAULT), 2),
        (RuleSetError(FAULT), 5),
        (SourceError(FAULT), 6),
        (GeoError(FAULT), 6),
        (NothingToAuditError(FAULT), 6),
        (RunError(FAULT), 6),
        (AuditorError(FAULT), 70),
        (OSError(errno.ENOSPC, "No space left on device"), 6),
        (PermissionError(errno.EACCES, "Permission denied", "log.csv"), 6),
        (PermissionError(errno.EACCES, "Permission denied", b"log\xff.csv"), 6),
        ("\udcff.csv".encode, 6),
        (KeyboardInterrupt(), 130),
        (MemoryError(), 70),
        (RecursionError("too deep"), 70),
    ],
)
def test_each_error_has_its_code_and_none_is_a_violation(error: object, code: int) -> None:
    assert code_of(error if isinstance(error, BaseException) else _raised_by(error)) == code


def _raised_by(encode: object) -> UnicodeEncodeError:
    with pytest.raises(UnicodeEncodeError) as raised:
        encode()  # type: ignore[operator]  # the method of a text
    return raised.value


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            PermissionError(errno.EACCES, "Permission denied", "log.csv"),
            "error: log.csv: cannot be read or written: Permission denied\n",
        ),
        (OSError("odd"), "error: cannot be read or written: odd\n"),
    ],
)
def test_what_the_system_refuses_is_named(
    capsys: pytest.CaptureFixture[str], error: OSError, said: str
) -> None:
    assert code_of(error) == ExitCode.INPUT_MISSING
    assert capsys.readouterr().err == said


def test_what_typer_raises_is_left_to_typer() -> None:
    def command() -> ExitCode:
        raise typer.BadParameter("no")

    with pytest.raises(typer.BadParameter):
        guarded(command)()


def test_what_steers_a_terminal_is_escaped() -> None:
    assert printable("a\x1b[2J\rü\n\u202e") == "a\\u001b[2J\\u000dü\n\\u202e"


def test_a_new_stage_takes_the_place_of_the_last() -> None:
    progress = Progress(disable=True)
    bar = Bar(progress)
    bar.advance(1)
    assert progress.tasks == []
    bar.begin("Hashing", 4)
    bar.advance(3)
    bar.begin("Judging", 0)
    assert [(task.description, task.total) for task in progress.tasks] == [("Judging", None)]


def test_every_command_is_registered() -> None:
    assert {command.name for command in app.registered_commands} == {
        "audit",
        "demo",
        "explain",
        "report",
        "verify",
    }
