"""What the caller accepts, holds and waits: `Accept`, `If-None-Match` (RFC 9110) and `Prefer: wait` (RFC 7240)."""

import re
from collections.abc import Sequence
from functools import lru_cache

from passerelle.errors import NotAcceptable
from passerelle.gateway.read_series import CacheUse
from passerelle.problem import PasserelleError

DEFAULT_WAIT = 30
LONGEST_WAIT = 300
_LONGEST_KEPT = 200
"""Characters of an `Accept` that is remembered: every client says the same few."""
_DIGITS = 9
"""More of them are more than the longest wait, and in the end more than `int` takes."""
_SECONDS = re.compile(r'"?0*([0-9]+)"?')
"""A word of RFC 7240 section 2: a token or a quoted string."""


def names_etag(if_none_match: str | None, etag: str) -> bool:
    """Whether `If-None-Match` names this entity tag, compared weakly, or any with `*` (RFC 9110 section 13.1.2)."""
    if not if_none_match:
        return False
    named = [each.strip() for each in if_none_match.split(",")]
    return "*" in named or etag.removeprefix("W/") in [each.removeprefix("W/") for each in named]


def choose_media(accept: str | None, offers: tuple[str, ...]) -> str:
    """The offer that the header prefers; the first one where it does not say. Raises NotAcceptable."""
    if not accept:
        return offers[0]
    return _kept(accept, offers) if len(accept) <= _LONGEST_KEPT else _chosen(accept, offers)


@lru_cache(maxsize=256)
def _kept(accept: str, offers: tuple[str, ...]) -> str:
    return _chosen(accept, offers)


def _chosen(accept: str, offers: Sequence[str]) -> str:
    ranges = _ranges(accept)
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


def wants_fresh(cache_control: str | None) -> bool:
    """Whether the caller wants Enedis asked again: `no-cache` (RFC 9111 section 5.2.1.4)."""
    if not cache_control:
        return False
    named = (part.partition("=")[0].strip().lower() for part in cache_control.split(","))
    return "no-cache" in named


def cache_status(use: CacheUse, unrenewed: PasserelleError | None = None) -> str:
    """`Cache-Status` (RFC 9211). `detail` (section 2.8) is the code of what kept something held from being renewed."""
    if use is CacheUse.HIT:
        return "passerelle; hit"
    return f"passerelle; fwd={use.value}" + (f"; detail={unrenewed.code}" if unrenewed else "")


def wait_of(prefer: str | None) -> float:
    """Seconds to wait for what is not there yet: `wait=N` up to 300, else 30. What cannot be read is ignored."""
    for part in prefer.split(",") if prefer else ():
        name, _, value = part.partition(";")[0].partition("=")
        digits = _SECONDS.fullmatch(value.strip())
        if name.strip().lower() == "wait" and digits is not None:
            return min(int(digits[1]), LONGEST_WAIT) if len(digits[1]) <= _DIGITS else LONGEST_WAIT
    return DEFAULT_WAIT
