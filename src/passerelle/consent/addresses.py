"""The addresses to which a customer's browser may be sent after the journey."""

from urllib.parse import urlsplit

from passerelle.errors import InvalidRequest

LONGEST = 2000
"""What browsers and proxies carry."""


def checked_return_url(text: str) -> str:
    """The application's page, shown to the customer as a link. Raises InvalidRequest."""
    if not _leads_out(text):
        raise InvalidRequest(
            "`return_url` must be an absolute http or https address.",
            "« return_url » doit être une adresse http ou https absolue.",
        )
    return text


def checked_redirect_uri(text: str) -> str:
    """The address that an application written for Enedis registers for its callback. Raises InvalidRequest."""
    if not _leads_out(text) or "#" in text:
        raise InvalidRequest(
            "A redirect address is an absolute http or https address without fragment.",
            "Une adresse de retour est une adresse http ou https absolue, sans fragment.",
        )
    return text


def _leads_out(text: str) -> bool:
    """Absolute, http or https, without credentials, and read by every browser as it is read here."""
    if len(text) > LONGEST or not text.isprintable() or any(sign in text for sign in ' \\"<>'):
        return False
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:  # no such port, or half an IPv6 address
        return False
    return parts.scheme in ("http", "https") and bool(host) and port != 0 and "@" not in parts.netloc
