"""What must hold for any history of a bucket (F§12), whatever the clocks do."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from passerelle.model.priority import Priority
from passerelle.quota import bucket as rules
from passerelle.quota.bucket import HOUR_US, SECOND_US, WINDOW_US, Bucket, CivilTime, Grant, Later, Slot, Why
from passerelle.quota.settings import Limits

History = list[tuple[str, object]]

START_US = 495_000 * HOUR_US
LIMITS = st.builds(Limits, st.integers(1, 6), st.integers(3, 40))
WIDE = st.builds(Limits, st.integers(1, 6))
PRIORITY = st.sampled_from(list(Priority))

RESERVE = st.tuples(st.just("reserve"), st.tuples(PRIORITY, st.integers(0, 5 * SECOND_US)))
COME_BACK = st.tuples(st.just("come back"), st.tuples(PRIORITY, st.integers(0, 60)))
"""With a ticket, or with a slot that it could not use."""
CANCEL = st.tuples(st.just("cancel"), st.integers(0, 60))
LATE = st.tuples(st.just("late"), st.integers(0, 5))
"""One of the last to have left was late and says so within a window: the others keep their distance from there."""
ADVANCE = st.tuples(st.just("advance"), st.one_of(st.integers(0, 400_000), st.integers(0, 8 * SECOND_US)))
SLOW_DOWN = st.tuples(st.just("slow down"), st.none())
SET_BACK = st.tuples(st.just("set"), st.integers(-7200 * SECOND_US, 0))
SET = st.tuples(st.just("set"), st.integers(-50 * SECOND_US, 7200 * SECOND_US))
CALENDAR = st.tuples(st.just("calendar"), st.tuples(st.integers(-6 * HOUR_US, 6 * HOUR_US), st.booleans()))


def histories(*more: "st.SearchStrategy[tuple[str, object]]") -> "st.SearchStrategy[list[tuple[str, object]]]":
    return st.lists(st.one_of(RESERVE, RESERVE, COME_BACK, COME_BACK, CANCEL, ADVANCE, *more), max_size=70)


@dataclass
class World:
    """A bucket among clocks: real time, the wall clock set to anything, and a calendar that may stand still."""

    limits: Limits
    bucket: Bucket = field(default_factory=Bucket)
    real_us: int = 0
    wall_offset_us: int = START_US
    calendar_us: int = 0
    frozen: bool = False
    granted: dict[int, tuple[int, Slot, Priority]] = field(default_factory=dict)
    waiting: list[int] = field(default_factory=list)

    @property
    def now_us(self) -> int:
        return self.real_us + self.wall_offset_us

    def civil(self) -> CivilTime:
        return CivilTime(self.now_us + self.calendar_us, self.now_us, self.frozen)

    def play(self, history: list[tuple[str, object]]) -> None:
        for verb, what in history:
            getattr(self, verb.replace(" ", "_"))(what)

    def reserve(self, what: tuple[Priority, int], turn: int = 0) -> None:
        priority, lead_us = what
        self.bucket, answer = rules.reserve(
            self.bucket, self.now_us, self.civil(), self.limits, priority, lead_us, turn=turn
        )
        assert answer.wait_us >= 0
        assert not turn or answer.serial in {0, turn}
        if isinstance(answer, Grant):
            assert answer.slot.at_us == self.now_us + answer.wait_us
            assert answer.serial not in self.granted
            self.granted[answer.serial] = (self.real_us + answer.wait_us, answer.slot, priority)
        else:
            assert answer.wait_us > 0
            self.waiting += [answer.serial] if answer.serial else []

    def come_back(self, what: tuple[Priority, int]) -> None:
        priority, index = what
        serials = [*self.waiting, *self.granted]
        if serials:
            turn = serials[-(index % len(serials)) - 1]
            self.granted.pop(turn, None)
            self.waiting = [other for other in self.waiting if other != turn]
            self.reserve((priority, 0), turn)

    def late(self, index: int) -> None:
        left = [serial for serial, (real_us, _, _) in self.granted.items() if 0 <= self.real_us - real_us <= WINDOW_US]
        if left:
            serial = left[-(index % len(left)) - 1]
            self.bucket = rules.correct(self.bucket, self.now_us, self.civil(), serial)
            hour = self.civil().at(self.now_us) // HOUR_US
            self.granted[serial] = (self.real_us, Slot(self.now_us, hour, serial), self.granted[serial][2])

    def cancel(self, index: int) -> None:
        if self.granted:
            serial = list(self.granted)[index % len(self.granted)]
            once = rules.cancel(self.bucket, serial)
            assert rules.cancel(once, serial) == once
            self.bucket = once
            del self.granted[serial]

    def advance(self, by_us: int) -> None:
        self.real_us += by_us

    def slow_down(self, _: None) -> None:
        self.bucket = rules.slow_down(self.bucket, self.now_us)

    def set(self, by_us: int) -> None:
        self.wall_offset_us += by_us

    def calendar(self, what: tuple[int, bool]) -> None:
        self.calendar_us, self.frozen = what


def shortest_span(instants: list[int], calls: int) -> int:
    ordered = sorted(instants)
    spans = [later - first for first, later in zip(ordered, ordered[calls:], strict=False)]
    return min(spans, default=WINDOW_US)


def shortest_span_in_real_time(limits: Limits, history: History) -> int:
    """What one call more than a second allows spans at least, once all of this has happened."""
    world = World(limits)
    world.play(history)
    return shortest_span([real for real, _, _ in world.granted.values()], limits.per_second)


@given(WIDE, histories(SLOW_DOWN, LATE))
@settings(max_examples=400)
def test_one_call_more_than_a_second_allows_spans_the_window_from_where_late_ones_really_were(
    limits: Limits, history: History
):
    assert shortest_span_in_real_time(limits, history) >= WINDOW_US


def departs(bucket: Bucket, now_us: int, rivals: list[tuple[int, Priority]]) -> int:
    """When an interactive call leaves that comes back as told, while others ask at these instants after `now_us`."""
    limits, turn, come_us = Limits(), 0, now_us
    asked = sorted((now_us + after_us, priority) for after_us, priority in rivals)
    while True:
        while asked and asked[0][0] < come_us:
            at_us, priority = asked.pop(0)
            bucket, _ = rules.reserve(bucket, at_us, CivilTime(at_us, at_us), limits, priority)
        bucket, answer = rules.reserve(
            bucket, come_us, CivilTime(come_us, come_us), limits, Priority.INTERACTIVE, turn=turn
        )
        if isinstance(answer, Grant):
            return answer.slot.at_us
        come_us, turn = come_us + answer.wait_us, answer.serial


@given(
    histories(),
    st.lists(st.tuples(st.integers(1, 3 * SECOND_US), PRIORITY), max_size=40),
)
def test_nobody_that_asks_later_delays_an_interactive_call_that_comes_when_it_is_told(
    history: History, rivals: list[tuple[int, Priority]]
):
    world = World(Limits())
    world.play(history)
    alone = departs(world.bucket, world.now_us, [])
    assert departs(world.bucket, world.now_us, rivals) == alone


@given(histories())
def test_while_calls_wait_whoever_does_not_come_costs_the_others_no_slot(history: History):
    """Of the rest, each comes when it is told: five leave in a window, and a moment for each that is missed."""
    world = World(Limits())
    world.play(history)
    bucket, now_us, limits, left = world.bucket, world.now_us, Limits(), []
    absent = len(bucket.line)
    waiting = [(now_us, 0)] * 8
    while len(left) < 30:
        waiting.sort()
        come_us, turn = waiting.pop(0)
        civil = CivilTime(come_us, come_us)
        bucket, answer = rules.reserve(bucket, come_us, civil, limits, Priority.INTERACTIVE, turn=turn)
        if isinstance(answer, Grant):
            left.append(answer.slot.at_us)
            waiting.append((come_us, 0))
        else:
            waiting.append((come_us + answer.wait_us, answer.serial))
    assert left[-1] - left[0] <= 6 * WINDOW_US + absent * (rules.GRACE_US + 1)


@given(WIDE, histories(SLOW_DOWN, SET_BACK))
@settings(max_examples=400)
def test_one_call_more_than_a_second_allows_spans_the_window_in_real_time_even_when_clocks_are_set_back(
    limits: Limits, history: History
):
    assert shortest_span_in_real_time(limits, history) >= WINDOW_US


@given(WIDE, histories(SLOW_DOWN, SET))
@settings(max_examples=300)
def test_slots_span_the_window_when_clocks_are_set_forward(limits: Limits, history: History):
    world = World(limits)
    world.play(history)
    assert shortest_span([slot.at_us for _, slot, _ in world.granted.values()], limits.per_second) >= WINDOW_US


@given(LIMITS, histories(CALENDAR, SET_BACK))
@settings(max_examples=400)
def test_no_hour_is_charged_more_than_its_allowance_nor_less_than_what_left(limits: Limits, history: History):
    world = World(limits)
    world.play(history)
    for hour in {slot.hour for _, slot, _ in world.granted.values()}:
        left = sum(slot.hour == hour for _, slot, _ in world.granted.values())
        assert left <= rules.used_in(world.bucket, hour) <= limits.per_hour


@given(LIMITS, histories(CALENDAR))
def test_without_clocks_set_back_a_call_given_back_is_uncounted_exactly_once(limits: Limits, history: History):
    world = World(limits)
    world.play(history)
    assert sum(count.calls for count in world.bucket.hours) == len(world.granted)


@given(
    from_edge=st.integers(-3 * SECOND_US, 3 * SECOND_US),
    calls=st.lists(st.tuples(PRIORITY, st.integers(0, SECOND_US)), min_size=1, max_size=30),
    frozen=st.booleans(),
)
def test_nothing_leaves_within_a_second_of_the_hours_edge_unless_the_calendar_stands_still(
    *, from_edge: int, calls: list[tuple[Priority, int]], frozen: bool
):
    world = World(Limits(), real_us=HOUR_US + from_edge, frozen=frozen)
    for priority, pause_us in calls:
        civil = world.civil()
        world.reserve((priority, 0))
        for _, slot, _ in world.granted.values():
            if frozen:
                assert slot.hour == civil.now_us // HOUR_US
            else:
                into_us = civil.at(slot.at_us) % HOUR_US
                assert SECOND_US <= into_us <= HOUR_US - SECOND_US
                assert slot.hour == civil.at(slot.at_us) // HOUR_US
        if not frozen:
            world.advance(pause_us)


@given(LIMITS, histories(SLOW_DOWN, SET_BACK), PRIORITY)
def test_a_lone_caller_that_comes_back_when_told_gets_its_slot(limits: Limits, history: History, priority: Priority):
    world = World(limits)
    world.play(history)
    turn = 0
    for _ in range(5 + len(world.bucket.line)):
        world.bucket, answer = rules.reserve(world.bucket, world.now_us, world.civil(), limits, priority, turn=turn)
        if isinstance(answer, Grant):
            return
        world.advance(answer.wait_us)
        turn = answer.serial
    raise AssertionError(answer)


@given(histories(SLOW_DOWN))
def test_a_background_call_never_owns_a_slot_that_is_still_to_come(history: History):
    world = World(Limits())
    world.play([(verb, (what[0], 0) if verb == "reserve" else what) for verb, what in history])
    _, answer = rules.reserve(world.bucket, world.now_us, world.civil(), Limits(), Priority.IMPORT)
    assert answer.wait_us == 0 if isinstance(answer, Grant) else answer.why is Why.SPACING


@given(histories(CALENDAR, SET_BACK, SLOW_DOWN), st.integers(-2 * HOUR_US, 30 * HOUR_US))
def test_a_hold_stops_every_call_and_never_for_more_than_an_hour_and_the_guard(history: History, resume_in_us: int):
    world = World(Limits())
    world.play(history)
    civil = world.civil()
    world.bucket = rules.hold(world.bucket, world.now_us, civil, civil.now_us + resume_in_us)
    for priority in Priority:
        _, answer = rules.reserve(world.bucket, world.now_us, civil, Limits(), priority)
        if resume_in_us > 0:
            assert isinstance(answer, Later)
            assert answer.why is Why.HOLD
            assert min(resume_in_us, HOUR_US) <= answer.wait_us <= HOUR_US + SECOND_US
