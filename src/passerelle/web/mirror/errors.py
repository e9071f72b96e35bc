"""What Enedis answers when it refuses, in its own words: the mirror's copy of the rows it can need (F§13).

The texts are those of `enedis/errors.json`; where that abridges a sentence of the token API, those of its
specification; where an answer was captured, those of the capture. Tests compare all three.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

JSON = "application/json"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that refuses. `challenge`: how a 401 asks for credentials; `retry_after` in seconds."""

    status: int
    body: bytes
    media_type: str = JSON
    retry_after: int | None = None
    challenge: str | None = None


class Refused(Exception):
    """The call ends with this refusal"""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.status)
        self.refusal = refusal


_DOCUMENTED_IN = "https://bluecoder.enedis.fr/api-doc/consulter-souscrire"
_BEARER, _BASIC = 'Bearer realm="passerelle"', 'Basic realm="passerelle"'


def _v5(status: int, error: str, text: str, *, uri: str | None = None, challenge: str | None = None) -> Refusal:
    body = {"error": error, "error_description": text} | ({"error_uri": uri} if uri else {})
    return Refusal(status, msgspec.json.encode(body), challenge=challenge)


def _wso2(status: int, code: str, message: str, *, more: str | None = None, challenge: str | None = None) -> Refusal:
    body = {"code": code, "message": message} | ({"description": more} if more else {})
    return Refusal(status, msgspec.json.encode(body), challenge=challenge)


def _fault(status: int, code: int, message: str, description: str, *, challenge: str) -> Refusal:
    body = {"fault": {"code": code, "message": message, "description": description}}
    return Refusal(status, msgspec.json.encode(body), challenge=challenge)


# The gateway in front of all APIs.
INVALID_CREDENTIALS = _fault(
    401,
    900901,
    "Invalid Credentials",
    "Invalid Credentials. Make sure you have provided the correct security credentials",
    challenge=_BEARER,
)
MISSING_CREDENTIALS = _wso2(401, "900902", "Missing Credentials", challenge=_BEARER)
UNKNOWN_PATH = _wso2(404, "900906", "No matching resource found in the API for the given request")
NOT_SUBSCRIBED = _wso2(
    403,
    "900908",
    "Resource forbidden ",  # the space at the end is Enedis' own
    more="User is NOT authorized to access the Resource. API Subscription validation failed.",
)
TECHNICAL_ERROR = _v5(500, "technical_error", "Technical error. Please try later.")
UNAVAILABLE = _v5(503, "Service Unavailable", "Service unavailable for the moment. Please try later.")


def throttled(now: datetime, retry_after: int | None) -> Refusal:
    """429, with the moment to come back as Enedis was seen to write it; the next round hour where it is not known."""
    if retry_after is None:
        resume = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    else:
        resume = now + timedelta(seconds=retry_after)
        resume += timedelta(microseconds=-resume.microsecond % 1_000_000)
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    written = f"{resume:%Y}-{months[resume.month - 1]}-{resume:%d %H:%M:%S}+0000 UTC"
    body = {
        "code": "900804",
        "message": "Message throttled out",
        "description": f"You have exceeded your quota .You can access API after {written}",
        "nextAccessTime": written,
    }
    return Refusal(429, msgspec.json.encode(body), retry_after=retry_after)


# Parameters of the data APIs.
BAD_REQUEST_FORMAT = _v5(400, "Invalid_request", "Empty header, bad request format, partial or incorrect data")
USAGE_POINT_MISSING = _v5(400, "Invalid_request", "usage_point_id parameter is required.")
USAGE_POINT_NOT_14_DIGITS = _v5(400, "Invalid_request", "usage_point_id parameter must be 14 digits long.")
START_MISSING = _v5(400, "Invalid_request", "Start date parameter is required.")
START_MALFORMED = _v5(400, "Invalid_request", "Start date parameter must be in the format YYYY-MM-DD.")
END_MISSING = _v5(400, "Invalid_request", "End date parameter is required.")
END_MALFORMED = _v5(400, "Invalid_request", "End date parameter must be in the format YYYY-MM-DD.")
END_IN_FUTURE = _v5(400, "Invalid_request", "The end date parameter must be earlier than the current date.")
START_NOT_BEFORE_END = _v5(400, "Invalid_request", "Start date should be before end date.")

# What the customer, the meter and the history allow.
NO_CONSENT = _v5(403, "ADAM-DC-0008", "No consent can be found for this customer and this usage point.")
BEFORE_CONSENT = _v5(403, "ADAM-DC-0009", "The start date of the request must be greater than the consent start date.")
WRONG_DIRECTION = _v5(400, "ADAM-ERR0069", "Le sens de la mesure ne correspond pas pour le PRM demandé.")
NOT_COLLECTED = _v5(400, "ADAM-ERR0075", "The customer objected to the load curve recording")
BEFORE_ACTIVATION = _v5(
    400, "ADAM-ERR0123", "The requested period cannot be anterior to the meter's last activation date"
)
BEYOND_HISTORY = _v5(400, "ADAM-ERR0125", "The start date must be greater than the history deadline.")
PERIOD_TOO_LONG = _v5(
    400,
    "ADAM-ERR0126",
    "The requested period must be less than 7 days for an access to the load curve.",
    uri=_DOCUMENTED_IN,
)
NO_DATA = _v5(404, "no_data_found", "no measure found for this usage point", uri=_DOCUMENTED_IN)

# The token API.
TOKEN_INVALID_REQUEST = _v5(
    400,
    "invalid_request",
    "The request is missing a required parameter, includes an unsupported parameter value (other than grant type), "
    "repeats a parameter, includes multiple credentials, utilizes more than one mechanism for authenticating the "
    "client, or is otherwise malformed",
)
TOKEN_INVALID_CLIENT = _v5(
    400,
    "invalid_client",
    "Client authentication failed (e.g., unknown client, no client authentication included, or unsupported "
    "authentication method)",
)
TOKEN_INVALID_SCOPE = _v5(
    400,
    "invalid_scope",
    "The requested scope is invalid, unknown, malformed, or exceeds the scope granted by the resource owner",
)
TOKEN_UNSUPPORTED_GRANT = _v5(
    400, "unsupported_grant_type", "The authorization grant type is not supported by the authorization server"
)
TOKEN_UNSUPPORTED_TYPE = _v5(
    400,
    "unsupported_token_type",
    "The authorization server does not support the revocation of the presented token type",
)
TOKEN_UNAUTHORIZED = _v5(
    401,
    "Unauthorized",
    "Valid authentication credentials are mandatory to access the resource",
    challenge=_BASIC,
)
_PAGE = (
    "<!DOCTYPE html>\n<html><body><p>Le Content-Type doit être application/x-www-form-urlencoded</p></body></html>\n"
)
TOKEN_CONTENT_TYPE = Refusal(415, _PAGE.encode(), HTML)
