"""Rules are tested like code: what cases must show, and the mutants that they must catch."""
