"""From an `autorisation_id` to a granted consent, however late Enedis lists the services (F§4)."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from passerelle.consent.requests import SERVICES_NOT_LISTED, SHARE_OLDER, Claim, ConsentRequest
from passerelle.consent.shared import LATE_SERVICES, KnownServices
from passerelle.consent.states import ConsentState, Link
from passerelle.errors import NotServed, QuotaExhausted, UpstreamBroken
from passerelle.gateway.consents import REQUEST_LIFETIME, Arrival, Consents
from passerelle.gateway.exchange import PAGE_SECONDS, STALE, Exchanges, RefreshServices
from passerelle.gateway.flights import Flights
from passerelle.kit.signing import Signer
from passerelle.model.reading import GapReason
from passerelle.model.series import Direction, Series
from passerelle.model.shared_services import ServiceKind, SharedService
from passerelle.model.usage_point import UsagePointId
from passerelle.testing.clock import FakeClock
from passerelle.testing.consents import MemoryConsents, MemoryServices
from passerelle.testing.enedis import ScriptedEnedis

SECRET = b"s" * 32
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ONE, OTHER = UsagePointId("22516914714270"), UsagePointId("11453290002823")
STATE, BROWSER = (Signer(SECRET, f"consent {what}").issue() for what in ("state", "browser"))
CALLBACK = {"autorisation_id": "987654321", "state": STATE}
GRANTED, EXCHANGING, FAILED = ConsentState.GRANTED, ConsentState.EXCHANGING, ConsentState.FAILED


def service(point=ONE, kind=ServiceKind.DAILY, *, starts_on=date(2026, 11, 24), ends_on=date(2027, 5, 23)):
    return SharedService(point, kind, frozenset({Direction.CONSUMPTION}), starts_on, ends_on)


class Page:
    def address(self, *, state: str, duration: str) -> str:
        return f"https://enedis.example/?state={state}&duration={duration}"


class NoApplications:
    async def application(self, key_id: str) -> None:
        raise AssertionError(f"asked for {key_id!r}")


class House:
    """The journey over doubles: a customer who left for Enedis at `NOW`."""

    def __init__(self) -> None:
        self.store, self.enedis, self.clock = MemoryConsents(), ScriptedEnedis(), FakeClock(NOW)
        self.reopen()

    def reopen(self) -> None:
        """The process ends, another one begins."""
        self.consents = Consents(
            store=self.store,
            applications=NoApplications(),
            page=Page(),
            exchanges=Exchanges(store=self.store, enedis=self.enedis, clock=self.clock),
            flights=Flights(),
            clock=self.clock,
            secret=SECRET,
            duration="P1Y",
        )

    async def ask(self, account: str = "alice") -> ConsentRequest:
        """Another request than the customer's."""
        request = ConsentRequest(
            f"of {account}", account, ConsentState.REQUESTED, "P1Y", NOW, NOW + REQUEST_LIFETIME, None
        )
        await self.store.create(request, account.encode())
        return request

    async def leave(self) -> None:
        await self.ask()
        marks = (Signer(SECRET, f"consent {what}") for what in ("browser", "state"))
        browser, state = (mark.fingerprint(text) for mark, text in zip(marks, (BROWSER, STATE), strict=True))
        assert await self.store.start(b"alice", browser, state, NOW)

    async def come_back(self, **changed: str) -> Arrival:
        return await self.consents.arrive(CALLBACK | changed, BROWSER)

    async def request(self) -> ConsentRequest:
        found = await self.store.get("of alice")
        assert found is not None
        return found

    async def finish(self) -> int:
        return await self.consents.finish_exchanges(await self.clock.now())

    def later(self, after: timedelta) -> None:
        self.clock.advance(after.total_seconds())


@pytest.fixture
async def house():
    made = House()
    await made.leave()
    return made


async def test_services_that_are_there_are_granted_at_once(house):
    house.enedis.services = [service(), service(kind=ServiceKind.CURVE)]
    arrival = await house.come_back()
    assert (arrival.outcome, arrival.claims) == (GRANTED, (Claim(ONE, GRANTED),))
    # Until midnight after the last day of the services, whatever was asked.
    assert arrival.ends_at == datetime(2027, 5, 23, 22, tzinfo=UTC)
    assert house.enedis.authorisations == [987654321]
    assert house.clock.sleeps == []
    assert house.store.services == {ONE: tuple(house.enedis.services)}
    request = await house.request()
    assert (request.state, request.reason, request.expires_at) == (GRANTED, None, arrival.ends_at)


async def test_without_an_end_the_duration_counts(house):
    house.enedis.services = [service(ends_on=None)]
    assert (await house.come_back()).ends_at == datetime(2027, 11, 23, 23, tzinfo=UTC)


async def test_a_page_asks_a_few_times_with_growing_pauses(house):
    arrival = await house.come_back()
    assert (arrival.outcome, arrival.claims, arrival.reload_after) == (EXCHANGING, (), 10)
    assert 4 <= len(house.enedis.authorisations) <= 10
    assert house.clock.sleeps == sorted(house.clock.sleeps)
    assert sum(house.clock.sleeps) <= PAGE_SECONDS
    request = await house.request()
    assert (request.state, request.reason) == (EXCHANGING, SERVICES_NOT_LISTED)


async def test_services_that_come_while_the_page_waits(house):
    async def late() -> None:
        await house.clock.sleep(4)
        house.enedis.services = [service()]

    arrival, _ = await asyncio.gather(house.come_back(), late())
    assert arrival.outcome is GRANTED


@pytest.mark.parametrize("restarted", [False, True])
async def test_the_same_address_goes_on(house, restarted):
    await house.come_back()
    house.enedis.services = [service()]
    house.later(timedelta(hours=2))
    if restarted:
        house.reopen()
    for _ in range(2):  # and tells how it ended, as often as it is loaded
        arrival = await house.come_back()
        assert (arrival.outcome, arrival.claims) == (GRANTED, (Claim(ONE, GRANTED),))
        assert arrival.ends_at == datetime(2027, 5, 23, 22, tzinfo=UTC)


async def test_a_callback_that_differs_changes_nothing(house):
    await house.come_back()
    asked = len(house.enedis.authorisations)
    house.enedis.services = [service()]
    house.later(timedelta(hours=2))
    others = [
        await house.come_back(autorisation_id="5"),
        await house.come_back(error="access_denied"),
        await house.consents.arrive({"usage_point_id": ONE, "state": STATE}, BROWSER),
        await house.consents.arrive(CALLBACK, Signer(SECRET, "consent browser").issue()),
        await house.consents.arrive(CALLBACK, None),
    ]
    assert [arrival.outcome for arrival in others] == [None] * 5
    assert len(house.enedis.authorisations) == asked
    assert (await house.request()).state is EXCHANGING


async def test_an_old_page_asks_rarely(house):
    """A page that was left open must not use up the hour (F§12)."""
    await house.come_back()
    house.later(timedelta(minutes=20))
    asked = len(house.enedis.authorisations)
    first, second = await house.come_back(), await house.come_back()
    assert len(house.enedis.authorisations) == asked + 1
    assert (first.outcome, first.reload_after) == (second.outcome, second.reload_after) == (EXCHANGING, 600)


async def test_pages_loaded_at_once_share_the_questions(house):
    arrivals = await asyncio.gather(*(house.come_back() for _ in range(5)))
    assert {arrival.outcome for arrival in arrivals} == {EXCHANGING}
    assert len(house.enedis.authorisations) <= 10


@pytest.mark.parametrize(
    "error", [UpstreamBroken("x", "x"), QuotaExhausted("x", "x", retry_after=60), NotServed("x", "x")]
)
async def test_errors_of_enedis_keep_the_exchange_open(house, error):
    house.enedis.silence = error
    assert (await house.come_back()).outcome is EXCHANGING
    house.enedis.silence, house.enedis.services = None, [service()]
    house.later(timedelta(minutes=1))
    assert (await house.come_back()).outcome is GRANTED


async def test_an_exchange_is_finished_without_its_page(house):
    await house.come_back()
    house.later(timedelta(minutes=1))
    assert await house.finish() == 0
    asked = len(house.enedis.authorisations)
    assert await house.finish() == 0
    assert len(house.enedis.authorisations) == asked, "not due again yet"
    house.enedis.services = [service()]
    house.later(timedelta(minutes=10))
    assert await house.finish() == 1
    assert await house.finish() == 0
    assert (await house.request()).state is GRANTED
    assert (await house.come_back()).outcome is GRANTED


async def test_it_lapses_with_the_request(house):
    await house.come_back()
    house.enedis.services = [service()]
    house.later(REQUEST_LIFETIME)
    assert await house.finish() == 0
    assert (await house.come_back()).outcome is None
    assert (await house.request()).reason == SERVICES_NOT_LISTED


async def test_what_was_shared_before_the_request_fails_it_at_last(house):
    """A guessed id names what others shared (F§4); a new share beside an older one may be late."""
    house.enedis.services = [service(starts_on=date(2026, 11, 23))]
    assert (await house.come_back()).outcome is EXCHANGING
    house.later(LATE_SERVICES)
    for _ in range(2):
        arrival = await house.come_back()
        assert (arrival.outcome, arrival.reason, arrival.claims) == (FAILED, SHARE_OLDER, ())
    request = await house.request()
    assert (request.state, request.reason) == (FAILED, SHARE_OLDER)
    assert house.store.services == {}


async def test_a_point_of_another_account_is_disputed(house):
    await house.ask("bob")
    await house.store.grant("of bob", [ONE], NOW, None)
    house.enedis.services = [service(), service(OTHER, starts_on=date(2026, 11, 25))]
    arrival = await house.come_back()
    assert arrival.claims == (Claim(ONE, ConsentState.DISPUTED), Claim(OTHER, GRANTED))
    house.reopen()
    assert (await house.come_back()).claims == arrival.claims


async def test_a_request_withdrawn_meanwhile_links_nothing(house):
    await house.come_back()
    house.enedis.services = [service()]
    await house.store.forget("alice", "of alice")
    house.later(timedelta(hours=1))
    assert (await house.come_back()).outcome is None
    assert await house.finish() == 0


CURVE, DAILY = Series.CONSUMPTION_LOAD_CURVE, Series.CONSUMPTION_DAILY


class Known(House):
    """A consent that was exchanged, with the services listed then: daily values alone."""

    def __init__(self) -> None:
        super().__init__()
        self.services = MemoryServices({"point": KnownServices(ONE, (service(),), NOW)})
        self.refresh = RefreshServices(services=self.services, store=self.store, enedis=self.enedis, clock=self.clock)
        self.link = Link("point", "alice", "of alice", GRANTED, NOW, None)

    async def allow(self, series: Series, wait: float = 5) -> GapReason | None:
        return await self.refresh.services_allow(self.link, series, await self.clock.now(), wait)


@pytest.fixture
async def known():
    made = Known()
    await made.leave()
    made.enedis.services = [service(), service(OTHER, ServiceKind.CURVE)]
    await made.come_back()
    made.enedis.authorisations.clear()
    return made


async def test_what_is_known_is_believed_for_a_day(known):
    known.later(STALE - timedelta(seconds=1))
    assert await known.allow(DAILY) is None
    assert await known.allow(CURVE) is GapReason.NOT_COLLECTED
    assert known.enedis.authorisations == []


async def test_nothing_known_allows_everything(known):
    known.services.known.clear()
    known.later(STALE)
    assert await known.allow(CURVE) is None
    assert known.enedis.authorisations == []


async def test_before_it_denies_for_long_it_is_asked_for_again(known):
    known.later(STALE)
    assert await known.allow(DAILY) is None
    assert known.enedis.authorisations == [], "what is given needs no question"
    asked = await asyncio.gather(*(known.allow(CURVE) for _ in range(3)))
    assert asked == [GapReason.NOT_COLLECTED] * 3, "another point's curve is none of this one"
    assert known.enedis.authorisations == [987654321]
    assert await known.allow(CURVE) is GapReason.NOT_COLLECTED
    assert known.enedis.authorisations == [987654321], "known anew, for a day"
    known.enedis.services.append(service(kind=ServiceKind.CURVE))
    known.later(STALE)
    assert await known.allow(CURVE) is None


async def test_while_enedis_does_not_say_what_is_known_counts(known):
    known.enedis.silence = UpstreamBroken("x", "x")
    known.later(STALE)
    assert [await known.allow(CURVE) for _ in range(3)] == [GapReason.NOT_COLLECTED] * 3
    assert known.enedis.authorisations == [987654321]
    known.enedis.silence = None
    known.enedis.services = [service(kind=ServiceKind.CURVE)]
    known.later(timedelta(minutes=10))
    assert await known.allow(CURVE) is None


async def test_nobody_waits_for_that_longer_than_he_said_while_the_question_goes_on(known):
    known.later(STALE)
    answers, ask = asyncio.Event(), known.enedis.shared_services

    async def slowly(*asked):
        await answers.wait()
        return await ask(*asked)

    known.enedis.shared_services = slowly
    known.enedis.services.append(service(kind=ServiceKind.CURVE))
    assert await known.allow(CURVE, wait=0) is GapReason.PENDING
    waiting = asyncio.create_task(known.allow(CURVE))
    answers.set()
    assert await waiting is None
    assert known.enedis.authorisations == [987654321]


async def test_without_an_id_there_is_nobody_to_ask(known):
    link = Link("point", "alice", "of another consent", GRANTED, NOW, None)
    known.later(STALE)
    assert await known.refresh.services_allow(link, CURVE, NOW + STALE, 5) is GapReason.NOT_COLLECTED
    assert known.enedis.authorisations == []
