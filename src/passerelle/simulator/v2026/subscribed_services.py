"""What is shared, service by service: `POST /subscribed_services/v1`, with and without a final slash (F§10)."""

from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passerelle.simulator import calendar
from passerelle.simulator.answers import Refused, json
from passerelle.simulator.consents import Consent, State
from passerelle.simulator.households import sandbox
from passerelle.simulator.households.nouns import CurveState, Household, Steps
from passerelle.simulator.subscription import application
from passerelle.simulator.world import World

PATH = "/subscribed_services/v1"
PAGE_SIZE = 3
"""Enedis' own is unknown (F§16): small enough for every client to have to ask for a second page."""
OUTSIDE, UNREADABLE = "v2026-itc-schema-500", "v2026-itc-bad-request-400"
UNKNOWN = "v2026-subscribed-services-unknown-404"


class Status(StrEnum):
    """`etatCode`."""

    ASKED = "DEMANDE"
    ACTIVE = "ACTIF"
    ENDED = "TERMINE"
    DELETED = "SUPPRIME"


class ServiceType(StrEnum):
    CCDC = "CCDC"
    TRANSREC = "TRANSREC"
    OPPENR = "OPPENR"
    ACCES = "ACCES"


class Measure(StrEnum):
    """`mesuresTypeCode`."""

    CDC = "CDC"
    ENERGIE = "ENERGIE"
    PMAX = "PMAX"
    IDX = "IDX"
    ITC = "ITC"


LABELS = {Status.ASKED: "Demandé", Status.ACTIVE: "Actif", Status.ENDED: "Terminé", Status.DELETED: "Supprimé"}
STATUS_OF = {State.GRANTED: Status.ACTIVE, State.EXPIRED: Status.ENDED, State.REVOKED: Status.DELETED}
CHANGING_STEPS = {Steps.MONDAYS: "PT10M", Steps.MIDWEEK: "PT15M"}


class Search(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """The body, as `ConsulterServicesSouscritsPaginesDemande` has it. Pages are counted from 1."""

    comptage: bool
    autorisation_id: int | None = None
    point_id: list[str] | None = None
    siren: list[str] | None = None
    date_debut: date | None = None
    date_fin: date | None = None
    etat_code: tuple[Status, ...] = (Status.ACTIVE, Status.ASKED)
    service_type: ServiceType = ServiceType.ACCES
    mesure_type_code: list[Measure] | None = None
    soutirage: bool | None = None
    injection: bool | None = None
    page: int = 1
    autorisation: bool | None = None


async def search(request: Request) -> Response:
    """POST /subscribed_services/v1."""
    world = application(request)
    wanted = await _read(request)
    found = [each for each in _offered(world, wanted) if _matches(each, wanted)]
    answer: dict[str, Any] = {"nbTotalServices": len(found)}
    page = found[(wanted.page - 1) * PAGE_SIZE : wanted.page * PAGE_SIZE]
    if page and not wanted.comptage:
        answer["serviceSouscrit"] = page
    return json(answer)


async def _read(request: Request) -> Search:
    """The body. What is no JSON is bad syntax; what the specification does not allow is a 500 (F§13)."""
    if request.query_params:
        raise Refused(OUTSIDE)
    try:
        wanted = msgspec.json.decode(await request.body(), type=Search)
    except msgspec.ValidationError:
        raise Refused(OUTSIDE) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused(UNREADABLE) from None
    if wanted.page < 1 or (wanted.autorisation_id is None and not wanted.siren):
        raise Refused(OUTSIDE)
    return wanted


def authorisation_id(world: World, household: Household) -> int:
    """Stable for one application and one holder: sharing again gives the same (F§4)."""
    text = f"{world.settings.client_id}/{household.customer.customer_id}"
    return 100_000_000 + int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") % 900_000_000


def _offered(world: World, wanted: Search) -> Iterator[dict[str, Any]]:
    """Every service of the holder's points that can be seen now, ended ones too."""
    now, prms = world.clock.now(), dict.fromkeys((*sandbox.POINTS, *world.consents.prms()))
    households = [found for prm in prms if (found := world.household(prm))]
    if wanted.autorisation_id is not None:
        households = [each for each in households if authorisation_id(world, each) == wanted.autorisation_id]
        if not households:
            raise Refused(UNKNOWN)
    for each in households:
        consent = world.consents.find(each.prm)
        hidden = not world.consents.services_visible(each.prm, now)
        if consent and consent.given_on and not hidden and (wanted.siren is None or _siren(each) in wanted.siren):
            yield from _services(world, each, consent, consent.given_on, now)


def _siren(household: Household) -> str | None:
    company = household.customer.company
    return company.siret_number[:9] if company else None


def _matches(service: dict[str, Any], wanted: Search) -> bool:
    """Whether the service is among those searched for. All of ours come from an authorisation and give access."""
    ends = service.get("dateFin")
    return (
        wanted.service_type is ServiceType.ACCES
        and wanted.autorisation is not False
        and service["etatCode"] in wanted.etat_code
        and (wanted.point_id is None or service["pointId"] in wanted.point_id)
        and (wanted.mesure_type_code is None or service["mesuresTypeCode"] in wanted.mesure_type_code)
        and wanted.soutirage in (None, service["soutirage"])
        and wanted.injection in (None, service["injection"])
        and (wanted.date_debut is None or service["dateDebut"] >= wanted.date_debut.isoformat())
        and (wanted.date_fin is None or ends is None or ends >= wanted.date_fin.isoformat())
    )


def _services(
    world: World, household: Household, consent: Consent, given_on: date, now: datetime
) -> Iterator[dict[str, Any]]:
    """The services of one shared point. The curve's is only asked for on the day of the grant."""
    status = STATUS_OF[consent.state_at(now)]
    ends = {} if consent.until is None else {"dateFin": calendar.day_of(consent.until).isoformat()}
    for at, (measure, step) in enumerate(_kinds(household)):
        begins = measure is Measure.CDC and calendar.day_of(now) <= given_on and status is Status.ACTIVE
        own = Status.ASKED if begins else status
        yield {
            "id": str(_number(household.prm, given_on) + at),
            "injection": household.produces and measure is not Measure.PMAX,
            "soutirage": household.consumes,
            "serviceCode": ServiceType.ACCES,
            "dateDebut": given_on.isoformat(),
            **ends,
            "etatCode": own,
            "etatLibelle": LABELS[own],
            "pointId": household.prm,
            "mesuresTypeCode": measure,
            "mesuresPas": step,
            "mesuresCorrigees": False,
            "espaceDynamique": True,
            "publicationDonnees": False,
            "autorisation": {
                "autorisationId": authorisation_id(world, household),
                "autorisationLibelle": f"DATACONNECT_{household.prm}",
                "autorisationType": "EXPLICITE",
                "autorisationStatut": "ACTIVE" if status is Status.ACTIVE else "INACTIVE",
            },
        }


def _kinds(household: Household) -> Iterator[tuple[Measure, str]]:
    """What the meter of the point can give, and in which steps (F§10)."""
    if household.curve is CurveState.COLLECTED:
        yield Measure.CDC, CHANGING_STEPS.get(household.steps) or f"PT{household.steps.value}M"
    if household.consumes:
        yield Measure.PMAX, "P1D"
    yield Measure.IDX, "P1D"
    yield Measure.ENERGIE, "P1D"
    yield Measure.ITC, "NA"


def _number(prm: str, given_on: date) -> int:
    """The id of the first of the services that one grant makes."""
    digest = blake2b(f"{prm}/{given_on}".encode(), digest_size=8).digest()
    return 10_000_000 + int.from_bytes(digest, "big") % 9_000_000 * 10


routes = [Route(path, search, methods=["POST"]) for path in (PATH, f"{PATH}/")]
