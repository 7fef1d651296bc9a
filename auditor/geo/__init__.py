"""Addresses → candidate sets of countries, with the evidence and the reasons."""
