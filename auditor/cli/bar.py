"""The bar that a terminal shows: apart, as loading rich takes time that no other command need spend."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


class Bar:
    """Shows the stage at work as one line that goes away at the end."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def begin(self, stage: str, total: int) -> None:
        """Show a new stage in place of the last."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(stage, total=total or None)

    def advance(self, units: int) -> None:
        """Move the bar."""
        if self._task is not None:
            self._progress.advance(self._task, units)


@contextmanager
def bar_on_stderr() -> Iterator[Bar]:
    """Show a bar on stderr, and take it away at the end."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield Bar(progress)
