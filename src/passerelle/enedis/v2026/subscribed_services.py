"""What was shared under an authorisation, from the pages of `subscribed_services` (F§10). Pure."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from passerelle.enedis.bodies import broken
from passerelle.enedis.points import read_value
from passerelle.enedis.texts import read_day, read_text
from passerelle.enedis.v2026.wire import ServicePart, ServicesBody
from passerelle.errors import InvalidRequest
from passerelle.model.series import Direction
from passerelle.model.shared_services import ServiceKind, SharedService
from passerelle.model.usage_point import UsagePointId, parse_usage_point_id

STATES = ("ACTIF", "DEMANDE")
ACCESS = "ACCES"
"""Of the services, those that give data; the others collect curves, transmit or object."""

MOST_PAGES = 100

_KINDS = {
    "CDC": ServiceKind.CURVE,
    "ENERGIE": ServiceKind.DAILY,
    "PMAX": ServiceKind.POWER,
    "IDX": ServiceKind.INDEX,
    "ITC": ServiceKind.CONTRACT,
}


def request(authorisation_id: int, page: int | None) -> dict[str, Any]:
    """The body of the call. `page` None: the first, which nobody says the number of (F§16.8)."""
    content: dict[str, Any] = {
        "autorisationId": authorisation_id,
        "comptage": False,
        "etatCode": list(STATES),
        "serviceType": ACCESS,
    }
    return content if page is None else {**content, "page": page}


class Pages:
    """Gathers the pages of one answer. Pages may overlap, and count from 0 or from 1."""

    def __init__(self) -> None:
        self._seen: dict[object, ServicePart] = {}
        self._total: int | None = None
        self._read = 0

    def add(self, body: ServicesBody) -> int | None:
        """Take a page. The number of the next one to ask for, or None: all is there, or nothing new comes."""
        before = len(self._seen)
        for part in body.service_souscrit or ():
            self._seen.setdefault(read_text(part.id) or _content(part), part)
        if body.nb_total_services is not None:
            self._total = read_value(body.nb_total_services)
        self._read += 1
        new = len(self._seen) > before
        # The page of number 1 may be the first one again: if it brings nothing new, the next may still.
        may_repeat = self._read == _NUMBERED_ONE and before > 0
        whole = self._total is None or len(self._seen) >= self._total
        return None if whole or not (new or may_repeat) or self._read >= MOST_PAGES else self._read

    def services(self, authorisation_id: int) -> tuple[SharedService, ...]:
        """What the pages say is shared, in a fixed order. Raises UpstreamBroken for a point or a date not readable."""
        read = {service for part in self._seen.values() for service in _read(part, authorisation_id)}
        return tuple(
            sorted(read, key=lambda each: (each.usage_point_id, each.kind, sorted(each.directions), str(each)))
        )


_NUMBERED_ONE = 2
"""Which page of those read was asked for by the number 1."""


def _content(part: ServicePart) -> object:
    """What tells a service without an id from another."""
    return (part.point_id, part.mesures_type_code, part.soutirage, part.injection, part.date_debut, part.date_fin)


def _read(part: ServicePart, authorisation_id: int) -> Iterable[SharedService]:
    """One, or none: of another state, nature, authorisation or kind than is known here."""
    kind = _KINDS.get(_code(part.mesures_type_code))
    other = part.autorisation is not None and _is_other(part.autorisation.autorisation_id, authorisation_id)
    if kind is None or other or _code(part.etat_code) not in STATES:
        return
    if part.service_code is not None and _code(part.service_code) != ACCESS:
        return
    directions = {
        direction
        for direction, given in ((Direction.CONSUMPTION, part.soutirage), (Direction.PRODUCTION, part.injection))
        if given
    }
    yield SharedService(_point(part), kind, frozenset(directions), _date(part.date_debut), _date(part.date_fin))


def _is_other(named: object, authorisation_id: int) -> bool:
    return named is not None and str(named).strip() != str(authorisation_id)


def _point(part: ServicePart) -> UsagePointId:
    try:
        return parse_usage_point_id(str(part.point_id))
    except InvalidRequest as error:
        raise broken("names a usage point that cannot be read", "nomme un point illisible") from error


def _date(text: str | None) -> date | None:
    """An end that cannot be read must not become a consent without an end."""
    day = read_day(text)
    if day is None and read_text(text) is not None:
        raise broken("holds a date that cannot be read", "contient une date illisible")
    return day


def _code(text: object) -> str:
    return str(text or "").strip().upper()
