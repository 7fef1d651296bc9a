"""Settings of all tests."""

import os

from hypothesis import settings

# How fast this machine is today is no fact about the code, so nothing is timed. Where a change is only let in
# or kept out, the examples are the same each time; everywhere else each run looks at others.
settings.register_profile("usual", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "usual")
