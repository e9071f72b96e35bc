"""Both clients against a scripted gateway."""

import inspect
from datetime import date, datetime

import httpx2
import msgspec
import pytest

import passerelle
from passerelle.client import AsyncPasserelle, GatewayProblem, GatewayUnreachable, Passerelle
from passerelle.client.requests import CSV
from passerelle.model.reading import GapReason, Quality
from passerelle.model.series import Series, Unit
from passerelle.problem import Actor, PasserelleError
from passerelle.schema.consents import ConsentStarted
from passerelle.schema.customer import ContactBody
from passerelle.schema.problem import ProblemBody
from passerelle.schema.series import (
    IndexReading,
    IndexSeries,
    IntervalReading,
    IntervalSeries,
    PeakReading,
    PeakSeries,
    RegisterValue,
    SeriesGap,
)
from passerelle.testing.scripted_gateway import ScriptedGateway

PRM = "22516914714270"
DAILY = f"/v1/usage-points/{PRM}/consumption/daily"
START, END = date(2026, 3, 28), date(2026, 3, 30)
MIDNIGHTS = [
    datetime.fromisoformat(text)
    for text in ("2026-03-28T00:00:00+01:00", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00")
]
NO_KEY = ProblemBody(
    type="https://example.test/problems/key-missing",
    title="No API key was given",
    status=401,
    detail="There is no Authorization header.",
    code="key-missing",
    detail_fr="Il n'y a pas d'en-tête Authorization.",
    who_acts=Actor.CALLER,
    action="Send it.",
    action_fr="L'envoyer.",
    retryable=False,
    request_id="req-9",
)


def two_days(reason: GapReason | None = None) -> IntervalSeries:
    first, second, third = MIDNIGHTS
    readings = [IntervalReading(start=first, end=second, value=11_000, quality=Quality.RAW)]
    if reason is None:
        readings.append(IntervalReading(start=second, end=third, value=9_000, quality=Quality.CORRECTED))
    return IntervalSeries(
        usage_point_id=PRM,
        series=Series.CONSUMPTION_DAILY,
        unit=Unit.WATT_HOUR,
        start=START,
        end=END,
        readings=readings,
        gaps=[] if reason is None else [SeriesGap(start=second, end=third, reason=reason)],
        energy_wh=sum(each.value for each in readings),
        as_of=third,
    )


def pending_then_whole(gateway: ScriptedGateway) -> None:
    gateway.answer(DAILY, two_days(GapReason.PENDING), headers={"Retry-After": "2", "Cache-Control": "no-store"})
    gateway.answer(DAILY, two_days())


def test_a_series_is_asked_for_until_it_is_whole():
    gateway = ScriptedGateway()
    pending_then_whole(gateway)
    seen: list[tuple[int, int]] = []
    answer = gateway.client().daily(PRM, START, END, progress=lambda done, total: seen.append((done, total)))
    assert answer == two_days()
    assert gateway.waits == [2]
    assert seen == [(1, 2), (2, 2)]
    assert gateway.requests[0].url.query == b"start=2026-03-28&end=2026-03-30"
    assert gateway.requests[0].headers["authorization"] == "Bearer demo.key"


async def test_so_it_is_by_the_asynchronous_client():
    gateway = ScriptedGateway()
    pending_then_whole(gateway)
    assert await gateway.async_client().daily(PRM, START, END) == two_days()
    assert gateway.waits == [2]


def test_without_complete_the_first_answer_is_returned():
    gateway = ScriptedGateway()
    pending_then_whole(gateway)
    assert gateway.client().daily(PRM, START, END, complete=False) == two_days(GapReason.PENDING)
    assert len(gateway.requests) == 1


def test_production_and_curves_have_paths_of_their_own():
    gateway = ScriptedGateway()
    curve = msgspec.structs.replace(two_days(), series=Series.PRODUCTION_LOAD_CURVE, unit=Unit.WATT)
    gateway.answer(f"/v1/usage-points/{PRM}/production/load-curve", curve)
    assert gateway.client().load_curve(PRM, START, END, production=True) == curve


def test_peaks_come_with_their_instant():
    gateway = ScriptedGateway()
    peaks = PeakSeries(
        usage_point_id=PRM,
        series=Series.CONSUMPTION_MAX_POWER,
        unit=Unit.VOLT_AMPERE,
        start=START,
        end=END,
        readings=[PeakReading(day=START, at=MIDNIGHTS[0], value=4200, quality=Quality.RAW)],
        gaps=[],
        as_of=MIDNIGHTS[2],
    )
    gateway.answer(f"/v1/usage-points/{PRM}/consumption/max-power", peaks)
    assert gateway.client().max_power(PRM, START, END) == peaks


async def test_registers_come_by_class_in_both_directions():
    gateway = ScriptedGateway()
    registers = [
        RegisterValue(tariff_class="HC", label="Heures Creuses", value=7),
        RegisterValue(tariff_class="HP", value=9),
    ]
    answer = IndexSeries(
        usage_point_id=PRM,
        series=Series.CONSUMPTION_INDEX,
        unit=Unit.WATT_HOUR,
        start=START,
        end=END,
        readings=[IndexReading(day=START, at=MIDNIGHTS[0], registers=registers, total=16, quality=Quality.RAW)],
        gaps=[SeriesGap(start=MIDNIGHTS[1], end=MIDNIGHTS[2], reason=GapReason.MISSING)],
        as_of=MIDNIGHTS[2],
    )
    gateway.answer(f"/v1/usage-points/{PRM}/index/consumption", answer)
    other = msgspec.structs.replace(answer, series=Series.PRODUCTION_INDEX)
    gateway.answer(f"/v1/usage-points/{PRM}/index/production", other)
    assert gateway.client().index(PRM, START, END) == answer
    assert gateway.client().index(PRM, START, END, production=True) == other
    assert await gateway.async_client().index(PRM, START, END) == answer
    assert await gateway.async_client().index(PRM, START, END, production=True) == other


def test_text_is_streamed_at_once_when_nothing_is_to_come():
    gateway = ScriptedGateway()
    gateway.answer(DAILY, b"start,end\n1,2\n", headers={"content-type": "text/csv"})
    pieces = gateway.client().export(PRM, Series.CONSUMPTION_DAILY, START, END, CSV)
    assert b"".join(pieces) == b"start,end\n1,2\n"
    assert [request.headers["accept"] for request in gateway.requests] == [CSV]


def unfinished_text(gateway: ScriptedGateway) -> None:
    gateway.answer(DAILY, b"half", headers={"content-type": "text/csv", "Retry-After": "1"})
    gateway.answer(DAILY, two_days(GapReason.PENDING), headers={"Retry-After": "5"})
    gateway.answer(DAILY, two_days())
    gateway.answer(DAILY, b"whole", headers={"content-type": "text/csv"})


def test_unfinished_text_is_not_delivered():
    gateway = ScriptedGateway()
    unfinished_text(gateway)
    assert list(gateway.client().export(PRM, Series.CONSUMPTION_DAILY, START, END, CSV)) == [b"whole"]
    assert gateway.waits == [5]


async def test_nor_by_the_asynchronous_client():
    gateway = ScriptedGateway()
    unfinished_text(gateway)
    pieces = gateway.async_client().export(PRM, Series.CONSUMPTION_DAILY, START, END, CSV)
    assert [piece async for piece in pieces] == [b"whole"]


async def test_a_refusal_is_the_same_error_everywhere():
    gateway = ScriptedGateway()
    gateway.answer(DAILY, NO_KEY)
    client, twin = gateway.client(None), gateway.async_client(None)
    with pytest.raises(GatewayProblem, match="key-missing"):
        client.daily(PRM, START, END)
    with pytest.raises(GatewayProblem, match="key-missing"):
        list(client.export(PRM, Series.CONSUMPTION_DAILY, START, END, CSV))
    with pytest.raises(GatewayProblem, match="key-missing"):
        await twin.daily(PRM, START, END)
    with pytest.raises(GatewayProblem, match="key-missing"):
        await anext(twin.export(PRM, Series.CONSUMPTION_DAILY, START, END, CSV))


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (httpx2.ConnectError("refused"), "No gateway answers"),
        (httpx2.ConnectTimeout("slow"), "No gateway answers"),
        (httpx2.ReadTimeout("slow"), "in time"),
        (httpx2.ReadError("cut"), "broke off"),
        (httpx2.RemoteProtocolError("cut"), "broke off"),
    ],
)
async def test_what_the_http_library_raises_is_translated_and_kept(error: Exception, says: str):
    gateway = ScriptedGateway()
    gateway.fail("/v1/catalogue", error)
    with pytest.raises(GatewayUnreachable, match=says) as caught:
        gateway.client().catalogue()
    assert caught.value.__cause__ is error
    with pytest.raises(GatewayUnreachable, match=says):
        await gateway.async_client().catalogue()


@pytest.mark.parametrize("url", ["gateway.test", "ftp://gateway.test", "http://[", "http://user:secret@"])
def test_an_address_that_is_none_is_said_so_without_its_secret(url: str):
    with Passerelle(url) as client, pytest.raises(GatewayUnreachable) as caught:
        client.catalogue()
    assert "secret" not in str(caught.value) + repr(client)


def test_a_redirect_is_not_followed_with_the_key():
    gateway = ScriptedGateway()
    gateway.answer("/v1/catalogue", b"", status=302, headers={"location": "http://elsewhere.test/"})
    with pytest.raises(PasserelleError):
        gateway.client().catalogue()
    assert len(gateway.requests) == 1


async def test_consents_are_started_and_forgotten():
    gateway = ScriptedGateway()
    started = ConsentStarted(id="c1", state="requested", authorize_url="http://g/consent", expires_at=MIDNIGHTS[0])
    gateway.answer("/v1/consents", started, method="POST", status=201)
    gateway.answer("/v1/consents/c1", b"", method="DELETE", status=204)
    client, twin = gateway.client(), gateway.async_client()
    assert client.start_consent("P6M") == started
    assert gateway.requests[-1].content == b'{"duration":"P6M"}'
    assert await twin.start_consent() == started
    assert gateway.requests[-1].content == b"{}"
    client.forget_consent("c1")
    await twin.forget_consent("c1")
    assert [request.method for request in gateway.requests] == ["POST", "POST", "DELETE", "DELETE"]


async def test_what_is_not_known_is_unset():
    gateway = ScriptedGateway()
    gateway.answer(f"/v1/usage-points/{PRM}/contact", ContactBody(usage_point_id=PRM, email="a@b.test"))
    assert gateway.client().contact(PRM).phone is msgspec.UNSET
    assert (await gateway.async_client().contact(PRM)).email == "a@b.test"


async def test_a_session_that_was_lent_stays_open_and_an_owned_one_is_closed():
    lent = httpx2.Client()
    with Passerelle("http://gateway.test", session=lent):
        pass
    assert not lent.is_closed
    lent.close()
    lent_twin = httpx2.AsyncClient()
    async with AsyncPasserelle("http://gateway.test", session=lent_twin):
        pass
    assert not lent_twin.is_closed
    await lent_twin.aclose()
    with Passerelle("http://gateway.test") as own:
        pass
    assert own._session.is_closed
    async with AsyncPasserelle("http://gateway.test") as own_twin:
        pass
    assert own_twin._session.is_closed


def public(kind: type) -> dict[str, str]:
    renamed = {"aclose": "close"}
    return {
        renamed.get(name, name): str(inspect.signature(member).replace(return_annotation=inspect.Signature.empty))
        for name, member in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }


def test_both_clients_ask_the_same_questions():
    assert public(AsyncPasserelle) == public(Passerelle)


def test_the_package_offers_both_by_name():
    assert passerelle.Passerelle is Passerelle
    assert passerelle.AsyncPasserelle is AsyncPasserelle
    with pytest.raises(AttributeError):
        passerelle.Nothing  # noqa: B018 — the look-up is the test
