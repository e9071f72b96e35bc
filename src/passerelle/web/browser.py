"""The customer's browser on its way to Enedis: what it carries to prove, on its return, that it is the same one."""

from starlette.responses import RedirectResponse

from passerelle.gateway.consents import REQUEST_LIFETIME, Departure
from passerelle.web.settings import WebSettings

COOKIE = "passerelle_consent"


def send_to_enedis(departure: Departure, settings: WebSettings) -> RedirectResponse:
    """302 to the consent page, with the cookie that binds the request to this browser.

    Lax, because the way back begins at Enedis: a stricter cookie would not come along.
    """
    answer = RedirectResponse(departure.address, 302, {"Cache-Control": "no-store"})
    answer.set_cookie(
        COOKIE,
        departure.browser,
        max_age=int(REQUEST_LIFETIME.total_seconds()),
        path="/",
        secure=settings.secure,
        httponly=True,
        samesite="lax",
    )
    return answer
