"""The decision table of a rule, laid out for people, and what changes between two of them."""
