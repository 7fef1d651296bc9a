"""Hashes, summary, manifest, the run directory, and its verification."""
