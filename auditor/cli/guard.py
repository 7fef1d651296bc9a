"""The last fence before Typer, which would end a crash with 1: here 1 means *violation*."""

import functools
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec

import typer

from auditor.engine.conditions import ExitCode
from auditor.errors import AuditorError, Fault, InputError, RuleSetError, UsageError

_SHOWN = 40
"""So many characters are shown on either side of one that cannot be written."""

Words = ParamSpec("Words")
_CODES = (
    (RuleSetError, ExitCode.RULES_FAULTY),
    (UsageError, ExitCode.USAGE),
    (InputError, ExitCode.INPUT_MISSING),
)


def guarded(command: Callable[Words, ExitCode]) -> Callable[Words, None]:
    """Make a command that returns its exit code into one that Typer can run, whatever happens in it."""

    @functools.wraps(command)
    def run(*args: Words.args, **kwargs: Words.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
            sys.stdout.flush()
        except (typer.TyperException, typer.Exit, typer.Abort):
            raise
        except AuditorError as error:
            say(f"error: {error}")
            code = exit_code_of(error)
        except KeyboardInterrupt:
            say("interrupted; nothing was written")
            code = ExitCode.INTERRUPTED
        except BrokenPipeError:  # the reader of our output has gone
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = ExitCode.PIPE_CLOSED
        except OSError as error:
            say(f"error: {_refused(error)}")
            code = ExitCode.INPUT_MISSING
        except UnicodeEncodeError as error:  # all that a log holds is UTF-8 by now: only names are not
            say(f"error: {_unnameable(error)}")
            code = ExitCode.INPUT_MISSING
        except (SystemExit, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001  the last fence before Typer; a panic in Rust is no Exception
            say(f"internal error: {type(error).__name__}: {error}")
            code = ExitCode.INTERNAL
        raise typer.Exit(int(code))

    return run


def exit_code_of(error: AuditorError) -> ExitCode:
    """Translate an error that a user can mend."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.INTERNAL)


def say(text: str) -> None:
    """Write words for people to stderr, so that no control character of a log reaches the terminal.

    Nobody may listen any more: the exit code still tells.
    """
    with suppress(OSError):
        typer.echo(printable(text), err=True)


def _refused(error: OSError) -> Fault:
    """Say what the system refused, of whatever file."""
    place = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
    return Fault(place, f"cannot be read or written: {error.strerror or error}")


def _unnameable(error: UnicodeEncodeError) -> Fault:
    shown = error.object[max(0, error.start - _SHOWN) : error.end + _SHOWN]
    return Fault(f"`{shown}`", "is in a name that is not UTF-8", "rename the file or the folder")


def printable(text: str) -> str:
    """Escape what would steer a terminal; line breaks stay."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(
        character if character.isprintable() or character == "\n" else f"\\u{ord(character):04x}"
        for character in text
    )
