"""Audit connection logs of calls against declared regional fences."""

from importlib.metadata import version

__version__ = version("auditor")
