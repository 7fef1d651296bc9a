"""How long a server is waited for, and how often it is asked again."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from auditor.geo.fetching.errors import BrokenError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """The waiting times of an update.

    `silence` is how long a server may say nothing; `retry_for` is how long after the first failure it is
    asked again, with pauses that double from `first_pause` to `longest_pause`.
    """

    retry_for: timedelta
    silence: timedelta = timedelta(seconds=60)
    first_pause: timedelta = timedelta(seconds=0.5)
    longest_pause: timedelta = timedelta(seconds=60)

    def ask(self, question: Callable[[], T], tell: Callable[[str], None]) -> T:
        """Ask until there is an answer, or no more time. Raises the last error."""
        pause, since = self.first_pause, None
        while True:
            try:
                return question()
            except BrokenError as error:
                since = time.monotonic() if since is None else since
                left = self.retry_for - timedelta(seconds=time.monotonic() - since)
                wait = max(pause, error.wait)
                if wait > left:
                    raise
                tell(f"{error.text}; asking again in {wait.total_seconds():.3g} s")
            time.sleep(wait.total_seconds())
            pause = min(2 * pause, self.longest_pause)
