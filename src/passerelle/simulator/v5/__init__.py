"""The data APIs of the v5 generation (F§5, F§8)."""
