"""Every error of Enedis that a call of 2026 can meet, through the whole application, as test_every_error does for v5.

What an application of v5 reads over 2026, and both doors of the mirror row by row: test_mirror_2026.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import httpx2
import pytest
import pytest_asyncio
from tests.flow.conftest import installed
from tests.flow.test_every_error import BY_ID, FAR, PER_SECOND, REFUSED_TOKEN, ROWS, TOKEN, Case, recovered, stop_clock
from tests.flow.test_mirror_2026 import PROMISED

MEASURE = ("consumption/daily", "mesure_synchrone_auto", "/mesure_synchrone_auto/v2/consommation_quotidienne")
SITUATION = ("contact", "situation_contrat_auto", "/situation_contrat_auto/v1/{prm}")
PLACE = ("address", "donnees_generales_auto", "/donnees_generales_auto/v1/{prm}")
ENRICHING = {
    "synth_contrat_auto": {"last_activation_date", "services_level", "generation_last_activation_date"},
    "comptage_auto": {"meter_type", "offpeak_hours"},
    "alimentation_auto": {"consumption_connection_power_kva", "phases"},
}
"""What only adds to a contract, and what is absent without it."""
OCTETS = "v2026-octet-stream-200"


# Which calls can meet a row.


def out_of_reach(row) -> str | None:
    """Why no data, customer or token call of 2026 meets this row."""
    if row["generation"] == "v5":
        return "only the APIs of v5 answer so"
    if row["api"].startswith(("authorize", "consent page", "subscribed_services")):
        return "the consent journey meets it: see tests/flow/consent"
    if row["api"] == "oauth2/v3/revoke":
        return "the gateway revokes no token at Enedis"
    return None


ALL = {"measure", "situation", "place"}
CALLS_OF = {
    "mesure_synchrone_auto v2": {"measure"},
    "situation_contrat_auto v1": {"situation"},
    "donnees_generales_auto v1": {"place"},
    "2026 APIs": ALL,
    "any GET of the 2026 APIs": ALL,
    "gateway": {*ALL, "token"},
    "gateway (WSO2)": {*ALL, "token"},
    "any": {*ALL, "token"},
    "oauth2/v3/token": {"token"},
    **{f"{api} v1": {"enriching"} for api in ENRICHING},
}
NOT_OF_THE_TOKEN = {"empty-body-500"}
"""As an answer to the token call it is `token-500`, byte for byte."""
MET = [row for row in ROWS if out_of_reach(row) is None]


def calls_of(row) -> set[str]:
    if row["api"].startswith("ITC 2026"):
        return {"situation", "place", "enriching", "services"}
    return CALLS_OF[row["api"]]


def rows_met_by(*calls: str, throttling: bool = False) -> list[str]:
    """Ids. `throttling`: those that stop all calls of an API for longer than a second, or all others."""
    return [
        row["id"]
        for row in MET
        if calls_of(row) & set(calls)
        and (row["problem"] == "quota-exhausted" and row["id"] not in PER_SECOND) is throttling
        and row["id"] != OCTETS
        and not (calls == ("token",) and row["id"] in NOT_OF_THE_TOKEN)
    ]


DATA = rows_met_by(*ALL)
ABSENT = rows_met_by("enriching")


def test_every_row_is_met_or_told_to_be_out_of_reach():
    throttled = [name for calls in (ALL, ("token",)) for name in rows_met_by(*calls, throttling=True)]
    tested = {OCTETS, *DATA, *ABSENT, *rows_met_by("token"), *throttled}
    assert tested == {row["id"] for row in MET}
    assert {row["id"] for row in ROWS if row["generation"] != "v5"} - tested == {
        "authorize-v2-demande-non-aboutie",
        "authorize-v2-already-shared",
        "consent-page-meter-greyed-out",
        "consent-page-fails-before-callback",
        "revoke-unsupported-token-type",
        "v2026-subscribed-services-unknown-404",
        "v2026-subscribed-services-empty-200",
    }


# Asking, and comparing.


@dataclass(frozen=True)
class Door:
    """One call of a row: its API, how `/v1` asks it and how an application of 2026 does.

    A situation is asked of Enedis for three records at once: what an application reads of it is in test_mirror_2026.
    """

    api: str
    path: str
    read: Callable[[], Awaitable[httpx2.Response]]
    mirror: Callable[[], Awaitable[httpx2.Response]] | None


class Case2026(Case):
    """A row in a house where Enedis speaks 2026."""

    def __init__(self, house, name: str, *, far: int = 0) -> None:
        super().__init__(house, name, measure=MEASURE, far=far)

    def doors(self) -> list[Door]:
        """The calls that meet this row."""
        of_each = {
            "measure": Door(MEASURE[1], MEASURE[2], self.read_measure, partial(self.mirror_measure, 0)),
            "situation": Door(SITUATION[1], self.at(SITUATION), self.read_contact, None),
            "place": Door(PLACE[1], self.at(PLACE), self.read_record, self.mirror_record),
        }
        return [door for call, door in of_each.items() if call in calls_of(self.row)]

    def at(self, place) -> str:
        return place[2].format(prm=self.prm)

    async def read_contact(self):
        return await self.read_record(SITUATION[0])

    async def mirror_measure(self, days: int = 1):
        days = dict(zip(("dateDebut", "dateFin"), self.days[days], strict=True))
        return await self._asked(MEASURE[2], {"pointId": self.prm} | days)

    async def mirror_record(self):
        return await self._asked(self.at(PLACE), {})

    async def _asked(self, path, query):
        if self.mirror_token is None:
            await self.sign_in()
        headers = {"Authorization": f"Bearer {self.mirror_token}"}
        return await self.house.http.get(f"{self.house.gateway_url}/enedis{path}", params=query, headers=headers)

    def is_mirrored(self, answer, sent, *, remembered: bool = False) -> None:
        """As docs/mirror.md says: errors in the form of 2026 as they are, what is the gateway's own trouble as 503."""
        body = answer.json()
        match promised(self.row):
            case "as Enedis said it":
                assert (answer.status_code, answer.content) == (sent.status, sent.body)
                assert answer.headers["content-type"] == sent.content_type
            case "404":
                assert (answer.status_code, body["code"]) == (404, "SGT404")
                assert body["message"].endswith("ou PRM non existant")
            case "503":
                assert (answer.status_code, body) == (503, {"code": "SGT503", "message": "Service indisponible"})
                assert ("retry-after" in answer.headers) is (
                    remembered or self.row["problem"] == "upstream-unavailable"
                )
            case "429":
                assert (answer.status_code, body["code"]) == (429, "900804")
                assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["cache-control"] == "no-store"
        assert "deprecation" not in answer.headers


def promised(row) -> str:
    """What an application of 2026 reads."""
    if row["id"] in PROMISED:
        return PROMISED[row["id"]][0]
    if row["problem"] == "quota-exhausted":
        return "429"
    own_trouble = row["problem"] in ("token-rejected", "operator-action-needed")
    return "as Enedis said it" if row["shape"] == "wso2" and not own_trouble else "503"


# The table.


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def modern_house(tmp_path_factory):
    """One that speaks 2026, for the whole table. Its tests carry `pytest.mark.asyncio(loop_scope="module")`.

    The hour that stands still gives the account enough of what it may insist on (`no-cache`) for all of them.
    """
    settings = {"GENERATION": "2026", "QUOTA_PER_HOUR": "10000"}
    async with installed(tmp_path_factory.mktemp("modern"), retry_pause=0.01, **settings) as running:
        yield running


@pytest.fixture
async def house(tmp_path):
    async with installed(tmp_path, GENERATION="2026") as running:
        yield running


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", DATA)
async def test_an_error_of_a_measure_and_of_customer_data(modern_house, name):
    case = Case2026(modern_house, name)
    await stop_clock(case, 0)
    await case.move_in()
    await case.sign_in()
    for door in case.doors():
        await case.fault(door.api)
        sent = await case.sent(door.path)
        told, *mirrored = await case.of_both(door.read, door.mirror) if door.mirror else (await door.read(),)
        asked = 2 if case.passes and door.mirror else 1
        assert len(await modern_house.calls(door.api)) == asked * case.times(sent)
        await case.heal()
        if door.api == MEASURE[1] and case.row["gap"]:
            case.is_gap(told, sent)
        else:
            case.is_problem(told, sent)
        for each in mirrored:
            case.is_mirrored(each, sent, remembered=not case.passes)
    await recovered(case)


@pytest.mark.parametrize("name", ABSENT)
async def test_what_only_adds_to_a_contract_fails_nothing(house, name):
    """F§10: many applications have not subscribed it. What may be told a moment later is told as it was meanwhile."""
    case = await Case2026(house, name).move_in()
    whole = (await case.read_record("contract")).json()
    own = case.row["api"].removesuffix(" v1")
    absent = set(DATED)
    for api, fields in ENRICHING.items() if own not in ENRICHING else [(own, ENRICHING[own])]:
        assert whole.keys() & fields
        absent |= fields
        await case.fault(api)
    answer = await case.read_record("contract", **{"Cache-Control": "no-cache"})
    assert answer.status_code == 200, answer.text
    kept = answer.json()
    if case.row["problem"] not in TOLD:
        assert (kept, "fwd=stale" in answer.headers["Cache-Status"]) == (whole, True)
        return
    assert {name: value for name, value in whole.items() if name not in absent} == {
        name: value for name, value in kept.items() if name not in DATED
    }


TOLD = {"no-data", "consent-missing", "operator-action-needed"}
"""Answers: without what they refuse, the contract is all that there is."""

DATED = {"last_subscribed_power_change_date"}
"""Of `synth_contrat_auto` too, where the power ever changed."""


@pytest.mark.asyncio(loop_scope="module")
async def test_the_content_type_of_2026_changes_nothing(modern_house):
    case = Case2026(modern_house, OCTETS)
    await case.move_in()
    await case.fault(*(door.api for door in case.doors()))
    await recovered(case)
    await case.heal()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", rows_met_by("token"))
async def test_an_error_of_the_token_call(modern_house, name):
    """The token is rejected, and the next one refused: no one gets data."""
    case = Case2026(modern_house, name, far=2 * FAR)
    await stop_clock(case, 0)
    await case.move_in()
    await case.sign_in()
    await case.have_token()
    await case.fault("oauth2")
    sent = await case.sent(TOKEN)
    await case.fault(MEASURE[1], row=REFUSED_TOKEN, count=1)
    case.is_problem(await case.read_measure(), sent)
    calls = [call["api"] for call in await modern_house.calls()]
    assert (calls.count(MEASURE[1]), calls.count("oauth2")) == (1, 1 if sent.status == 401 else case.times(sent))
    record, mirrored = await case.of_both(case.read_record, case.mirror_record)
    await case.heal()
    case.is_problem(record, sent)
    case.is_mirrored(mirrored, sent, remembered=not case.passes)
    await recovered(case)


# Quotas: each API has its own (F§12).


@pytest.mark.parametrize("name", rows_met_by(*ALL, throttling=True))
async def test_a_used_up_quota_of_one_api_leaves_the_others_alone(house, name):
    case = await Case2026(house, name).move_in()
    for hour, door in enumerate(case.doors()):
        await stop_clock(case, hour)
        await case.sign_in()
        await case.fault(door.api)
        sent = await case.sent(door.path)
        case.is_problem(await door.read(), sent)
        asked = await house.calls(door.api)
        assert len(asked) == case.times(sent)
        again = await door.read()
        assert (again.status_code, again.json()["code"]) == (503, "quota-exhausted")
        assert again.headers["retry-after"] == str(50 * 60)
        if door.mirror:
            case.is_mirrored(await door.mirror(), sent)
        assert await house.calls(door.api) == asked
        neighbour = await Case2026(house, name, far=FAR * (hour + 1)).move_in()
        for other in neighbour.doors():
            if other.api != door.api:
                fine = await other.read()
                assert fine.status_code == 200, fine.text
        await case.heal()
    await stop_clock(case, 4)
    await recovered(case)


@pytest.mark.parametrize("name", rows_met_by("token", throttling=True))
async def test_a_used_up_quota_of_the_token_call(house, name):
    case = await Case2026(house, name, far=FAR).move_in()
    await stop_clock(case, 0)
    await case.fault("oauth2")
    sent = await case.sent(TOKEN)
    case.is_problem(await case.read_measure(), sent)
    before = len(await house.calls())
    held = await case.read_record()
    assert (held.status_code, held.json()["code"]) == (503, "quota-exhausted")
    assert held.headers["retry-after"] == str(50 * 60)
    assert len(await house.calls()) == before
    await case.heal()
    await stop_clock(case, 1)
    await recovered(case)


@pytest.mark.parametrize("first", ["measure", "record"])
async def test_a_settled_consent_that_enedis_refuses_is_over_for_both_doors(house, first):
    name = "v2026-measure-not-holder-403" if first == "measure" else "v2026-itc-not-authorized-403"
    case = await Case2026(house, name).move_in()
    await house.set_clock("2026-11-26T09:10:00+01:00")
    await case.fault(MEASURE[1] if first == "measure" else PLACE[1], count=1)
    answer = await (case.read_measure() if first == "measure" else case.read_record())
    told = answer.json()["gaps"][0]["problem"] if first == "measure" else answer.json()
    assert told["code"] == "consent-missing"
    await house.control("DELETE", "calls")
    for refused in (await case.read_measure(), await case.read_record()):
        assert (refused.status_code, refused.json()["code"]) == (403, "consent-revoked")
    messages = {"Le client n'est pas titulaire du point demandé", "Le client n'est pas autorisé pour le point demandé"}
    for refused in (await case.mirror_measure(), await case.mirror_record()):
        assert (refused.status_code, refused.json()["message"] in messages) == (403, True)
    assert await house.calls() == []


def test_the_rows_are_named_as_in_the_catalogue():
    assert {OCTETS, REFUSED_TOKEN} <= BY_ID.keys()
