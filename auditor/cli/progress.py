"""How far an audit has come, on a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from auditor.engine.job import Observer, Silence


@contextmanager
def progress_on_terminal(*, quiet: bool) -> Iterator[Observer]:
    """Give an observer: a bar where stderr is a terminal, silence elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield Silence()
        return
    from auditor.cli.bar import bar_on_stderr  # noqa: PLC0415  a tenth of the start-up, where nobody looks

    with bar_on_stderr() as bar:
        yield bar
