"""The location ledger: what databases said of relays and when, kept so that no change goes unseen."""
