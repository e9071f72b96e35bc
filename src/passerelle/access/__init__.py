"""Who may read what: pure decisions."""
