"""Rules in sentences."""
