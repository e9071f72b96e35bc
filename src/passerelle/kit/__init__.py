"""Tools that know nothing of energy: clock, crypto, redaction, logs, metrics."""
