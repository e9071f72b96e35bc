"""Where a consent stands: pure decisions."""
