"""The world's logs → connections, rejects, and what is counted as not a connection."""
