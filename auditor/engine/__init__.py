"""The audit: shards → partial results → one run."""
