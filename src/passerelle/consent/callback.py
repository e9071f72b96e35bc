"""What Enedis sends back with the customer's browser (F§3, F§4). All of it is a claim: it came through the browser."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from passerelle.errors import InvalidRequest
from passerelle.kit.redaction import redact
from passerelle.model.usage_point import UsagePointId, parse_usage_point_id

_LONGEST_TEXT = 200
_STATUS = re.compile(r"[1-5][0-9]{2}")
_BETWEEN_POINTS = re.compile(r"[;,]")
_ID = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_LARGEST_ID = 2**63 - 1
"""`autorisationId` is an int64 (F§10)."""

_REFUSALS = frozenset({("invalid_request", "demande_non_aboutie")})
"""How the page of 2026 says that the customer did not agree (F§4)."""


@dataclass(frozen=True, slots=True)
class Shared:
    """The customer shared these usage points: one or more, none twice, in the order named."""

    points: tuple[UsagePointId, ...]


@dataclass(frozen=True, slots=True)
class Authorised:
    """The customer shared something, which Enedis tells in exchange for this id (F§4)."""

    authorisation_id: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The customer refused. `reason`: Enedis' words."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The journey broke.

    `error`: Enedis' code, or ours: `usage-point-missing`, `usage-point-malformed`, `autorisation-malformed`.
    `status`: the HTTP status that Enedis puts into `code`, where it does.
    """

    error: str
    description: str | None = None
    status: str | None = None


CallbackOutcome = Shared | Authorised | Refused | Failed


def parse_callback(query: Mapping[str, str]) -> CallbackOutcome:
    """What the parameters of a callback say, of whichever consent page.

    `error` is looked at first: `code` may hold a status and proves nothing; `state` may be absent on a failure, and is
    the caller's to check. An `autorisation_id` (F§4) comes before usage points, because Enedis will say what it stands
    for. Several usage points are separated by `;`, or `,` as before v5 (F§3).
    """
    error = _shown(query.get("error"))
    description = _shown(query.get("error_description"))
    if error is not None:
        if error.lower() == "access_denied" or (error.lower(), (description or "").lower()) in _REFUSALS:
            return Refused(description or error)
        code = query.get("code", "")
        return Failed(error, description, code if _STATUS.fullmatch(code) else None)
    named = query.get("autorisation_id", "").strip()
    if named:
        return _authorised(named) or Failed("autorisation-malformed", description)
    names = [name for name in map(str.strip, _BETWEEN_POINTS.split(query.get("usage_point_id", ""))) if name]
    if not names:
        return Failed("usage-point-missing", description)
    try:
        return Shared(tuple(dict.fromkeys(parse_usage_point_id(name) for name in names)))
    except InvalidRequest:
        return Failed("usage-point-malformed", description)


def _authorised(text: str) -> Authorised | None:
    if _ID.fullmatch(text) is None or int(text) > _LARGEST_ID:
        return None
    return Authorised(int(text))


def _shown(text: str | None) -> str | None:
    """The text as it may be kept and shown: whoever forged the address wrote it."""
    kept = redact((text or "").strip())[:_LONGEST_TEXT]
    return kept or None
