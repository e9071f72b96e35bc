"""The book of work without a caller, on every database: who is next, and what a dead process leaves."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from passerelle.consent.requests import ConsentRequest
from passerelle.consent.states import ConsentState
from passerelle.kit.crypto import random_id
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.upkeep import LEAST_WANTED_WAITS, LOOK_AFTER, WANTED_FOR, Turn, Work
from passerelle.store.engine import writing
from passerelle.store.tables import points
from passerelle.store.upkeep import ALIVE_SECONDS, BROKEN_AGAIN, LEASE_SECONDS, UpkeepBook

CURVE, DAILY = Series.CONSUMPTION_LOAD_CURVE, Series.CONSUMPTION_DAILY
POINTS = [UsagePointId(f"{number:014}") for number in range(1, 40)]
SINCE = date(2024, 11, 24)


class Wall:
    at = 1_000_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def wall():
    return Wall()


@pytest.fixture
def book(store, wall):
    return UpkeepBook(store.engine, store.secrets, random_id(), wall)


async def linked(store, name, *points):
    account = await store.account(name)
    await store.grant(account, *points)
    return account, [(await store.links.find(account, point)).point_id for point in points]


async def test_what_is_wanted_is_due_in_an_hour_and_only_in_one_hand(store, book, wall):
    account, (point,) = await linked(store, "alice", POINTS[0])
    await book.want(account, point, [CURVE], store.clock.at)
    assert await book.claim(store.clock.at, 4) == []
    store.clock.at += LOOK_AFTER
    (task,) = await book.claim(store.clock.at, 4)
    assert (task.series, task.work, task.import_from) == (CURVE, Work.REFRESH, None)
    assert task.linked.usage_point_id == POINTS[0]
    assert task.linked.link.point_id == point
    assert await book.claim(store.clock.at, 4) == []
    other = UpkeepBook(store.engine, store.secrets, random_id(), wall)
    assert await other.claim(store.clock.at, 4) == []


async def test_a_dead_process_loses_its_claims_and_cannot_settle_them_later(store, book, wall):
    account, (point,) = await linked(store, "alice", POINTS[0])
    await book.want(account, point, [CURVE], store.clock.at - LOOK_AFTER)
    (task,) = await book.claim(store.clock.at, 1)
    other = UpkeepBook(store.engine, store.secrets, random_id(), wall)
    wall.at += LEASE_SECONDS - 1
    assert await other.claim(store.clock.at, 1) == []
    wall.at += 2
    assert await other.claim(store.clock.at, 1) == [task]
    await book.settle(task, None, store.clock.at)
    wall.at += LEASE_SECONDS + 1
    assert await other.claim(store.clock.at, 1) == [task]


async def test_work_laid_down_comes_back_when_it_is_due(store, book):
    account, (point,) = await linked(store, "alice", POINTS[0])
    await book.want(account, point, [CURVE], store.clock.at - LOOK_AFTER)
    (task,) = await book.claim(store.clock.at, 1)
    later = store.clock.at + timedelta(hours=20)
    await book.settle(task, later, store.clock.at)
    assert await book.claim(later - timedelta(seconds=1), 1) == []
    assert len(await book.claim(later, 1)) == 1


async def test_reading_again_moves_no_turn_but_says_that_it_is_wanted(store, book):
    account, (point,) = await linked(store, "alice", POINTS[0])
    await book.want(account, point, [CURVE], store.clock.at - LOOK_AFTER)
    (task,) = await book.claim(store.clock.at, 1)
    later = store.clock.at + timedelta(hours=20)
    await book.settle(task, later, store.clock.at)
    again = store.clock.at + timedelta(hours=1)
    await book.want(account, point, [CURVE], again)
    assert await book.claim(again, 1) == []
    (task,) = await book.claim(later, 1)
    assert task.wanted_at == again


async def test_ten_thousand_imports_of_one_account_let_another_one_start_at_once(store, book):
    big, points = await linked(store, "big", *POINTS[:30])
    for point in points:
        await book.start_import(big, point, [(CURVE, SINCE)], store.clock.at)
    first = await book.claim(store.clock.at, 1)
    small, (point,) = await linked(store, "small", POINTS[35])
    await book.start_import(small, point, [(CURVE, SINCE)], store.clock.at + timedelta(minutes=5))
    now = store.clock.at + timedelta(minutes=5)
    following = await book.claim(now, 2)
    assert first[0].linked.link.account_id == big
    assert small in [task.linked.link.account_id for task in following]


async def test_refreshes_go_before_imports_and_curves_before_daily_values(store, book):
    account, (one, two) = await linked(store, "alice", *POINTS[:2])
    await book.start_import(account, one, [(CURVE, SINCE), (DAILY, SINCE)], store.clock.at)
    await book.want(account, two, [DAILY], store.clock.at - LOOK_AFTER)
    tasks = await book.claim(store.clock.at, 9)
    assert [(task.work, task.series) for task in tasks] == [
        (Work.REFRESH, DAILY),
        (Work.IMPORT, CURVE),
        (Work.IMPORT, DAILY),
    ]


async def test_what_was_wanted_last_goes_first(store, book):
    account, points = await linked(store, "alice", *POINTS[:3])
    for place, point in enumerate(points):
        await book.want(account, point, [CURVE], store.clock.at + timedelta(seconds=place))
    tasks = await book.claim(store.clock.at + timedelta(seconds=9) + LOOK_AFTER, 9)
    assert [task.linked.link.point_id for task in tasks] == points[::-1]


async def test_nothing_is_claimed_without_a_consent_that_stands(store, book):
    account, (kept, forgotten) = await linked(store, "alice", *POINTS[:2])
    consent, _ = await store.grant(account, POINTS[2])
    gone = (await store.links.find(account, POINTS[2])).point_id
    for point in (kept, forgotten, gone):
        await book.want(account, point, [CURVE], store.clock.at - LOOK_AFTER)
    await store.consents.forget(account, consent)
    after_its_end = store.clock.at + timedelta(days=366)
    assert {task.linked.link.point_id for task in await book.claim(store.clock.at, 9)} == {kept, forgotten}
    assert await book.claim(after_its_end, 9) == []


async def test_accounts_whose_consent_ended_stand_before_nobody(store, book):
    for number in range(100, 160):
        point = UsagePointId(f"{number:014}")
        account, (point_id,) = await linked(store, f"ended {number}", point)
        await book.start_import(account, point_id, [(CURVE, SINCE)], store.clock.at)
        link = await store.links.find(account, point)
        await store.links.set_state(link, ConsentState.REVOKED)
    account, (point_id,) = await linked(store, "waiting", POINTS[30])
    await book.start_import(account, point_id, [(CURVE, SINCE)], store.clock.at)
    served = [task.linked.link.account_id for task in await book.claim(store.clock.at, 2)]
    assert served == [account]


async def test_an_import_ends_and_can_begin_anew(store, book):
    account, (point,) = await linked(store, "alice", POINTS[0])
    await book.start_import(account, point, [(CURVE, SINCE)], store.clock.at)
    (task,) = await book.claim(store.clock.at, 1)
    await book.settle(task, None, store.clock.at + timedelta(hours=1))
    (done,) = await book.imports_of(point)
    assert (done.series, done.import_from, done.ended_at) == (CURVE, SINCE, store.clock.at + timedelta(hours=1))
    assert await book.claim(store.clock.at + timedelta(days=3), 1) == []
    await book.start_import(account, point, [(CURVE, SINCE)], store.clock.at + timedelta(days=3))
    (running,) = await book.imports_of(point)
    assert running.ended_at is None
    assert len(await book.claim(store.clock.at + timedelta(days=3), 1)) == 1


async def test_a_running_import_is_not_begun_anew(store, book):
    account, (point,) = await linked(store, "alice", POINTS[0])
    await book.start_import(account, point, [(CURVE, SINCE)], store.clock.at)
    await book.start_import(account, point, [(CURVE, date(2026, 1, 1))], store.clock.at + timedelta(hours=1))
    (running,) = await book.imports_of(point)
    assert (running.import_from, running.began_at) == (SINCE, store.clock.at)


async def test_gateways_rest_while_a_worker_lives(store, book, wall):
    assert not await book.worker_lives()
    await book.alive("gateway")
    assert not await book.worker_lives()
    worker = UpkeepBook(store.engine, store.secrets, random_id(), wall)
    await worker.alive("worker")
    assert await book.worker_lives()
    wall.at += ALIVE_SECONDS + 1
    assert not await book.worker_lives()
    await worker.alive("worker")
    await worker.leave()
    assert not await book.worker_lives()


async def test_a_process_that_ends_frees_what_it_holds(store, book, wall):
    account, (point,) = await linked(store, "alice", POINTS[0])
    await book.want(account, point, [CURVE], store.clock.at - LOOK_AFTER)
    await book.claim(store.clock.at, 1)
    await book.leave()
    other = UpkeepBook(store.engine, store.secrets, random_id(), wall)
    assert len(await other.claim(store.clock.at, 1)) == 1


async def test_a_journey_is_imported_once_and_an_adopted_consent_is_not(store, book):
    account, (point,) = await linked(store, "alice", POINTS[0])
    request = ConsentRequest(random_id(), account, ConsentState.REQUESTED, "P1Y", store.clock.at, store.clock.at, None)
    await store.consents.create(request, origin="adopted")
    await store.consents.grant(request.id, [POINTS[1]], store.clock.at, store.clock.at + timedelta(days=365))
    (link,) = await book.to_import(store.clock.at)
    assert link.point_id == point
    await book.start_import(account, point, [(CURVE, SINCE)], store.clock.at)
    assert await book.to_import(store.clock.at) == []


async def test_a_consent_given_again_is_imported_again(store, book):
    account = await store.account("alice")
    first, _ = await store.grant(account, POINTS[0])
    point = (await store.links.find(account, POINTS[0])).point_id
    await book.start_import(account, point, [(CURVE, SINCE)], store.clock.at)
    await store.consents.forget(account, first)
    assert await book.to_import(store.clock.at) == []
    store.clock.at += timedelta(days=1)
    await store.grant(account, POINTS[0])
    assert [each.point_id for each in await book.to_import(store.clock.at)] == [point]


async def test_a_sign_of_life_keeps_what_is_in_hand(store, book, wall):
    account, (point,) = await linked(store, "alice", POINTS[0])
    await book.want(account, point, [CURVE], store.clock.at - LOOK_AFTER)
    await book.claim(store.clock.at, 1)
    other = UpkeepBook(store.engine, store.secrets, random_id(), wall)
    for _ in range(3):
        wall.at += LEASE_SECONDS - 1
        await book.alive("worker")
        await other.alive("worker")
        assert await other.claim(store.clock.at, 1) == []
    wall.at += LEASE_SECONDS + 1
    assert len(await other.claim(store.clock.at, 1)) == 1


async def test_a_clock_set_back_by_an_hour_keeps_no_claim_and_no_worker_alive(store, book, wall):
    account, (point,) = await linked(store, "alice", POINTS[0])
    await book.want(account, point, [CURVE], store.clock.at - LOOK_AFTER)
    worker = UpkeepBook(store.engine, store.secrets, random_id(), wall)
    await worker.alive("worker")
    await worker.claim(store.clock.at, 1)
    wall.at -= 3600
    assert not await book.worker_lives()
    assert len(await book.claim(store.clock.at, 1)) == 1


async def test_to_want_nothing_is_nothing(store, book):
    account, (point,) = await linked(store, "alice", POINTS[0])
    await book.want(account, point, [], store.clock.at - LOOK_AFTER)
    assert await book.claim(store.clock.at, 1) == []


async def test_an_import_that_is_put_off_hides_no_other_and_comes_back(store, book):
    account, points = await linked(store, "alice", *POINTS[:3])
    later = store.clock.at + timedelta(hours=1)
    told = await book.to_import(store.clock.at)
    assert {each.point_id for each in told} == set(points)
    for link in told[:2]:
        await book.put_off(link, later, store.clock.at)
    await book.put_off(told[0], later + timedelta(hours=1), store.clock.at)
    assert await book.to_import(later - timedelta(seconds=1)) == [told[2]]
    assert {each.point_id for each in await book.to_import(later)} == {told[1].point_id, told[2].point_id}
    assert await book.imports_of(told[0].point_id) == []
    assert await book.claim(later + timedelta(days=1), 1) == [], "what is put off is no work"
    await book.start_import(account, told[1].point_id, [(CURVE, SINCE)], later)
    assert [each.point_id for each in await book.to_import(later)] == [told[2].point_id]


async def test_what_was_put_off_under_an_older_consent_is_told_under_a_newer_one(store, book):
    account = await store.account("alice")
    first, _ = await store.grant(account, POINTS[0])
    (link,) = await book.to_import(store.clock.at)
    await book.put_off(link, store.clock.at + timedelta(days=9), store.clock.at)
    await store.consents.forget(account, first)
    store.clock.at += timedelta(days=1)
    await store.grant(account, POINTS[0])
    assert len(await book.to_import(store.clock.at)) == 1


@pytest.mark.parametrize("apart", [0.05, 1.0, 9.0])
async def test_two_processes_whose_clocks_differ_never_have_the_same_work_in_hand(store, wall, apart):
    behind = UpkeepBook(store.engine, store.secrets, random_id(), lambda: wall.at - apart)
    ahead = UpkeepBook(store.engine, store.secrets, random_id(), wall)
    account, (point,) = await linked(store, "alice", POINTS[0])
    await ahead.want(account, point, [CURVE], store.clock.at - LOOK_AFTER)
    assert len(await ahead.claim(store.clock.at, 1)) == 1
    await ahead.pass_on()
    assert await behind.claim(store.clock.at, 1) == []
    await behind.pass_on()
    await ahead.alive("worker")
    assert await behind.claim(store.clock.at, 1) == []


async def test_the_clock_is_read_once_the_database_is_there(store, wall):
    """Whoever waited for another writer looks at its clock after that, not before."""
    account, (point,) = await linked(store, "alice", POINTS[0])
    began, looks = wall.at, []

    def late():
        looks.append(wall.at)
        wall.at = began + 5.0
        return looks[-1]

    book = UpkeepBook(store.engine, store.secrets, random_id(), late)
    await book.want(account, point, [CURVE], store.clock.at - LOOK_AFTER)
    assert len(await book.claim(store.clock.at, 1)) == 1
    await book.pass_on()
    wall.at += LEASE_SECONDS - 0.5
    other = UpkeepBook(store.engine, store.secrets, random_id(), wall)
    assert await other.claim(store.clock.at, 1) == []


async def test_one_process_claims_until_it_passes_on(store, book, wall):
    account, points = await linked(store, "alice", *POINTS[:3])
    for point in points:
        await book.want(account, point, [CURVE], store.clock.at - LOOK_AFTER)
    other = UpkeepBook(store.engine, store.secrets, random_id(), wall)
    assert len(await book.claim(store.clock.at, 1)) == 1
    assert await other.claim(store.clock.at, 1) == []
    assert len(await book.claim(store.clock.at, 1)) == 1
    await other.pass_on()
    assert await other.claim(store.clock.at, 1) == [], "it was not the other's to pass on"
    await book.pass_on()
    assert len(await other.claim(store.clock.at, 1)) == 1
    assert await book.claim(store.clock.at, 1) == []
    wall.at += LEASE_SECONDS - 1
    await other.alive("worker")
    wall.at += LEASE_SECONDS - 1
    assert await book.claim(store.clock.at, 1) == [], "a sign of life keeps it in front"
    await other.leave()
    assert len(await book.claim(store.clock.at, 1)) == 1
    assert not await book.worker_lives()


async def test_whoever_finds_nothing_to_claim_stands_in_nobodys_way(store, book, wall):
    assert await book.claim(store.clock.at, 1) == []
    account, (point,) = await linked(store, "alice", POINTS[0])
    await book.want(account, point, [CURVE], store.clock.at - LOOK_AFTER)
    other = UpkeepBook(store.engine, store.secrets, random_id(), wall)
    assert len(await other.claim(store.clock.at, 1)) == 1


async def test_a_number_that_cannot_be_read_stands_before_nobody_and_comes_back_later(store, book):
    account, broken = await linked(store, "alice", *POINTS[:2])
    other, (point,) = await linked(store, "bob", POINTS[2])
    for each in broken:
        await book.want(account, each, [CURVE], store.clock.at - LOOK_AFTER)
    await book.want(other, point, [CURVE], store.clock.at - LOOK_AFTER)
    async with writing(store.engine) as connection:
        good = (await connection.execute(select(points.c.id, points.c.prm_sealed))).all()
        await connection.execute(update(points).where(points.c.id.in_(broken)).values(prm_sealed=b"\x01" * 60))
    claimed = await book.claim(store.clock.at, 4)
    assert [task.linked.link.point_id for task in claimed] == [point]
    async with writing(store.engine) as connection:
        for row in good:
            await connection.execute(update(points).where(points.c.id == row.id).values(prm_sealed=row.prm_sealed))
    assert await book.claim(store.clock.at, 4) == []
    again = await book.claim(store.clock.at + BROKEN_AGAIN, 4)
    assert {task.linked.link.point_id for task in again} == set(broken)


async def test_what_nobody_reads_goes_last_and_after_imports_only_where_the_hours_do_not_suffice(store, book):
    account, (read, unread, new) = await linked(store, "alice", *POINTS[:3])
    now = store.clock.at
    await book.want(account, unread, [CURVE], now - WANTED_FOR - LOOK_AFTER)
    await book.want(account, read, [CURVE], now - timedelta(days=9))
    (first, second) = await book.claim(now, 2)
    assert [task.linked.link.point_id for task in (first, second)] == [read, unread]
    await book.start_import(account, new, [(CURVE, SINCE)], now)
    await book.settle(second, now, now)
    (one,) = await book.claim(now, 1)
    assert one.work is Work.REFRESH
    await book.settle(one, now, now)
    overdue = now + LEAST_WANTED_WAITS
    tasks = await book.claim(overdue, 2)
    assert [task.work for task in tasks] == [Work.IMPORT, Work.REFRESH]


PAIRS = [
    (CURVE, DAILY),
    (Series.PRODUCTION_LOAD_CURVE, Series.PRODUCTION_DAILY),
]


@pytest.mark.parametrize(("curve", "daily"), PAIRS)
async def test_a_curve_is_taken_before_its_daily_energy_which_waits_for_its_end_in_every_process(
    store, book, wall, curve, daily
):
    account, (point,) = await linked(store, "alice", POINTS[0])
    await book.want(account, point, [curve], store.clock.at - timedelta(days=50))
    await book.want(account, point, [daily], store.clock.at - LOOK_AFTER)
    other = UpkeepBook(store.engine, store.secrets, random_id(), wall)
    (task,) = await book.claim(store.clock.at, 9)
    assert task.series is curve
    await book.pass_on()
    assert await other.claim(store.clock.at, 9) == []
    await book.settle(task, store.clock.at, store.clock.at)  # one call of several
    (task,) = await other.claim(store.clock.at, 9)
    assert task.series is curve
    await other.settle(task, store.clock.at + timedelta(minutes=5), store.clock.at)
    (task,) = await other.claim(store.clock.at, 9)
    assert task.series is daily
    await other.settle(task, store.clock.at + timedelta(minutes=5), store.clock.at)
    (task,) = await other.claim(store.clock.at + timedelta(hours=1), 9)
    assert task.series is curve


async def test_a_curve_in_the_hand_of_a_dead_process_keeps_no_daily_energy_waiting(store, book, wall):
    account, (point,) = await linked(store, "alice", POINTS[0])
    await book.want(account, point, [CURVE, DAILY], store.clock.at - LOOK_AFTER)
    (task,) = await book.claim(store.clock.at, 9)
    assert task.series is CURVE
    wall.at += LEASE_SECONDS + 1
    other = UpkeepBook(store.engine, store.secrets, random_id(), wall)
    (task,) = await other.claim(store.clock.at, 9)
    await other.settle(task, store.clock.at + timedelta(days=1), store.clock.at)
    assert [each.series for each in await other.claim(store.clock.at, 9)] == [DAILY]


async def test_daily_energy_waits_for_no_other_curve(store, book):
    account, (point, beside) = await linked(store, "alice", *POINTS[:2])
    await book.want(account, beside, [CURVE], store.clock.at - LOOK_AFTER)
    await book.want(account, point, [DAILY, Series.PRODUCTION_LOAD_CURVE], store.clock.at - LOOK_AFTER)
    await book.start_import(account, point, [(CURVE, SINCE)], store.clock.at)
    assert len(await book.claim(store.clock.at, 9)) == 4


async def test_the_turn_of_a_refresh_can_be_told(store, book):
    account, (point,) = await linked(store, "alice", POINTS[0])
    assert await book.turn(point, CURVE) is None
    await book.start_import(account, point, [(CURVE, SINCE)], store.clock.at)
    assert await book.turn(point, CURVE) is None, "an import is no refresh"
    await book.want(account, point, [CURVE], store.clock.at)
    assert await book.turn(point, CURVE) == Turn(store.clock.at + LOOK_AFTER, store.clock.at)
    (task,) = [each for each in await book.claim(store.clock.at + LOOK_AFTER, 9) if each.work is Work.REFRESH]
    await book.settle(task, None, store.clock.at)
    assert await book.turn(point, CURVE) is None
