"""Declared rules → judgements."""
