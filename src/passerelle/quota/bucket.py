"""The arithmetic of one bucket: which slot, charged to which hour, and what a 429 changes. No I/O and no clock.

**Slots.** A call leaves in a slot reserved just before: `slot = max(now, last slot, slot[-N] + W)`, so N + 1 slots
always span W (N calls a second, F§12). A slot given back never shortens that: when a slot was reserved, the log held at
least the slots that are left today, so its N-th last was no older than today's. W is 1.06 s: the 60 ms over the second
absorb what a call is late by (`departure`) and the network. Slots are wall-clock microseconds, which processes share.

**Line.** Until its slot is near, an interactive call has a ticket: a slot is kept free for each, in their order, before
any background call. Whoever does not come when it is due loses no more than its turn: what was kept for it is free
`GRACE_US` later. A call that was late for its slot asks with it (`turn`): the slot is moved to the present, in one
step, and leaves no hole. So a process that stands still or dies costs the others a moment, not a slot.

**Hours.** A call is charged to the civil hour of its slot (Enedis counts by round hours of UTC, F§12). Nothing is
reserved in the second either side of the hour's edge, so a call is counted in the hour that it is charged to unless
Enedis' clock is a second away. A call whose *answer* comes after the edge is charged once: Enedis counts what
arrives. Whether refused calls count is unknown (F§16.12): whatever left stays counted.

**Clocks set back.** By a minute or less: the slots are waited out. By more: they are forgotten, and nothing leaves
until the last slot that a process may still hold is over, and one W. Hour counts are kept. A clock set forward
cannot be seen here: one burst too early is possible.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from passerelle.model.priority import Priority
from passerelle.quota.settings import Limits

SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US

WINDOW_US = 1_060_000
WIDEST_WINDOW_US = 1_500_000
WIDEN_US = 50_000
NARROW_US = 10_000
"""W after a per-second 429, its ceiling, and what it gives back in each quiet hour."""

PAUSE_US = SECOND_US
HORIZON_US = 5 * SECOND_US
"""How far ahead an interactive call may stand in the line: below what servers keep an idle connection for."""

AHEAD_US = 20_000
"""How long before it is due an interactive call takes its slot: time for the answer to be there when it is."""

LEAD_US = SECOND_US // 2
"""How far ahead a slot may be at most, for a caller that hears the answer late."""

GRACE_US = 60_000
"""How long a slot is kept for a call that does not come: longer than a process stands still now and then."""

EDGE_GUARD_US = SECOND_US
SET_BACK_US = 60 * SECOND_US
SLOTS_KEPT = 8
"""In windows. Slots reach half a second ahead, so one 8 windows before the last is over for more than a window."""
HOURS_KEPT = 24


class Slot(NamedTuple):
    """One reserved departure: wall-clock microseconds, the civil hour it is charged to, and its number."""

    at_us: int
    hour: int
    serial: int


class Ticket(NamedTuple):
    """A place in the line: its number, and the wall-clock instant that it is kept until."""

    serial: int
    until_us: int


class HourCount(NamedTuple):
    """Calls charged to a civil hour, numbered from the epoch."""

    hour: int
    calls: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is remembered of one allowance. `Bucket()` is one that was never used.

    `slots` and `line` in their order; `hours` with the last charged one at the end; `pause_us` is a wall-clock instant,
    `hold_us` a civil one: nothing leaves before either. `window_us` is W as it was at the wall-clock instant
    `widened_us`.
    """

    slots: tuple[Slot, ...] = ()
    line: tuple[Ticket, ...] = ()
    hours: tuple[HourCount, ...] = ()
    serial: int = 0
    pause_us: int = 0
    hold_us: int = 0
    window_us: int = WINDOW_US
    widened_us: int = 0


@dataclass(frozen=True, slots=True)
class CivilTime:
    """What Enedis' calendar reads, in microseconds, when the wall clock reads `wall_us`.

    They differ in the simulator only (INTERFACE section 7), whose calendar may also be `frozen`.
    """

    now_us: int
    wall_us: int
    frozen: bool = False

    def at(self, wall_us: int) -> int:
        """The civil instant of a wall-clock instant."""
        return self.now_us if self.frozen else self.now_us + wall_us - self.wall_us

    @property
    def guard_us(self) -> int:
        """What to keep clear on either side of the hour: a frozen calendar has no edge that a call could cross."""
        return 0 if self.frozen else EDGE_GUARD_US


class Why(StrEnum):
    """What a call waits for: its place in the second, the next hour, or the end of a hold."""

    SPACING = "spacing"
    HOUR = "hour"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Grant:
    """A slot: leave `wait_us` after the `now_us` that was given, not before. `serial` gives it back, or moves it."""

    wait_us: int
    slot: Slot

    @property
    def serial(self) -> int:
        return self.slot.serial


@dataclass(frozen=True, slots=True)
class Later:
    """No slot: ask again `wait_us` after the `now_us` that was given, with `serial` if it is a ticket (else 0)."""

    wait_us: int
    why: Why
    serial: int = 0


def reserve(
    bucket: Bucket,
    now_us: int,
    civil: CivilTime,
    limits: Limits,
    priority: Priority,
    lead_us: int = 0,
    *,
    turn: int = 0,
) -> tuple[Bucket, Grant | Later]:
    """A slot for a call of this priority, or when to ask again.

    Interactive calls stand in the line, at most 5 s ahead, and take their slot shortly before it is due. Background
    ones take what is due and nobody in the line wants, keep a distance to the slot before, and leave a part of the
    hour (`_allowed`). `turn`: the serial that the caller was given last, a ticket's or an unused slot's: it keeps its
    place, and the slot is given back. `lead_us` (half a second at most): no nearer, for who hears the answer late.
    """
    bucket = _without_absent(cancel(_after_set_back(bucket, now_us), turn), now_us)
    lead_us = min(lead_us, LEAD_US)
    held_us = held_until(bucket, civil, now_us) - civil.at(now_us)
    if held_us > 0:
        return bucket, Later(held_us, Why.HOLD)
    interactive = priority is Priority.INTERACTIVE
    before = tuple(each for each in bucket.line if not (interactive and turn) or each.serial < turn)
    at_us = _off_the_edge(_earliest(bucket, now_us, limits, priority, lead_us, len(before)), civil)
    hour = civil.at(at_us) // HOUR_US
    left_us = (hour + 1) * HOUR_US - civil.at(at_us)
    used = used_in(bucket, hour) + len(before)
    if used >= _allowed(limits, priority, left_us):
        return bucket, Later(at_us - now_us + _until_allowed(limits, priority, used, left_us, civil), Why.HOUR)
    near_us = min(AHEAD_US + lead_us, LEAD_US) if interactive else lead_us
    if at_us - now_us > near_us:
        return _stand(bucket, now_us, at_us, near_us, before, turn if interactive else None)
    slot = Slot(at_us, hour, turn or bucket.serial + 1)
    return _with_slot(bucket, slot, limits), Grant(at_us - now_us, slot)


def cancel(bucket: Bucket, serial: int) -> Bucket:
    """The bucket without a ticket, or a slot that was surely not used; unchanged if it has neither (any more)."""
    for slot in bucket.slots:
        if slot.serial == serial:
            kept = tuple(other for other in bucket.slots if other.serial != serial)
            return replace(bucket, slots=kept, hours=_charge(bucket, slot.hour, -1))
    if any(ticket.serial == serial for ticket in bucket.line):
        return replace(bucket, line=tuple(ticket for ticket in bucket.line if ticket.serial != serial))
    return bucket


def correct(bucket: Bucket, now_us: int, civil: CivilTime, serial: int) -> Bucket:
    """After a call left later than its slot, and should not have: it is remembered where it was, which is now.

    Those that come a window after it keep their distance from there. In another hour it counts too.
    """
    late = next((slot for slot in bucket.slots if slot.serial == serial and slot.at_us < now_us), None)
    if late is None:
        return bucket
    hour = civil.at(now_us) // HOUR_US
    others = [slot for slot in bucket.slots if slot is not late]
    behind = sum(slot.at_us <= now_us for slot in others)
    slots = (*others[:behind], Slot(now_us, hour, serial), *others[behind:])
    return replace(bucket, slots=slots, hours=bucket.hours if hour == late.hour else _charge(bucket, hour, 1))


def hold(bucket: Bucket, now_us: int, civil: CivilTime, resume_us: int | None) -> Bucket:
    """After a 429 of the hour: nothing leaves before `resume_us` (civil; the next round hour if Enedis gave none).

    Capped at one hour, since Enedis is known to answer this by mistake too; never shortens a hold in force.
    """
    civil_us = civil.at(now_us)
    asked_us = (civil_us // HOUR_US + 1) * HOUR_US if resume_us is None else resume_us
    until_us = min(asked_us, civil_us + HOUR_US) + civil.guard_us
    return replace(bucket, hold_us=max(held_until(bucket, civil, now_us), until_us))


def slow_down(bucket: Bucket, now_us: int) -> Bucket:
    """After a 429 of the second: nothing leaves for a second, and W grows, once for all the 429 of one such pause."""
    if now_us < bucket.pause_us <= now_us + PAUSE_US:
        return bucket
    widened = min(window(bucket, now_us) + WIDEN_US, WIDEST_WINDOW_US)
    return replace(bucket, pause_us=max(bucket.pause_us, now_us + PAUSE_US), window_us=widened, widened_us=now_us)


def window(bucket: Bucket, now_us: int) -> int:
    """W in microseconds: what N + 1 slots span at least."""
    quiet_hours = max(0, now_us - bucket.widened_us) // HOUR_US
    return max(WINDOW_US, bucket.window_us - quiet_hours * NARROW_US)


def used_in(bucket: Bucket, hour: int) -> int:
    """Calls charged to this civil hour."""
    return next((count.calls for count in bucket.hours if count.hour == hour), 0)


def held_until(bucket: Bucket, civil: CivilTime, now_us: int) -> int:
    """The civil instant that the hold lasts until, 0 if there is none.

    No hold is longer than an hour: one that seems to be is from a calendar that has been set back since.
    """
    rest_us = bucket.hold_us - civil.at(now_us)
    return bucket.hold_us if 0 < rest_us <= HOUR_US + EDGE_GUARD_US + SET_BACK_US else 0


def _after_set_back(bucket: Bucket, now_us: int) -> Bucket:
    last_us = max(bucket.pause_us, bucket.slots[-1].at_us if bucket.slots else 0)
    if last_us <= now_us + SET_BACK_US:
        return bucket
    return replace(bucket, slots=(), line=(), pause_us=now_us + LEAD_US + window(bucket, now_us))


def _without_absent(bucket: Bucket, now_us: int) -> Bucket:
    """Without those who did not come; nor those who seem to have much time, whose clock has been set back since."""
    latest_us = now_us + HORIZON_US + GRACE_US
    return replace(bucket, line=tuple(ticket for ticket in bucket.line if now_us <= ticket.until_us <= latest_us))


def _earliest(bucket: Bucket, now_us: int, limits: Limits, priority: Priority, lead_us: int, before: int) -> int:
    """The first instant for a call behind so many others that wait."""
    window_us = window(bucket, now_us)
    spacing_us = 0 if priority is Priority.INTERACTIVE else window_us * 95 // (100 * limits.per_second)
    taken = [slot.at_us for slot in bucket.slots]
    for _ in range(before):
        taken.append(_following(taken, max(now_us, bucket.pause_us), limits.per_second, window_us))
    at_us = _following(taken, max(now_us + lead_us, bucket.pause_us), limits.per_second, window_us)
    return max(at_us, taken[-1] + spacing_us) if taken else at_us


def _following(taken: list[int], from_us: int, per_second: int, window_us: int) -> int:
    """The first instant from `from_us` that a slot may have behind these."""
    at_us = max(from_us, taken[-1]) if taken else from_us
    return max(at_us, taken[-per_second] + window_us) if len(taken) >= per_second else at_us


def _with_slot(bucket: Bucket, slot: Slot, limits: Limits) -> Bucket:
    kept = (*bucket.slots, slot)[-SLOTS_KEPT * limits.per_second :]
    return replace(bucket, slots=kept, hours=_charge(bucket, slot.hour, 1), serial=max(bucket.serial, slot.serial))


def _stand(
    bucket: Bucket, now_us: int, at_us: int, near_us: int, before: tuple[Ticket, ...], turn: int | None
) -> tuple[Bucket, Later]:
    """A call that is not due yet: when it comes back, with a ticket if it has a `turn` (0: a new one).

    It comes when its slot is near, or when whoever stands in front of it should have come and has perhaps not.
    """
    come_us = at_us - near_us
    if before:
        come_us = min(come_us, before[-1].until_us + 1)
    if turn is None:
        return bucket, Later(come_us - now_us, Why.SPACING)
    if at_us - now_us > HORIZON_US:
        return bucket, Later(at_us - now_us - HORIZON_US, Why.SPACING)
    ticket = Ticket(turn or bucket.serial + 1, at_us + GRACE_US)
    line = tuple(sorted((*bucket.line, ticket)))
    serial = max(bucket.serial, ticket.serial)
    return replace(bucket, line=line, serial=serial), Later(come_us - now_us, Why.SPACING, ticket.serial)


def _off_the_edge(at_us: int, civil: CivilTime) -> int:
    guard_us = civil.guard_us
    into_us = civil.at(at_us) % HOUR_US
    if into_us < guard_us:
        return at_us + guard_us - into_us
    if into_us > HOUR_US - guard_us:
        return at_us + HOUR_US - into_us + guard_us
    return at_us


def _allowed(limits: Limits, priority: Priority, left_us: int) -> int:
    """Calls of this priority in an hour that ends in `left_us`.

    A tenth is kept for interactive calls, and melts as the hour ends at a rate that background calls can still use.
    """
    if priority is Priority.INTERACTIVE:
        return limits.per_hour
    return limits.per_hour - min(limits.per_hour // 10, limits.per_second * 4 * left_us // (5 * SECOND_US))


def _until_allowed(limits: Limits, priority: Priority, used: int, left_us: int, civil: CivilTime) -> int:
    """From an instant `left_us` before the hour's end: how long until one more call is allowed."""
    rest = limits.per_hour - used
    if priority is Priority.INTERACTIVE or rest <= 0:
        return left_us + civil.guard_us
    melted_us = -(-rest * 5 * SECOND_US // (4 * limits.per_second))
    return left_us - melted_us + 1


def _charge(bucket: Bucket, hour: int, calls: int) -> tuple[HourCount, ...]:
    others = tuple(count for count in bucket.hours if count.hour != hour)
    return (*others, HourCount(hour, max(0, used_in(bucket, hour) + calls)))[-HOURS_KEPT:]
