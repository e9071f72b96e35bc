"""Data Connect 2026, from its specifications alone (F§9, F§10)."""
