"""The journey's own checks, before the store is asked."""

from datetime import UTC, datetime

import pytest

from passerelle.consent.states import ConsentState
from passerelle.gateway.consents import Consents
from passerelle.gateway.exchange import Exchanges
from passerelle.gateway.flights import Flights
from passerelle.kit.signing import Signer
from passerelle.testing.clock import FakeClock
from passerelle.testing.enedis import ScriptedEnedis

SECRET = b"s" * 32
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


class Store:
    """Knows nothing, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def start(self, *_: object) -> None:
        self.asked.append("start")

    async def take(self, *_: object) -> None:
        self.asked.append("take")

    async def exchange(self, *_: object) -> None:
        self.asked.append("exchange")


class Page:
    def address(self, *, state: str, duration: str) -> str:
        return f"https://enedis.example/?state={state}&duration={duration}"


class NoApplications:
    async def application(self, key_id: str) -> None:
        raise AssertionError(f"asked for {key_id!r}")


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def consents(store):
    return Consents(
        store=store,
        applications=NoApplications(),
        page=Page(),
        exchanges=Exchanges(store=store, enedis=ScriptedEnedis(), clock=FakeClock(NOW)),
        flights=Flights(),
        clock=FakeClock(NOW),
        secret=SECRET,
        duration="P1Y",
    )


STATE, BROWSER, TICKET = (Signer(SECRET, f"consent {what}").issue() for what in ("state", "browser", "ticket"))
FORGED = Signer(b"t" * 32, "consent state").issue()


@pytest.mark.parametrize(
    ("state", "browser"),
    [
        (None, BROWSER),
        (STATE, None),
        ("", BROWSER),
        (FORGED, BROWSER),
        (STATE, FORGED),
        (BROWSER, BROWSER),
        (STATE, STATE),
        (TICKET, BROWSER),
        (f"{STATE}12", BROWSER),
        (f"{STATE}x", BROWSER),
        (STATE[:-1], BROWSER),
    ],
    ids=range(11),
)
async def test_what_this_gateway_did_not_sign_for_this_use_is_not_even_looked_up(consents, store, state, browser):
    for told in ({"code": "x", "usage_point_id": "22516914714270"}, {"autorisation_id": "5"}):
        query = told | ({} if state is None else {"state": state})
        assert (await consents.arrive(query, browser)).outcome is None
    assert store.asked == []


@pytest.mark.parametrize("digit", ["", "7"])
async def test_what_it_signed_is_looked_up(consents, store, digit):
    """With or without the digit that selects a customer of the sandbox (F§11)."""
    assert (await consents.arrive({"state": STATE + digit}, BROWSER)).outcome is None
    assert (await consents.arrive({"state": STATE + digit, "autorisation_id": "5"}, BROWSER)).outcome is None
    assert store.asked == ["take", "exchange"]


async def test_an_error_without_state_is_told_and_looks_nothing_up(consents, store):
    """F§3."""
    arrival = await consents.arrive({"code": "500", "error": "server_error"}, BROWSER)
    assert (arrival.outcome, arrival.request) == (ConsentState.FAILED, None)
    assert store.asked == []


@pytest.mark.parametrize("ticket", ["", "x", FORGED, STATE], ids=range(4))
async def test_a_ticket_of_another_make_opens_nothing(consents, store, ticket):
    assert await consents.depart(ticket, BROWSER) is None
    assert store.asked == []


@pytest.mark.parametrize("key_id", ["", "a.b", "\0", "a b"])
async def test_what_can_be_no_key_is_not_looked_up(consents, key_id):
    assert await consents.application(key_id) is None
