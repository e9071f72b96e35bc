"""What a home in Redis promises when Redis forgets, and when it or the database is away."""

import asyncio
import time

import msgspec
import pytest

from passerelle.errors import QuotaExhausted
from passerelle.model.priority import Priority
from passerelle.quota import bucket as rules
from passerelle.quota.bucket import (
    AHEAD_US,
    HOUR_US,
    LEAD_US,
    SECOND_US,
    WIDEST_WINDOW_US,
    CivilTime,
    Grant,
    HourCount,
    Later,
)
from passerelle.quota.home import Ask
from passerelle.quota.marks import Marks
from passerelle.quota.redis import RedisHome, open_redis
from passerelle.quota.settings import Limits
from passerelle.quota.sqlite import SqliteHome

pytestmark = pytest.mark.redis

WAIT_US = LEAD_US + WIDEST_WINDOW_US
LIMITS = Limits(5, 400)
HOUR = 495_000


@pytest.fixture
async def client(own_redis):
    async with open_redis(own_redis.url) as client:
        yield client


@pytest.fixture
def marks(sqlite):
    return Marks(sqlite)


@pytest.fixture
def home(client, marks, wall):
    return RedisHome(client, marks, wall_us=wall.read, monotonic=wall.monotonic)


async def use(home, wall, calls):
    """Reserve until so many calls are counted, or none more is to be had in this hour."""
    serials, turn = [], 0
    while len(serials) < calls:
        answer = (await home.reserve("v5", wall.ask(limits=LIMITS, turn=turn))).answer
        turn = 0 if isinstance(answer, Grant) else answer.serial
        if isinstance(answer, Grant):
            serials.append(answer.serial)
        elif answer.why is rules.Why.HOUR:
            break
        wall.us += 0 if isinstance(answer, Grant) else answer.wait_us
    return serials


LOSSES = ["FLUSHALL", "restart", "damage", "another run of the server"]


async def lose(loss, client, own_redis):
    (key,) = await client.keys("*")
    if loss == "FLUSHALL":
        await client.flushall()
    elif loss == "restart":
        await own_redis.stop()
        await own_redis.start()
    elif loss == "damage":
        await client.setrange(key, 0, b"\xc1\xc1")
    else:  # as a restored file, or a replica that has taken over, would hold it
        kept, run = await client.get(key), (await client.info("server"))["run_id"].encode()
        await client.set(key, kept.replace(run, b"0" * 40))


async def used(home):
    state, now_us = await home.read("v5")
    return rules.used_in(state, now_us // HOUR_US)


async def test_it_goes_by_the_servers_clock(client, marks):
    now_us = time.time_ns() // 1000
    asked = Ask(Limits(), CivilTime(now_us, now_us), Priority.INTERACTIVE)
    reply = await RedisHome(client, marks).reserve("v5", asked)
    own = reply.answer.slot.at_us - reply.answer.wait_us
    assert now_us - SECOND_US < own < time.time_ns() // 1000 + SECOND_US
    assert reply.at <= time.monotonic()


async def test_the_mark_is_never_below_the_count_and_little_above_it(home, marks, wall):
    for calls in (1, 3, 1, 9):
        await use(home, wall, calls)
        assert await used(home) <= await marks.upto("v5", HOUR) < await used(home) + 4


async def test_a_first_call_does_not_wait_for_slots_that_nobody_has(home, wall):
    assert (await home.reserve("v5", wall.ask())).answer.wait_us == 0


@pytest.mark.parametrize("loss", LOSSES)
async def test_a_count_that_is_lost_resumes_from_the_mark_once_all_slots_are_over(
    home, marks, wall, client, own_redis, loss
):
    await use(home, wall, 30)
    await lose(loss, client, own_redis)
    began = wall.us
    answer = (await home.reserve("v5", wall.ask(limits=LIMITS))).answer
    assert isinstance(answer, Later)
    assert answer.wait_us == WAIT_US - AHEAD_US
    await home.give_back("v5", answer.serial)
    (grant,) = await wall.leave(home, limits=LIMITS)
    assert grant.slot.at_us == began + WAIT_US
    assert 30 < await used(home) <= 33
    assert await marks.upto("v5", HOUR) == 36


async def test_a_slot_given_before_the_loss_gives_back_nothing_after_it(home, wall, client):
    serials = await use(home, wall, 10)
    await client.flushall()
    wall.us += 10 * SECOND_US
    await use(home, wall, 20)
    before = await used(home)
    for serial in serials:
        await home.give_back("v5", serial)
    assert await used(home) == before


async def test_however_often_the_count_is_lost_no_more_leaves_than_allowed_and_nearly_all_of_it(home, wall, client):
    sent = 0
    for _ in range(5):
        sent += len(await use(home, wall, 50))
        await client.flushall()
    sent += len(await use(home, wall, 400))
    assert wall.us // HOUR_US == HOUR
    assert 400 - 5 * 4 <= sent <= 400


async def test_all_of_the_hour_is_used_by_many_at_once(client, marks, wall):
    homes = [RedisHome(client, marks, wall_us=wall.read, monotonic=wall.monotonic) for _ in range(4)]
    sent = sum(len(each) for each in await asyncio.gather(*(use(home, wall, 400) for home in homes)))
    assert (sent, await marks.read("v5")) == (400, [HourCount(HOUR, 400)])


async def test_a_process_that_died_after_raising_the_mark_costs_its_block(home, marks, wall):
    await use(home, wall, 4)
    assert await marks.advance("v5", HOUR, 4, 8)
    answer = (await home.reserve("v5", wall.ask(limits=LIMITS))).answer
    assert isinstance(answer, Grant)
    assert (await used(home), await marks.upto("v5", HOUR)) == (9, 12)


async def test_asking_twice_with_one_name_gives_one_slot(home, wall):
    asked = {"id": "a", "interactive": True, "per_second": 5, "per_hour": 400, "lead": 0, "turn": 0, "offset": 0}
    await use(home, wall, 1)
    first = await home._run("reserve", "v5", asked)
    wall.us += 100
    again = await home._run("reserve", "v5", asked)
    assert again[2:5] == first[2:5]
    assert await used(home) == 2
    assert (await home._run("reserve", "v5", {**asked, "id": "b"}))[4] == first[4] + 1


async def test_asking_twice_with_one_name_gives_one_place_in_the_line(home, wall):
    asked = {"id": "a", "interactive": True, "per_second": 1, "per_hour": 400, "lead": 0, "turn": 0, "offset": 0}
    await use(home, wall, 1)
    first = await home._run("reserve", "v5", asked)
    assert first[0] == b"later"
    again = await home._run("reserve", "v5", asked)
    assert again == first
    state, _ = await home.read("v5")
    assert [ticket.serial for ticket in state.line] == [first[3]]


async def test_a_bucket_of_an_older_version_that_knew_no_line_goes_on(home, wall, client):
    await use(home, wall, 3)
    (key,) = await client.keys("*")
    kept = msgspec.msgpack.decode(await client.get(key))
    await client.set(key, msgspec.msgpack.encode({name: kept[name] for name in kept if "line" not in name}))
    await use(home, wall, 1)
    assert await used(home) == 4


async def test_a_word_meant_for_a_lost_bucket_is_ignored_by_the_next(home, marks, wall, client):
    await use(home, wall, 4)
    _, seed, hour, seen = await home._run(
        "reserve",
        "v5",
        {"id": "a", "interactive": True, "per_second": 5, "per_hour": 400, "lead": 0, "turn": 0, "offset": 0},
    )
    await client.flushall()
    await home.read("v5")
    late = {"seed": seed.decode(), "hour": hour, "seen": seen, "upto": 300, "spent": False}
    await home._run("mark", "v5", late)
    wall.us += WAIT_US
    await home.reserve("v5", wall.ask(limits=LIMITS))
    assert await marks.upto("v5", HOUR) == 8


async def test_a_hold_is_for_the_hour_that_the_calendar_shows(home, wall):
    days_us = 24 * HOUR_US
    await home.hold("v5", CivilTime(wall.us - days_us, wall.us), wall.us - days_us + 60 * SECOND_US)
    earlier = Ask(LIMITS, CivilTime(wall.us - days_us, wall.us), Priority.INTERACTIVE)
    assert (await home.reserve("v5", earlier)).answer.wait_us == 61 * SECOND_US
    assert isinstance((await home.reserve("v5", wall.ask(limits=LIMITS))).answer, Grant)


async def until_held(home, wall):
    """How long the next call is told to wait for the end of a hold, in microseconds; 0 if there is none."""
    answer = (await home.reserve("v5", wall.ask(limits=LIMITS))).answer
    await home.give_back("v5", answer.serial)
    return answer.wait_us if isinstance(answer, Later) and answer.why is rules.Why.HOLD else 0


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def either(request):
    return Marks(request.getfixturevalue(request.param))


@pytest.mark.parametrize("loss", LOSSES)
async def test_nothing_leaves_before_the_end_of_a_hold_that_is_lost(client, either, wall, own_redis, loss):
    home, other = (RedisHome(client, either, wall_us=wall.read, monotonic=wall.monotonic) for _ in range(2))
    await use(home, wall, 5)
    end_us = wall.us + 601 * SECOND_US
    await home.hold("v5", wall.ask().civil, end_us - SECOND_US)
    wall.us += 60 * SECOND_US
    for each in (home, other):
        await lose(loss, client, own_redis)
        assert await until_held(each, wall) == end_us - wall.us
    wall.us = end_us - 1
    assert await until_held(other, wall) == 1
    wall.us = end_us
    (grant,) = await wall.leave(home, limits=LIMITS)
    assert grant.slot.at_us == end_us


async def test_the_longest_hold_is_the_one_that_is_resumed(home, wall, client):
    began, civil = wall.us, wall.ask().civil
    for seconds, kept in ((60, 61), (900, 901), (300, 901), (30 * 3600, 3601)):
        await home.hold("v5", civil, began + seconds * SECOND_US)
        await client.flushall()
        assert await until_held(home, wall) == kept * SECOND_US


async def test_a_hold_to_no_instant_is_resumed_until_the_next_hour(home, wall, client):
    await home.hold("v5", wall.ask().civil, None)
    await client.flushall()
    assert await until_held(home, wall) == 3001 * SECOND_US


async def test_a_hold_of_a_calendar_that_was_set_back_since_is_resumed_by_nobody(home, wall, client):
    days_us = 24 * HOUR_US
    await home.hold("v5", CivilTime(wall.us + days_us, wall.us), None)
    await client.flushall()
    assert await until_held(home, wall) == 0
    await home.hold("v5", wall.ask().civil, wall.us + 60 * SECOND_US)
    await client.flushall()
    assert await until_held(home, wall) == 61 * SECOND_US


async def test_a_hold_holds_though_redis_loses_it_before_it_is_written(home, wall, client, sqlite):
    class Slow(Marks):
        async def hold(self, *asked):
            await client.flushall()
            assert await until_held(home, wall) == 0, "another process makes the bucket anew"
            return await super().hold(*asked)

    slow = RedisHome(client, Slow(sqlite), wall_us=wall.read, monotonic=wall.monotonic)
    await slow.hold("v5", wall.ask().civil, wall.us + 60 * SECOND_US)
    assert await until_held(home, wall) == 61 * SECOND_US


async def test_a_hold_that_is_written_late_ends_when_it_was_to_end(wall, client, sqlite):
    class Slow(Marks):
        async def hold(self, *asked):
            wall.us += 3001 * SECOND_US
            return await super().hold(*asked)

    home = RedisHome(client, Slow(sqlite), wall_us=wall.read, monotonic=wall.monotonic)
    await home.hold("v5", wall.ask().civil, None)
    assert await until_held(home, wall) == 0


async def test_a_hold_is_refused_without_redis_and_yet_resumed_by_it(home, wall, own_redis):
    await use(home, wall, 1)
    await own_redis.stop()
    with pytest.raises(QuotaExhausted):
        await home.hold("v5", wall.ask().civil, wall.us + 60 * SECOND_US)
    await own_redis.start()
    assert await until_held(home, wall) == 61 * SECOND_US


async def test_a_hold_is_refused_without_the_database_and_yet_obeyed(home, wall, sqlite):
    await use(home, wall, 1)
    async with sqlite.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE quota RENAME TO elsewhere")
    with pytest.raises(QuotaExhausted):
        await home.hold("v5", wall.ask().civil, wall.us + 60 * SECOND_US)
    assert await until_held(home, wall) == 61 * SECOND_US


async def test_without_the_database_a_lost_bucket_lets_nothing_leave(home, wall, client, sqlite):
    await use(home, wall, 1)
    async with sqlite.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE quota RENAME TO elsewhere")
    assert len(await use(home, wall, 30)) == 30, "what is not lost asks for no hold"
    await client.flushall()
    with pytest.raises(QuotaExhausted):
        await home.reserve("v5", wall.ask(limits=LIMITS))


async def test_a_hold_outlasts_a_change_of_home(home, wall, sqlite):
    rows = SqliteHome(sqlite, wall_ns=wall.ns, monotonic=wall.monotonic)
    await rows.hold("v5", wall.ask().civil, wall.us + 60 * SECOND_US)
    assert await until_held(home, wall) == 61 * SECOND_US
    await home.hold("v5", wall.ask().civil, wall.us + 90 * SECOND_US)
    assert await until_held(rows, wall) == 91 * SECOND_US


async def test_scripts_that_the_server_forgot_are_sent_again(home, wall, client):
    await use(home, wall, 1)
    await client.script_flush()
    await use(home, wall, 1)
    assert await used(home) == 2


async def test_a_connection_that_was_cut_is_made_again_within_the_call(home, wall, client, own_redis):
    await use(home, wall, 1)
    async with open_redis(own_redis.url) as other:
        await other.client_kill_filter(_type="normal", skipme=True)
    await use(home, wall, 1)
    assert await used(home) == 2


async def test_while_redis_is_away_nothing_leaves_and_afterwards_it_does(home, wall, own_redis):
    await use(home, wall, 3)
    await own_redis.stop()
    for verb in (
        home.reserve("v5", wall.ask()),
        home.give_back("v5", 1),
        home.hold("v5", wall.ask().civil, None),
        home.slow_down("v5"),
        home.read("v5"),
    ):
        with pytest.raises(QuotaExhausted) as refusal:
            await verb
        assert refusal.value.problem.retry_after == 5
    await own_redis.start()
    wall.us += WAIT_US
    assert isinstance((await home.reserve("v5", wall.ask(limits=LIMITS))).answer, Later)


async def test_a_full_redis_lets_nothing_leave(home, wall, client):
    await use(home, wall, 1)
    await client.config_set("maxmemory", "1")
    with pytest.raises(QuotaExhausted):
        await home.reserve("v5", wall.ask(limits=LIMITS))


async def test_without_the_database_calls_leave_up_to_the_mark_and_no_further(client, sqlite, wall):
    home = RedisHome(client, Marks(sqlite), wall_us=wall.read, monotonic=wall.monotonic)
    await use(home, wall, 1)
    async with sqlite.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE quota_marks RENAME TO elsewhere")
    assert len(await use(home, wall, 3)) == 3
    with pytest.raises(QuotaExhausted):
        await home.reserve("v5", wall.ask(limits=LIMITS))


async def test_installations_with_other_prefixes_do_not_share(
    client, marks, wall, home, tmp_path, open_sqlite, make_tables
):
    async with open_sqlite(tmp_path / "other.db") as engine:
        await make_tables(engine)
        other = RedisHome(client, Marks(engine), prefix="b", wall_us=wall.read, monotonic=wall.monotonic)
        await use(home, wall, 5)
        assert await used(other) == 0


async def test_the_keys_of_redis_say_no_more_than_the_bucket(home, wall, client):
    await use(home, wall, 3)
    await home.reserve("measures", wall.ask())
    assert sorted(await client.keys("*")) == [b"passerelle:quota:{measures}", b"passerelle:quota:{v5}"]


async def test_marks_of_two_days_ago_are_dropped(marks):
    for hour in (HOUR, HOUR + 48, HOUR + 49):
        assert await marks.advance("v5", hour, 0, 4)
        assert not await marks.advance("v5", hour, 0, 9)
    assert await marks.read("v5") == [HourCount(HOUR + 48, 4), HourCount(HOUR + 49, 4)]
