import asyncio

import pytest

from passerelle.enedis.token import TokenKeeper
from passerelle.errors import UpstreamBroken, UpstreamUnavailable
from passerelle.testing.clock import FakeClock


class Fetches:
    """Counts token calls; each hangs until `gate` is set."""

    def __init__(self, *bodies: bytes | Exception) -> None:
        self.bodies = list(bodies)
        self.count = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> bytes:
        self.count += 1
        await self.gate.wait()
        body = self.bodies.pop(0) if self.bodies else b'{"access_token": "t%d", "expires_in": 12600}' % self.count
        if isinstance(body, Exception):
            raise body
        return body


async def test_all_who_come_together_share_one_fetch():
    fetches = Fetches()
    keeper = TokenKeeper(fetches, FakeClock())
    assert set(await asyncio.gather(*(keeper.current() for _ in range(20)))) == {"t1"}
    assert fetches.count == 1


async def test_who_gives_up_does_not_stop_the_others():
    fetches = Fetches()
    fetches.gate.clear()
    keeper = TokenKeeper(fetches, FakeClock())
    first = asyncio.create_task(keeper.current())
    second = asyncio.create_task(keeper.current())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    fetches.gate.set()
    assert await second == "t1"
    assert fetches.count == 1


async def test_a_failure_is_everyone_s_and_the_next_caller_s_chance():
    fetches = Fetches(UpstreamUnavailable("a", "b"))
    keeper = TokenKeeper(fetches, FakeClock())
    told = await asyncio.gather(keeper.current(), keeper.current(), return_exceptions=True)
    assert [type(error) for error in told] == [UpstreamUnavailable] * 2
    assert await keeper.current() == "t2"


@pytest.mark.parametrize(
    ("expires_in", "still_good", "renewed"),
    [(b"12600", 12539, 12540), (b'"12600"', 12539, 12540), (b"40", 19, 20), (b"null", 12539, 12540)],
)
async def test_renewed_a_minute_before_its_end(expires_in: bytes, still_good: int, renewed: int):
    clock = FakeClock()
    fetches = Fetches(b'{"access_token": "t1", "expires_in": ' + expires_in + b"}")
    keeper = TokenKeeper(fetches, clock)
    await keeper.current()
    clock.advance(still_good)
    assert await keeper.current() == "t1"
    clock.advance(renewed - still_good)
    assert await keeper.current() == "t2"


async def test_only_the_token_in_force_is_dropped():
    fetches = Fetches()
    keeper = TokenKeeper(fetches, FakeClock())
    assert await keeper.current() == "t1"
    keeper.invalidate("t1")
    assert await keeper.current() == "t2"
    keeper.invalidate("t1")
    assert await keeper.current() == "t2"


@pytest.mark.parametrize(
    "body",
    [
        b'{"token_type": "Bearer"}',
        b'{"more":' * 5000 + b"1" + b"}" * 5000,
        b'{"access_token": ""}',
        b'{"access_token": "a\\nb"}',
        b'{"access_token": "a", "expires_in": "soon"}',
        b'{"access_token": "a", "expires_in": -1}',
        b'{"access_token": "a", "expires_in": "nan"}',
        b"[]",
        b"\xff",
    ],
)
async def test_an_answer_without_a_usable_token(body: bytes):
    with pytest.raises(UpstreamBroken):
        await TokenKeeper(Fetches(body), FakeClock()).current()


async def test_close_ends_a_fetch_under_way():
    fetches = Fetches()
    fetches.gate.clear()
    keeper = TokenKeeper(fetches, FakeClock())
    waiting = asyncio.create_task(keeper.current())
    await asyncio.sleep(0)
    await keeper.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
