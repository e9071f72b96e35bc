"""Captured answers, each spoilt in one place: what comes out is their readings or a typed error, never anything else.

A mutant is either still valid JSON with one changed type, key, stamp, order, duplicate or length, or a body damaged as
bytes. Whatever is read must stand in the mutant: its instant and its value.
"""

import asyncio
import copy
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from passerelle.enedis.auto import Speaker
from passerelle.enedis.bodies import decode
from passerelle.enedis.catalogue import classify
from passerelle.enedis.generations import ADAPTERS
from passerelle.enedis.settings import EnedisSettings
from passerelle.enedis.transport import Transport
from passerelle.enedis.v5.normalise import readings
from passerelle.enedis.v5.records import record
from passerelle.enedis.v5.wire import MeasureBody
from passerelle.enedis.v2026.endpoints import MEASURES as MEASURES_2026
from passerelle.enedis.v2026.indexes import index_readings
from passerelle.enedis.v2026.normalise import readings as readings_2026
from passerelle.enedis.v2026.records import (
    read_address,
    read_contract,
    read_identity,
    with_metering,
    with_supply,
    with_synthesis,
)
from passerelle.enedis.v2026.subscribed_services import Pages
from passerelle.enedis.v2026.wire import IndexBody, ServicesBody
from passerelle.enedis.v2026.wire import MeasureBody as MeasureBody2026
from passerelle.model.customer import Contract, CustomerRecord
from passerelle.model.days import DaySpan
from passerelle.model.generation import Speaking
from passerelle.model.priority import Priority
from passerelle.model.reading import IndexReading, Peak
from passerelle.model.series import Kind, Series
from passerelle.model.usage_point import UsagePointId
from passerelle.problem import PasserelleError
from passerelle.testing.clock import FakeClock
from passerelle.testing.permits import CountedPermits

pytestmark = pytest.mark.official

PARIS = ZoneInfo("Europe/Paris")
MEASURES = {
    "daily_consumption": Series.CONSUMPTION_DAILY,
    "consumption_load_curve": Series.CONSUMPTION_LOAD_CURVE,
    "daily_consumption_max_power": Series.CONSUMPTION_MAX_POWER,
    "daily_production": Series.PRODUCTION_DAILY,
    "production_load_curve": Series.PRODUCTION_LOAD_CURVE,
}
RECORDS = {
    "usage_points_contracts": CustomerRecord.CONTRACT,
    "usage_points_addresses": CustomerRecord.ADDRESS,
    "identity": CustomerRecord.IDENTITY,
    "contact_data": CustomerRecord.CONTACT,
}
QUANTITIES = {
    "consommation_quotidienne": (Series.CONSUMPTION_DAILY, "CONS", "EA"),
    "courbe_de_charge_consommation": (Series.CONSUMPTION_LOAD_CURVE, "CONS", "PA"),
    "puissance_conso_max_quotidienne_tout": (Series.CONSUMPTION_MAX_POWER, "CONS", "PMA"),
    "production_quotidienne": (Series.PRODUCTION_DAILY, "PROD", "EA"),
    "courbe_de_charge_production": (Series.PRODUCTION_LOAD_CURVE, "PROD", "PA"),
}
"""Of 2026: which entry of each capture is meant."""

INDEXES = {"index_consommation": Series.CONSUMPTION_INDEX, "index_production": Series.PRODUCTION_INDEX}
HOLDER = UsagePointId("24115050000000")
RECORDS_2026: dict[str, Callable[[bytes], Any]] = {
    "situation_contrat_auto_autoconsommation": lambda body: read_contract(body, HOLDER),
    "situation_contrat_auto_sandbox_c1": lambda body: read_identity(body, HOLDER),
    "synth_contrat_auto_consommateur": lambda body: with_synthesis(Contract(), body),
    "comptage_auto": lambda body: with_metering(Contract(), body),
    "alimentation_auto": lambda body: with_supply(Contract(), body),
    "donnees_generales_auto": read_address,
}
LED_BY = {
    "situation_contrat_auto_autoconsommation": (CustomerRecord.CONTRACT, CustomerRecord.CONTACT),
    "situation_contrat_auto_sandbox_c1": (CustomerRecord.IDENTITY,),
    "donnees_generales_auto": (CustomerRecord.ADDRESS,),
}
MUTANTS = settings(
    max_examples=2000,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
FEWER = settings(MUTANTS, max_examples=300)

Draw = Callable[[st.SearchStrategy[Any]], Any]

OTHER_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 7, 10**12, 10**30, 1.5, 540.0, 1e300, "", " ", "x", "540", "-3", "540.5", "NaN", "1e3",
    "٣", [], {}, [[]], [None], {"value": "1"}, {"a": {}},
)  # fmt: skip
OTHER_STAMPS = (
    "", "2024-02-26", "2024-02-26T00:30:00", "2024-02-26 00:30", "2024-02-26 24:00:00", "2024-02-26 00:30:00+01:00",
    "2024-02-26T00:30:00Z", "26/02/2024 00:30", "2024-02-30 00:30:00", "20XX-XX-XX", "0001-01-01 00:00:00",
    "9999-12-31 23:59:59", "2024-03-31 02:30:00", "2023-10-29 02:30:00", "2024-W09-1", "20240226T003000",
    "2024-02-26 00:30:00.123456", " 2024-02-26 00:30:00\n", "2024-02-26 00:07:00", "2026-09-29 00:30:00",
    "2026-09-29", "2024-02-03", "2024-02-26 00:30:0٣",
)  # fmt: skip
OTHER_STEPS = ("PT5M", "PT10M", "PT15M", "PT60M", "PT1H", "PT0M", "PT7M", "PT1000M", "P1D", "", "30", "pt30m")
NAMES = (
    "value", "date", "interval_length", "meter_reading", "unit", "error", "code", "fault", "new", "", "v", "d", "p",
    "grandeur", "contexte", "unite", "pas", "address", "segment", "id",
)  # fmt: skip
STAMPS, VALUES_KEYS, STEP_KEYS = ("date", "d"), ("value", "v"), ("interval_length", "p")
"""In v5 and in 2026."""


@dataclass(frozen=True)
class Mutant:
    kind: str
    body: bytes

    @property
    def content(self) -> Any:
        """As Python reads it, letters that are none in texts passed over; None for what is no JSON."""
        try:
            return json.loads(self.body.decode(errors="replace"), strict=False)
        except (ValueError, RecursionError):
            return None


# Mutations of what a body holds. Each changes the object that it is given.


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every member of every object and list: its container and its key."""
    for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield node, key
        yield from places(node[key])


def lists(node: Any) -> list[list[Any]]:
    """Every list that holds something, the node itself too."""
    found = [node, *(inside[key] for inside, key in places(node))]
    return [each for each in found if isinstance(each, list) and each]


def change_type(root: Any, draw: Draw) -> None:
    inside, key = draw(st.sampled_from(list(places(root))))
    inside[key] = copy.deepcopy(draw(st.sampled_from(OTHER_VALUES)))


def change_key(root: Any, draw: Draw) -> None:
    inside, key = draw(st.sampled_from([(inside, key) for inside, key in places(root) if isinstance(inside, dict)]))
    match draw(st.sampled_from(("drop", "rename", "add", "case"))):
        case "drop":
            del inside[key]
        case "rename":
            inside[draw(st.sampled_from(NAMES))] = inside.pop(key)
        case "case":
            inside[key.upper()] = inside.pop(key)
        case _:
            inside[draw(st.sampled_from(NAMES))] = copy.deepcopy(draw(st.sampled_from(OTHER_VALUES)))


def change_stamp(root: Any, draw: Draw) -> None:
    inside, key = draw(st.sampled_from([(i, k) for i, k in places(root) if isinstance(i[k], str)]))
    stamped = [(i, k) for i, k in places(root) if k in STAMPS]
    if stamped:
        inside, key = draw(st.sampled_from(stamped))
    if stamped and draw(st.booleans()):
        moved = datetime.fromisoformat(inside[key]) + timedelta(minutes=draw(st.integers(-3000, 3000)))
        inside[key] = str(moved)
    else:
        inside[key] = draw(st.sampled_from(OTHER_STAMPS))


def change_order(root: Any, draw: Draw) -> None:
    many = [each for each in lists(root) if len(each) > 1]
    if not many:
        change_key_order(root)
        return
    each = draw(st.sampled_from(many))
    if draw(st.booleans()):
        each.reverse()
    else:
        first, second = (draw(st.integers(0, len(each) - 1)) for _ in range(2))
        each[first], each[second] = each[second], each[first]


def change_key_order(root: Any) -> None:
    inside = next(i for i, _ in places(root) if isinstance(i, dict))
    for key in reversed(list(inside)):
        inside[key] = inside.pop(key)


def duplicate(root: Any, draw: Draw) -> None:
    found = lists(root)
    if not found:
        inside, key = draw(st.sampled_from(list(places(root))))
        inside[f"{key}_2"] = copy.deepcopy(inside[key])
        return
    each = draw(st.sampled_from(found))
    twin = copy.deepcopy(draw(st.sampled_from(each)))
    for name in VALUES_KEYS if isinstance(twin, dict) and draw(st.booleans()) else ():
        if name in twin:
            twin[name] = str(draw(st.integers(0, 99_999)))
    each.insert(draw(st.integers(0, len(each))), twin)


def change_length(root: Any, draw: Draw) -> None:
    found = lists(root)
    match draw(st.sampled_from(("cut", "repeat", "step", "long"))) if found else "long":
        case "cut":
            each = draw(st.sampled_from(found))
            del each[draw(st.integers(0, len(each) - 1)) :]
        case "repeat":
            each = draw(st.sampled_from(found))
            each += copy.deepcopy(each) * draw(st.integers(1, 20))
        case "step" if steps := [(i, k) for i, k in places(root) if k in STEP_KEYS]:
            inside, key = draw(st.sampled_from(steps))
            inside[key] = draw(st.sampled_from(OTHER_STEPS))
        case _:
            inside, key = draw(st.sampled_from([(i, k) for i, k in places(root) if isinstance(i[k], str)]))
            inside[key] = draw(st.sampled_from(("", inside[key] * 2, inside[key][:-1], "9" * 5000, "é" * 5000)))


STRUCTURED = {
    "type": change_type,
    "key": change_key,
    "stamp": change_stamp,
    "order": change_order,
    "duplicate": duplicate,
    "length": change_length,
}


# Mutations of bytes.


def cut(body: bytes, draw: Draw) -> bytes:
    return body[: draw(st.integers(0, len(body) - 1))]


def flip(body: bytes, draw: Draw) -> bytes:
    at = draw(st.integers(0, len(body) - 1))
    return body[:at] + bytes([draw(st.integers(0, 255))]) + body[at + 1 :]


def splice(body: bytes, draw: Draw) -> bytes:
    at = draw(st.integers(0, len(body)))
    return body[:at] + draw(st.binary(min_size=1, max_size=20)) + body[at:]


WHOLE: dict[str, Callable[[bytes], bytes]] = {
    "byte order mark": lambda body: b"\xef\xbb\xbf" + body,
    "utf-16": lambda body: body.decode().encode("utf-16"),
    "page": lambda body: b"<html><body>" + body,
    "brackets": lambda _: b"[" * 100_000 + b"]" * 100_000,
    "depth": lambda body: b'{"meter_reading":' * 5000 + body + b"}" * 5000,
    "twice": lambda body: body * 2,
    "infinity": lambda body: re.sub(rb'"(v|value)": "', rb'"\1": 1e999, "x": "', body),
    "not a number": lambda body: re.sub(rb'"(v|value)": "', rb'"\1": NaN, "x": "', body),
    "doubled keys": lambda body: body.replace(b'"date"', b'"value": "4", "date"').replace(b'"d"', b'"v": "4", "d"'),
    "null": lambda _: b"null",
    "nothing": lambda _: b"",
}


def wrap(body: bytes, draw: Draw) -> bytes:
    return WHOLE[draw(st.sampled_from(list(WHOLE)))](body)


DAMAGED = {"cut": cut, "flip": flip, "splice": splice, "wrap": wrap}
KINDS = st.sampled_from([*STRUCTURED, *STRUCTURED, *DAMAGED])


def mutate(body: bytes, data: st.DataObject) -> Mutant:
    kind = data.draw(KINDS)
    if kind in DAMAGED:
        return Mutant(kind, DAMAGED[kind](body, data.draw))
    root = json.loads(body)
    STRUCTURED[kind](root, data.draw)
    return Mutant(kind, json.dumps(root).encode())


class Tally:
    """How many mutants there were, and how many were valid JSON that one structural change had really changed."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.total = 0
        self.read = 0

    def count(self, original: bytes, mutant: Mutant) -> None:
        self.total += 1
        content = mutant.content
        changed = json.dumps(content) != json.dumps(json.loads(original))
        if mutant.kind in STRUCTURED and content is not None and changed:
            self.kinds[mutant.kind] += 1

    def check(self) -> None:
        assert set(self.kinds) == set(STRUCTURED)
        assert 2 * sum(self.kinds.values()) >= self.total
        assert self.read > self.total // 10, "hardly any mutant was read: nothing was proven"


# What may be read of a mutant.


def inside_of(content: Any, key: str, kind: type[Any]) -> Any:
    found = content.get(key) if isinstance(content, dict) else None
    return found if isinstance(found, kind) else kind()


def points_meant(content: Any, series: Series) -> Iterator[Any]:
    """The points of the body that are of this series, in either generation's shape."""
    yield from inside_of(inside_of(content, "meter_reading", dict), "interval_reading", list)
    names = next(([*rest] for of, *rest in QUANTITIES.values() if of is series), [])
    for entry in inside_of(content, "grandeur", list):
        given = [str(inside_of(entry, key, str)).strip().upper() for key in ("grandeurMetier", "grandeurPhysique")]
        if given == names:
            yield from inside_of(entry, "points", list)


def stamped(point: Any) -> tuple[datetime, int] | None:
    """Stamp and value of a point, as it spells them; None for what no reading may come from."""
    for stamp_key, value_key in zip(STAMPS, VALUES_KEYS, strict=True):
        try:
            stamp, value = datetime.fromisoformat(point[stamp_key].strip()), Decimal(str(point[value_key]).strip())
        except (AttributeError, KeyError, TypeError, ValueError, InvalidOperation):
            continue
        if value.is_finite() and value == int(value):
            return stamp, int(value)
    return None


def instants(stamp: datetime) -> set[datetime]:
    """What a stamp without offset may mean: summer or winter time."""
    if stamp.tzinfo is not None or not 1900 < stamp.year < 2300:
        return set()
    return {stamp.replace(tzinfo=PARIS, fold=fold).astimezone(UTC) for fold in (0, 1)}


def possible(content: Any, series: Series) -> set[tuple[Any, int]]:
    """Every reading that the body can mean."""
    points = [found for point in points_meant(content, series) if (found := stamped(point)) is not None]
    if series.kind is Kind.DAILY:
        return {(stamp.date(), value) for stamp, value in points}
    return {(instant, value) for stamp, value in points for instant in instants(stamp)}


def check_readings(found: Any, mutant: Mutant, series: Series, span: DaySpan) -> None:
    meant = possible(mutant.content, series)
    opening, closing = span.instants
    if series.kind is Kind.PEAK:
        assert all(isinstance(each, Peak) and (each.at, each.value) in meant and each.day in span for each in found)
        assert all(before.day < after.day for before, after in pairwise(found))
        return
    for each in found:
        mark = each.start.astimezone(PARIS).date() if series.kind is Kind.DAILY else each.end
        assert (mark, each.value) in meant
        assert opening <= each.start < each.end <= closing
    assert all(before.end <= after.start for before, after in pairwise(found))


def leaves(node: Any) -> Iterator[str]:
    if isinstance(node, dict | list):
        for each in node.values() if isinstance(node, dict) else node:
            yield from leaves(each)
    elif node is not None:
        yield str(node)


def check_record(found: Any, mutant: Mutant) -> None:
    """Each text of the record is a text of the body."""
    written = set(leaves(mutant.content))
    for field in fields(found):
        value = getattr(found, field.name)
        if isinstance(value, str):
            assert value in written, field.name
        elif hasattr(value, "__dataclass_fields__"):
            check_record(value, mutant)


def check_record_2026(found: Any, mutant: Mutant) -> None:
    """Each text comes from texts of the body: whole, a part of one, or two side by side."""
    written = {text.removesuffix(".0") for text in leaves(mutant.content)} | set(leaves(mutant.content))
    for field in fields(found):
        value = getattr(found, field.name)
        if hasattr(value, "__dataclass_fields__"):
            check_record_2026(value, mutant)
        elif not isinstance(value, str) or value in written:
            continue
        elif field.name in ("postal_code", "city"):
            assert any(value in text for text in written), field.name
        elif field.name == "last_activation_text":
            assert any(text.strip().startswith(f"{value[:10]}T") for text in written), field.name
        else:
            assert field.name == "subscribed_power_text"
            assert any(value.startswith(text.strip()) for text in written if text.strip())
            assert any(value.endswith(text) for text in written if text)


def calendars(node: Any) -> Iterator[list[Any]]:
    """The classes of each calendar, wherever it is."""
    for inside, key in places(node):
        if key == "classeTemporelle" and isinstance(inside[key], list):
            yield inside[key]


def values_of(node: Any) -> set[tuple[datetime, int]]:
    found = [stamped(each) for each in inside_of(node, "valeur", list)]
    return {(instant, each[1]) for each in found if each is not None for instant in instants(each[0])}


def check_indexes(found: Any, mutant: Mutant, span: DaySpan) -> None:
    """All registers of a reading are of one calendar, at its instant; nothing is added up."""
    assert all(before.day < after.day for before, after in pairwise(found))
    totals = [values_of(inside[key]) for inside, key in places(mutant.content) if key == "cadranTotalisateur"]
    classes = list(calendars(mutant.content))
    for each in found:
        assert isinstance(each, IndexReading)
        assert each.day in span
        shown = {(each.at, register.value) for register in each.registers}
        assert any(shown <= set().union(*map(values_of, of_one)) for of_one in classes) or not shown
        assert each.total is None or any((each.at, each.total) in values for values in totals)
        assert len({register.name for register in each.registers}) == len(each.registers)


def capture(official: Path, name: str) -> bytes:
    """As captured; the usage point that a capture hides is the holder's."""
    body = (official / "fixtures" / f"{name}.json").read_bytes()
    return re.sub(rb'("usage_point_id": )"(<masque>|9{14})"', rb'\1"%s"' % HOLDER.encode(), body)


def asked_by(original: bytes) -> tuple[UsagePointId, DaySpan]:
    content = json.loads(original)
    if "periode" in content:
        period = content["periode"]
        return UsagePointId(content["idPrm"]), DaySpan(
            date.fromisoformat(period["dateDebut"]), date.fromisoformat(period["dateFin"])
        )
    measure = content["meter_reading"]
    span = DaySpan(date.fromisoformat(measure["start"]), date.fromisoformat(measure["end"]))
    return UsagePointId(measure["usage_point_id"]), span


def test_a_spoilt_measure_gives_its_readings_or_a_typed_error(official):
    tally = Tally()

    @MUTANTS
    @given(st.sampled_from(list(MEASURES)), st.data())
    def one(name: str, data: st.DataObject) -> None:
        original, series = capture(official, f"v5/{name}"), MEASURES[name]
        point, span = asked_by(original)
        mutant = mutate(original, data)
        tally.count(original, mutant)
        try:
            measure = decode(mutant.body, MeasureBody).meter_reading
            found = readings(measure, point, series, span) if measure else ()
        except PasserelleError:
            return
        check_readings(found, mutant, series, span)
        tally.read += bool(found)

    one()
    tally.check()


def test_a_spoilt_customer_record_gives_its_texts_or_a_typed_error(official):
    tally = Tally()

    @settings(MUTANTS, max_examples=1000)
    @given(st.sampled_from(list(RECORDS)), st.data())
    def one(name: str, data: st.DataObject) -> None:
        original = capture(official, f"v5/{name}")
        mutant = mutate(original, data)
        tally.count(original, mutant)
        try:
            found = record(mutant.body, HOLDER, RECORDS[name])
        except PasserelleError:
            return
        check_record(found, mutant)
        tally.read += 1

    one()
    tally.check()


def test_a_spoilt_measure_of_2026_gives_its_readings_or_a_typed_error(official):
    tally = Tally()

    @MUTANTS
    @given(st.sampled_from(list(QUANTITIES)), st.data())
    def one(name: str, data: st.DataObject) -> None:
        original, (series, *_) = capture(official, f"2026/{name}"), QUANTITIES[name]
        point, span = asked_by(original)
        mutant = mutate(original, data)
        tally.count(original, mutant)
        try:
            found = readings_2026(decode(mutant.body, MeasureBody2026), MEASURES_2026[series], point, series, span)
        except PasserelleError:
            return
        check_readings(found, mutant, series, span)
        tally.read += bool(found)

    one()
    tally.check()


def test_a_spoilt_index_gives_its_registers_or_a_typed_error(official):
    tally = Tally()

    @settings(MUTANTS, max_examples=1000)
    @given(st.sampled_from(list(INDEXES)), st.data())
    def one(name: str, data: st.DataObject) -> None:
        original, series = capture(official, f"2026/{name}"), INDEXES[name]
        point, span = asked_by(original)
        mutant = mutate(original, data)
        tally.count(original, mutant)
        try:
            found = index_readings(decode(mutant.body, IndexBody), MEASURES_2026[series], point, span)
        except PasserelleError:
            return
        check_indexes(found or (), mutant, span)
        tally.read += bool(found)

    one()
    tally.check()


def test_a_spoilt_record_of_2026_gives_its_texts_or_a_typed_error(official):
    tally = Tally()

    @settings(MUTANTS, max_examples=1000)
    @given(st.sampled_from(list(RECORDS_2026)), st.data())
    def one(name: str, data: st.DataObject) -> None:
        original = capture(official, f"2026/{name}")
        mutant = mutate(original, data)
        tally.count(original, mutant)
        try:
            found = RECORDS_2026[name](mutant.body)
        except PasserelleError:
            return
        check_record_2026(found, mutant)
        tally.read += 1

    one()
    tally.check()


def test_spoilt_services_are_those_written_or_a_typed_error(official):
    tally = Tally()
    original = capture(official, "2026/subscribed_services_sandbox_11")

    @settings(MUTANTS, max_examples=1000)
    @given(st.data())
    def one(data: st.DataObject) -> None:
        mutant = mutate(original, data)
        tally.count(original, mutant)
        pages = Pages()
        try:
            pages.add(decode(mutant.body, ServicesBody))
            found = pages.services(11)
        except PasserelleError:
            return
        written = set(leaves(mutant.content))
        for service in found:
            assert any(service.usage_point_id == "".join(text.split()) for text in written)
            ends = [service.starts_on, service.ends_on]
            assert all(day is None or any(str(day) in text for text in written) for day in ends)
        tally.read += bool(found)

    one()
    tally.check()


def test_a_spoilt_error_is_still_one_of_ours(official):
    """Whatever an error answer has become, its reading is a typed error, and the mutants of an error are errors."""
    bodies = [path.read_bytes() for path in sorted((official / "fixtures" / "errors").glob("*.json"))]

    @settings(MUTANTS, max_examples=1000)
    @given(st.sampled_from(bodies), st.sampled_from((200, 400, 401, 403, 404, 429, 500, 503, 599)), st.data())
    def one(original: bytes, status: int, data: st.DataObject) -> None:
        mutant = mutate(original, data)
        api = data.draw(st.sampled_from(("metering_data_dc", "mesure_synchrone_auto", "subscribed_services")))
        error = classify(api, status, "text/html", mutant.body)
        assert isinstance(error, PasserelleError)
        assert error.problem.status >= 400

    one()


# The same through the adapter and its transport, with an upstream that answers by the script.


@dataclass(frozen=True)
class FuzzErrand:
    account_id: str = "account-1"
    priority: Priority = Priority.INTERACTIVE


class ScriptedWire(httpx2.AsyncBaseTransport):
    """Tells that the bytes leave, as the real one does, then answers."""

    def __init__(self, handle: Callable[[httpx2.Request], httpx2.Response]) -> None:
        self._mock = httpx2.MockTransport(handle)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.extensions["trace"]("http11.send_request_headers.started", {})
        return await self._mock.handle_async_request(request)


def test_spoilt_answers_through_the_whole_adapter(official):
    """Data, errors and token answers, each spoilt, under statuses and content types that do not fit them."""
    tally = Tally()
    series_of = MEASURES | {name: of for name, (of, *_) in QUANTITIES.items()} | INDEXES
    token = capture(official, "v5/token")
    errors = [path.read_bytes() for path in sorted((official / "fixtures" / "errors").glob("*.json"))]

    async def call(adapter: Speaker, name: str, point: UsagePointId, span: DaySpan | None, data: st.DataObject) -> Any:
        if span is not None:
            return await adapter.fetch_measure(point, series_of[name], span, FuzzErrand())
        record = RECORDS[name] if name in RECORDS else data.draw(st.sampled_from(LED_BY[name]))
        return await adapter.fetch_record(HOLDER, record, FuzzErrand())

    @FEWER
    @given(st.sampled_from([*series_of, *RECORDS, *LED_BY]), st.data())
    def one(name: str, data: st.DataObject) -> None:
        old = name in MEASURES or name in RECORDS
        original = capture(official, f"{'v5' if old else '2026'}/{name}")
        point, span = asked_by(original) if name in series_of else (HOLDER, None)
        mutant = mutate(original, data)
        tally.count(original, mutant)
        status = data.draw(st.sampled_from((200, 200, 200, 200, 204, 302, 401, 429, 503)))
        body = mutant.body if status == 200 else mutate(data.draw(st.sampled_from(errors)), data).body
        given_token = mutate(token, data).body if data.draw(st.sampled_from((True, False, False, False))) else token
        kind = data.draw(st.sampled_from(("application/json", "text/html", "application/octet-stream", "")))

        def answer(request: httpx2.Request) -> httpx2.Response:
            if request.url.path == "/oauth2/v3/token":
                return httpx2.Response(200, content=given_token, headers={"content-type": kind})
            return httpx2.Response(status, content=body, headers={"content-type": kind, "retry-after": "2"})

        async def whole() -> Any:
            upstream = EnedisSettings("https://api.example", "https://page.example", "the-client", "the-secret")
            async with httpx2.AsyncClient(transport=ScriptedWire(answer)) as client:
                transport = Transport(upstream, CountedPermits(), FakeClock(), client=client)
                adapter = ADAPTERS[Speaking.V5 if old else Speaking.V2026](transport, FakeClock())
                try:
                    return await call(adapter, name, point, span, data)
                finally:
                    await transport.aclose()

        try:
            found = runner.run(asyncio.wait_for(whole(), 20))
        except PasserelleError:
            return
        tally.read += 1
        if name in INDEXES and span is not None:
            check_indexes(found, mutant, span)
        elif span is not None:
            check_readings(found, mutant, series_of[name], span)
        else:
            (check_record if old else check_record_2026)(found, mutant)

    with asyncio.Runner() as runner:
        one()
    tally.check()
