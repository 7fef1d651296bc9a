"""The generator of the synthetic sample: an invented spring of 2020, with the truth that was planted in it.

It shares no code with the auditor, so that the two can be held against each other.
"""
