"""Answers as JSON, CSV and NDJSON."""
