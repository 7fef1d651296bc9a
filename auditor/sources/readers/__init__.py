"""Readers of logs of which one record does not say enough: what they know lasts from line to line."""
