"""What lint looks for, by what it looks at. Design: SEMANTICS.md, section 5."""
