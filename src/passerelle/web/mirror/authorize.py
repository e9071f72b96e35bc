"""The consent journey of an application written for Enedis: to the gateway's own journey, and back (F§3, F§4).

The application is sent back to the address that is registered with its key, as Enedis does with the one registered on
DataHub: no parameter of the request chooses it.
"""

from collections.abc import Callable, Mapping
from html import escape
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from passerelle.consent.duration import DurationTrouble, duration_trouble
from passerelle.consent.requests import Application
from passerelle.consent.states import ConsentState
from passerelle.gateway.consents import Arrival
from passerelle.gateway.rooms import Gateway
from passerelle.kit.crypto import random_secret
from passerelle.model.generation import Generation
from passerelle.web.browser import COOKIE, send_to_enedis
from passerelle.web.mirror import errors
from passerelle.web.mirror.errors import Refusal, Refused
from passerelle.web.mirror.v2026.subscribed import authorisation_id
from passerelle.web.settings import WebSettings

PATHS = {
    "/dataconnect/v1/oauth2/authorize": Generation.V5,
    "/dataconnect/v2/oauth2/authorize": Generation.V2026,
}
LONGEST_STATE = 100
_KNOWN = frozenset({"client_id", "response_type", "state", "duration"})

Words = Mapping[str, str]
"""The parameters of a callback that brings an error."""


def _words(status: int, error: str, description: str) -> Words:
    return {"code": str(status), "error": error, "error_description": description}


PARAMETER_MISSING = _words(400, "invalid_request", "missing_parameter")
RESPONSE_TYPE_MISSING = _words(400, "Invalid_request", "Response type parameter is required")
DURATION_FORMAT = _words(400, "invalid_request", "invalid_duration_format")
DURATION_TOO_LONG = _words(400, "invalid_request", "maximum_duration_exceeded")
ACCESS_DENIED = _words(403, "access_denied", "access_denied")
SERVER_ERROR = _words(500, "server_error", "lincs-internal-server-error")
NOT_COMPLETED: Words = {"error": "invalid_request", "error_description": "demande_non_aboutie"}
"""All that the page of 2026 is known to say of a refusal or a failure (F§4)."""


def _page(status: int, text: str, english: str) -> Refusal:
    body = (
        '<!DOCTYPE html>\n<html lang="fr"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Erreur</title></head>\n'
        f'<body><h1>Erreur</h1>\n<p>{escape(text)}</p>\n<p lang="en">{escape(english)}</p></body></html>\n'
    )
    return Refusal(status, body.encode(), errors.HTML)


BLOCKED = _page(404, "La page que vous recherchez n’existe pas", "The page that you are looking for does not exist")
"""What the security equipment of Enedis says of an unknown client or parameter (F§1)."""
NOT_REGISTERED = _page(
    400,
    "Aucune adresse de retour n'est enregistrée pour cette clé. L'exploitant l'enregistre en créant la clé de "
    "l'application : passerelle key create --redirect-uri URL.",
    "No redirect address is registered for this key. The operator registers it when making the application's key: "
    "passerelle key create --redirect-uri URL.",
)


async def authorize(
    request: Request, gateway: Gateway, settings: WebSettings, generation: Generation = Generation.V5
) -> Response:
    """GET /dataconnect/v…/oauth2/authorize: to Enedis, or back to the application with an error.

    Both pages take the same four parameters (F§4).

    Raises Refused where there is no application to go back to.
    """
    query = request.query_params
    pairs = query.multi_items()
    asked = dict(pairs)
    if len(asked) != len(pairs) or not _KNOWN.issuperset(asked) or len(asked.get("state", "")) > LONGEST_STATE:
        raise Refused(BLOCKED)
    application = await gateway.consents.application(asked.get("client_id", ""))
    if application is None:
        raise Refused(BLOCKED)
    if application.redirect_uri is None:
        raise Refused(NOT_REGISTERED)
    trouble = await _trouble(asked, gateway)
    if trouble is not None:
        return _back(application.redirect_uri, _in_form(trouble, generation), asked.get("state"))
    return await _onwards(application, asked, request, gateway, settings, generation)


def _in_form(words: Words, generation: Generation) -> Words:
    """In 2026 `code` is not known to hold a status (F§4)."""
    return words if generation is Generation.V5 else {name: text for name, text in words.items() if name != "code"}


async def _onwards(
    application: Application,
    asked: Mapping[str, str],
    request: Request,
    gateway: Gateway,
    settings: WebSettings,
    generation: Generation,
) -> Response:
    departure = await gateway.consents.authorize(
        application, asked["duration"], asked.get("state"), request.cookies.get(COOKIE), generation
    )
    if departure is None:
        raise Refused(errors.UNAVAILABLE)
    return send_to_enedis(departure, settings)


async def _trouble(asked: Mapping[str, str], gateway: Gateway) -> Words | None:
    if not asked.get("response_type"):
        return RESPONSE_TYPE_MISSING
    if asked["response_type"] != "code" or not asked.get("duration"):
        return PARAMETER_MISSING
    match duration_trouble(asked["duration"], await gateway.clock.now()):
        case DurationTrouble.MALFORMED:
            return DURATION_FORMAT
        case DurationTrouble.TOO_LONG:
            return DURATION_TOO_LONG
        case None:
            return None


def back_to_application(settings: WebSettings) -> Callable[[Arrival], Response | None]:
    """On to the application that began the journey, in Enedis' form; None for a journey that no application began.

    Only what is linked is named. Where nothing is, the customer's consent counts for nothing here: access denied.
    """

    def back(arrival: Arrival) -> Response | None:
        way = arrival.way_back
        if way is None or arrival.request is None:
            return None
        linked = [claim.usage_point_id for claim in arrival.claims if claim.state is ConsentState.GRANTED]
        if way.generation is Generation.V2026:
            number = authorisation_id(settings.secret, arrival.request.account_id, arrival.request.id)
            return _back(way.address, {"autorisation_id": str(number)} if linked else NOT_COMPLETED, way.state)
        if linked:
            # `code` is never exchanged in v5 (F§2): random, so that nobody takes it for more.
            words: Words = {"code": random_secret()}
            return _back(way.address, words, way.state, {"usage_point_id": ";".join(linked)})
        return _back(way.address, _failure(arrival), way.state)

    return back


def _failure(arrival: Arrival) -> Words:
    if arrival.outcome is not ConsentState.FAILED or arrival.failure is None:
        return ACCESS_DENIED
    failure = arrival.failure
    if failure.status is None:  # not Enedis' own words
        return SERVER_ERROR
    return {"code": failure.status, "error": failure.error, "error_description": failure.description or failure.error}


def _back(address: str, words: Words, state: str | None, more: Words | None = None) -> Response:
    told = dict(words) | ({} if state is None else {"state": state}) | dict(more or {})
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in told.items())
    joined = f"{address}{'&' if '?' in address else '?'}{query}"
    return RedirectResponse(joined, 302, {"Cache-Control": "no-store"})
