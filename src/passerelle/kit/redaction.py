"""Masking of what must never stand in clear in a log line or an error text."""

import re

_PRM = re.compile(r"(?<![0-9a-f])[0-9]{2}(?:[ \u00a0\u202f]?[0-9]){12}(?![0-9a-f])")
"""Not inside lower-case hexadecimal: those are the random ids that make a log line useful."""

_PHONE = re.compile(r"(?<![0-9a-f])(?:0|\+33[ \u00a0\u202f]?)[1-9](?:[ .\u00a0\u202f-]?[0-9]{2}){4}(?![0-9a-f])")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
_SECRET = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{40,}(?:\.[A-Za-z0-9_-]+)*")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+\S+")


def redact(text: str) -> str:
    """The text with PRMs (14 digits, spaces allowed between), e-mails, phones, tokens and long secrets masked."""
    text = _BEARER.sub(r"\1 •••", text)
    text = _EMAIL.sub("•••@•••", text)
    text = _SECRET.sub("•••", text)
    return _PHONE.sub("••••••••••", _PRM.sub("••••••••••••••", text))
