"""`subscribed_services`: what a consent of the account shared, told from what the gateway knows of it (F§10)."""

import hmac
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from passerelle.consent.states import ConsentState
from passerelle.gateway.list_points import PointView
from passerelle.model.paris import civil_day
from passerelle.model.series import Direction, Kind
from passerelle.web.mirror.call import MirrorCall
from passerelle.web.mirror.errors import Refused
from passerelle.web.mirror.v2026 import errors
from passerelle.web.mirror.v2026.bodies import Authorisation, Service, Services

_CODES = {Kind.CURVE: "CDC", Kind.DAILY: "ENERGIE", Kind.PEAK: "PMAX", Kind.INDEX: "IDX"}
_STEPS = {"ENERGIE": "P1D", "PMAX": "P1D", "IDX": "P1D"}
"""The step of a curve is known only from its points."""
_CONTRACT = "ITC"
_ACCESS = "ACCES"
_ACTIVE, _ENDED = "ACTIF", "TERMINE"
_WORDS = {_ACTIVE: "Actif", _ENDED: "Terminé"}
_PAGE = 100
_LARGEST_BODY = 65_536
_BITS = 53
"""A whole number that every language reads without loss."""


def authorisation_id(secret: bytes, account_id: str, consent_id: str) -> int:
    """The number that names a consent to the applications of its account: the same each time, guessed by nobody else.

    Between 1 and 2⁵³ - 1.
    """
    mark = hmac.digest(secret, b"\0".join((b"autorisation", account_id.encode(), consent_id.encode())), "sha256")
    return (int.from_bytes(mark[:8]) >> (64 - _BITS)) or 1


class ServicesAsk(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The body of the request, as its specification has it."""

    comptage: bool
    autorisation_id: int | None = None
    autorisation: bool | None = None
    etat_code: list[str] | None = None
    service_type: str | list[str] | None = None
    mesure_type_code: list[str] | None = None
    point_id: list[str] | None = None
    soutirage: bool | None = None
    injection: bool | None = None
    date_debut: date | None = None
    date_fin: date | None = None
    siren: list[str] | None = None
    page: int | None = None


async def read_services(call: MirrorCall, secret: bytes) -> Services:
    """The services of one authorisation.

    Raises ScopeMissing, and Refused for what is outside the specification, and for an id that names no consent of the
    account.
    """
    ask = await _read_ask(call)
    views = await call.gateway.list_points(call.caller)
    named = [
        view
        for view in views
        if authorisation_id(secret, view.link.account_id, view.link.consent_id) == ask.autorisation_id
    ]
    if not named and not await _known(call, secret, ask):
        raise Refused(errors.NO_SUCH_AUTHORISATION)
    found = [each for each in services_of(named, ask.autorisation_id or 0) if _wanted(each, ask)]
    if not found or ask.comptage:
        return Services(nb_total_services=len(found))
    first = (max(ask.page or 1, 1) - 1) * _PAGE
    return Services(nb_total_services=len(found), service_souscrit=found[first : first + _PAGE] or None)


async def _known(call: MirrorCall, secret: bytes, ask: ServicesAsk) -> bool:
    """Whether the id names a consent of which no point can be seen any more: it has no services, but it exists."""
    consents = await call.gateway.consents.of_account(call.caller)
    ids = {authorisation_id(secret, request.account_id, request.id) for request, _ in consents}
    return ask.autorisation_id in ids


async def _read_ask(call: MirrorCall) -> ServicesAsk:
    body = bytearray()
    async for piece in call.request.stream():
        body += piece
        if len(body) > _LARGEST_BODY:
            raise Refused(errors.OUTSIDE_SPECIFICATION)
    try:
        ask = msgspec.json.decode(body, type=ServicesAsk)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(errors.OUTSIDE_SPECIFICATION) from error
    if ask.autorisation_id is None or call.request.query_params:
        raise Refused(errors.OUTSIDE_SPECIFICATION)
    return ask


def services_of(views: Sequence[PointView], number: int) -> Iterator[Service]:
    """The services of these points: one a kind of measure, and one for the contract where that can be read."""
    for view in views:
        what: dict[str, set[Direction]] = {}
        for series in view.series:
            what.setdefault(_CODES[series.kind], set()).add(series.direction)
        if view.records:
            what[_CONTRACT] = {Direction.CONSUMPTION}
        for code, directions in what.items():
            yield _service(view, code, directions, number)


def _service(view: PointView, code: str, directions: set[Direction], number: int) -> Service:
    state = _ACTIVE if view.state is ConsentState.GRANTED else _ENDED
    ends = view.link.expires_at
    return Service(
        injection=Direction.PRODUCTION in directions,
        soutirage=Direction.CONSUMPTION in directions,
        service_code=_ACCESS,
        date_debut=civil_day(view.link.granted_at).isoformat(),
        # The last day in force, as `consent.shared.runs` reads what Enedis says.
        date_fin=civil_day(ends - timedelta.resolution).isoformat() if ends is not None else None,
        etat_code=state,
        etat_libelle=_WORDS[state],
        point_id=view.usage_point_id,
        mesures_type_code=code,
        mesures_pas=_STEPS.get(code),
        autorisation=Authorisation(autorisation_id=number, autorisation_type="EXPLICITE"),
    )


def _wanted(service: Service, ask: ServicesAsk) -> bool:
    """Whether the service passes the filters of the request; those of dates are lower bounds."""
    types = [ask.service_type] if isinstance(ask.service_type, str) else ask.service_type
    passes: list[Any] = [
        service.etat_code in (ask.etat_code or (_ACTIVE, "DEMANDE")),
        _ACCESS in (types or (_ACCESS,)),
        ask.autorisation is not False,
        not ask.siren,
        not ask.mesure_type_code or service.mesures_type_code in ask.mesure_type_code,
        not ask.point_id or service.point_id in ask.point_id,
        ask.soutirage is None or service.soutirage is ask.soutirage,
        ask.injection is None or service.injection is ask.injection,
        ask.date_debut is None or (service.date_debut or "") >= ask.date_debut.isoformat(),
        ask.date_fin is None or service.date_fin is None or service.date_fin >= ask.date_fin.isoformat(),
    ]
    return all(passes)
