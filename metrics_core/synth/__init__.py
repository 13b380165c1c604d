"""Believable made-up data: seeded, so that the same seed says the same thing again, and without a clock."""
