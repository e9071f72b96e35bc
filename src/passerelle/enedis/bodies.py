"""Reading a body as one of our structures: what both generations share of it. Pure."""

from typing import TypeVar

import msgspec

from passerelle.errors import UpstreamBroken

Text = str | int | float | None
"""Everything is announced as a string, and numbers are met (F§5, F§8)."""

Body = TypeVar("Body")


def decode(body: bytes, kind: type[Body]) -> Body:
    """The body as `kind`, whatever its content type says: 2026 announces `application/octet-stream` (F§13).

    Raises UpstreamBroken for what is no JSON, or holds another type where one matters.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamBroken(
            "Enedis' answer is not the JSON that it should be.",
            "La réponse d'Enedis n'est pas le JSON attendu.",
        ) from error


def broken(what: str, quoi: str) -> UpstreamBroken:
    """Of an answer that says what it cannot: `what` and `quoi` end the sentence that begins with the answer."""
    return UpstreamBroken(f"Enedis' answer {what}.", f"La réponse d'Enedis {quoi}.")
