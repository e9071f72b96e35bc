"""What the caller accepts, and how long they wait: `Accept` (RFC 9110) and `Prefer: wait` (RFC 7240)."""

from collections.abc import Sequence

from passerelle.errors import NotAcceptable

DEFAULT_WAIT = 30
LONGEST_WAIT = 300


def choose_media(accept: str | None, offers: Sequence[str]) -> str:
    """The offer that the header prefers; the first one where it does not say. Raises NotAcceptable."""
    ranges = _ranges(accept or "*/*")
    ranked = sorted(
        ((_quality(offer, ranges), -position, offer) for position, offer in enumerate(offers)), reverse=True
    )
    quality, _, offer = ranked[0]
    if quality <= 0:
        known = ", ".join(offers)
        raise NotAcceptable(f"This address gives: {known}.", f"Cette adresse donne : {known}.")
    return offer


def _ranges(accept: str) -> dict[str, float]:
    ranges: dict[str, float] = {}
    for part in accept.split(","):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        if media:
            ranges[media] = max(quality, ranges.get(media, 0.0))
    return ranges


def _quality(offer: str, ranges: dict[str, float]) -> float:
    for media in (offer, f"{offer.split('/', maxsplit=1)[0]}/*", "*/*"):
        if media in ranges:
            return ranges[media]
    return 0.0


def wait_of(prefer: str | None) -> float:
    """Seconds to wait for what is not there yet: `wait=N` up to 300, else 30. What cannot be read is ignored."""
    for part in (prefer or "").split(","):
        name, _, value = part.strip().partition("=")
        if name.strip().lower() == "wait" and value.strip().isascii() and value.strip().isdigit():
            return min(int(value.strip()), LONGEST_WAIT)
    return DEFAULT_WAIT
