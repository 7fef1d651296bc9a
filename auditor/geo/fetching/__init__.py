"""Editions of MaxMind's databases, fetched with the user's own account: only by the update command."""
