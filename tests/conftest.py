"""Settings of all tests."""

from hypothesis import settings

settings.register_profile(
    "untimed", deadline=None
)  # how fast this machine is today is no fact about the code
settings.load_profile("untimed")
