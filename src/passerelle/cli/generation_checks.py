"""What `passerelle doctor` asks of each generation of Enedis' API, and what it means under the setting in force."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from passerelle.cli.enedis_checks import ERRAND, NOBODY, of_api
from passerelle.cli.findings import Finding, Verdict, fail, ok, warn
from passerelle.enedis.transport import Transport
from passerelle.enedis.v5 import EnedisV5
from passerelle.enedis.v5.endpoints import MEASURES as MEASURES_V5
from passerelle.enedis.v5.endpoints import RECORDS as RECORDS_V5
from passerelle.enedis.v2026.endpoints import (
    APIS,
    MEASURES,
    MEASURES_API,
    METERING,
    PLACE,
    SERVICES,
    SERVICES_PATH,
    SITUATION,
    SUPPLY,
    SYNTHESIS,
    record_path,
)
from passerelle.model.customer import CustomerRecord
from passerelle.model.days import one_day
from passerelle.model.generation import Speaking
from passerelle.model.paris import ONE_DAY, civil_day
from passerelle.model.series import Series
from passerelle.problem import PasserelleError

GENERATION = "generation"

ADDING = (SYNTHESIS, METERING, SUPPLY)
_TO_ADD = (
    "Subscribe on DataHub for what it adds to contracts: it is left out meanwhile.",
    "Y souscrire sur DataHub pour ce qu'elle ajoute aux contrats : d'ici là, ils s'en passent.",
)
_TO_LINK = (
    "Subscribe on DataHub: no new consent can be linked meanwhile, unless PASSERELLE_GENERATION is v5.",
    "Y souscrire sur DataHub : d'ici là, aucun nouveau consentement n'aboutit, sauf si PASSERELLE_GENERATION vaut v5.",
)
_COVERED_BY = {
    MEASURES_API: tuple(place.api for place in MEASURES_V5.values()),
    SITUATION: tuple(place.api for kind, place in RECORDS_V5.items() if kind is not CustomerRecord.ADDRESS),
    PLACE: (RECORDS_V5[CustomerRecord.ADDRESS].api,),
}
"""By API of 2026, those of v5 that give the same."""

Answers = Mapping[str, PasserelleError | None]
"""By API, in Enedis' own names: the error that it answered, None for data."""


async def ask_v5(transport: Transport, now: datetime) -> Answers:
    """The nine APIs of v5, each asked about a usage point that nobody has."""
    enedis, day = EnedisV5(transport), one_day(civil_day(now) - ONE_DAY)

    async def measure(series: Series) -> None:
        await enedis.fetch_measure(NOBODY, series, day, ERRAND)

    async def record(kind: CustomerRecord) -> None:
        await enedis.fetch_record(NOBODY, kind, ERRAND)

    asked = [(place.api, measure(series)) for series, place in MEASURES_V5.items()]
    asked += [(place.api, record(kind)) for kind, place in RECORDS_V5.items()]
    return await _answers(asked)


async def ask_2026(transport: Transport, now: datetime) -> Answers:
    """The seven APIs of 2026, each asked once; `subscribed_services` about an authorisation that nobody has."""
    day = civil_day(now) - ONE_DAY

    async def one(api: str) -> None:
        if api == MEASURES_API:
            resource = MEASURES[Series.CONSUMPTION_DAILY]
            dates = {"dateDebut": day.isoformat(), "dateFin": (day + timedelta(days=1)).isoformat()}
            await transport.get(api, resource.path, {"pointId": NOBODY, **dates}, ERRAND, bucket=api)
        elif api == SERVICES:
            wanted = {"autorisationId": 1, "comptage": True}
            await transport.post_json(api, SERVICES_PATH, wanted, ERRAND, bucket=api)
        else:
            await transport.get(api, record_path(api, NOBODY), {}, ERRAND, bucket=api)

    return await _answers([(api, one(api)) for api in APIS])


async def _answers(asked: Sequence[tuple[str, Any]]) -> Answers:
    found = await asyncio.gather(*(call for _, call in asked), return_exceptions=True)
    answers: dict[str, PasserelleError | None] = {}
    for (api, _), each in zip(asked, found, strict=True):
        if isinstance(each, BaseException) and not isinstance(each, PasserelleError):
            raise each
        answers[api] = each if isinstance(each, PasserelleError) else None
    return answers


async def examine_generations(transport: Transport, speaking: Speaking, now: datetime) -> list[Finding]:
    """What each API answered, of the generations that the setting makes use of, and what that comes to."""
    match speaking:
        case Speaking.V5:
            return of_v5(await ask_v5(transport, now))
        case Speaking.V2026:
            return of_2026(await ask_2026(transport, now))
        case Speaking.AUTO:
            return of_both(await ask_2026(transport, now), await ask_v5(transport, now))


def of_v5(old: Answers) -> list[Finding]:
    """v5 and nothing else."""
    return [*(of_api(api, error) for api, error in old.items()), of_v5_alone()]


def of_2026(modern: Answers) -> list[Finding]:
    """2026 and nothing else."""
    found = [of_api_2026(api, error) for api, error in modern.items()]
    return [*found, ok(GENERATION, "Only 2026 is spoken.", "Seule la 2026 est parlée.")]


def of_both(modern: Answers, old: Answers) -> list[Finding]:
    """2026 first, v5 where it helps. Once all of 2026 answers there is nothing to do about v5."""
    whole = all(map(answers, modern.values()))
    return [
        *(_covered(of_api_2026(api, error), old) for api, error in modern.items()),
        *(of_v5_beside(api, error, whole=whole) for api, error in old.items()),
        of_use(modern, old),
    ]


def answers(error: PasserelleError | None) -> bool:
    """Whether the API does its work for this application: it has data, or says that nobody has no data."""
    return of_api("", error).verdict is Verdict.OK


def of_api_2026(api: str, error: PasserelleError | None) -> Finding:
    """As `of_api`. What only adds to a contract refuses nobody; without `subscribed_services` nobody can be linked."""
    found = of_api(api, error)
    if found.verdict is not Verdict.FAIL:
        return found
    if api in ADDING:
        return warn(api, found.said, _TO_ADD)
    return fail(api, found.said, _TO_LINK) if api == SERVICES else found


_USE_WHILE_IT_LASTS = (
    "v5 gives the same meanwhile: subscribe to this API on DataHub before Enedis stops it.",
    "La v5 donne la même chose d'ici là : souscrire à cette API sur DataHub avant son arrêt.",
)


def _covered(finding: Finding, old: Answers) -> Finding:
    """A fault of 2026 stops nothing for as long as v5 gives the same."""
    spared = finding.verdict is Verdict.FAIL and any(answers(old[api]) for api in _COVERED_BY.get(finding.check, ()))
    return warn(finding.check, finding.said, _USE_WHILE_IT_LASTS) if spared else finding


def of_v5_alone() -> Finding:
    """The setting keeps to the generation that Enedis announced to stop."""
    return warn(
        GENERATION,
        (
            "Only v5 is spoken, which Enedis announced to stop.",
            "Seule la v5 est parlée, dont Enedis a annoncé l'arrêt.",
        ),
        (
            "Subscribe to the APIs of 2026 on DataHub and set PASSERELLE_GENERATION=auto.",
            "Souscrire aux API de 2026 sur DataHub et régler PASSERELLE_GENERATION=auto.",
        ),
    )


def of_v5_beside(api: str, error: PasserelleError | None, *, whole: bool) -> Finding:
    """v5 beside 2026: nothing to do about it once all of 2026 answers."""
    if answers(error):
        return ok(api, "v5 answers.", "La v5 répond.")
    if whole:
        return ok(api, "v5 does not answer, and is not needed.", "La v5 ne répond pas, et n'est pas nécessaire.")
    found = of_api(api, error)
    return Finding(api, Verdict.WARN, found.said, found.to_do)


def of_use(modern: Answers, old: Answers) -> Finding:
    """Which generation gives what, in one line."""
    missing = [api for api, error in modern.items() if not answers(error)]
    if not missing:
        return ok(GENERATION, "2026 is used for everything.", "2026 sert à tout.")
    if len(missing) == len(modern) and any(map(answers, old.values())):
        return warn(
            GENERATION,
            ("v5 is used for everything; Enedis announced to stop it.", "La v5 sert à tout ; son arrêt est annoncé."),
            ("Subscribe to the APIs of 2026 on DataHub.", "Souscrire aux API de 2026 sur DataHub."),
        )
    named = ", ".join(missing)
    return warn(
        GENERATION,
        (f"2026 is used but for {named}.", f"2026 est utilisée sauf pour {named}."),
        ("See the lines above.", "Voir les lignes ci-dessus."),
    )
