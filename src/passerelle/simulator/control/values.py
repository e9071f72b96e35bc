"""PUT /_control/values/{prm}: a value, an absence or a later publication in place of what was drawn."""

from datetime import UTC, date, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passerelle.simulator import calendar, published
from passerelle.simulator.answers import json, world_of
from passerelle.simulator.control.inputs import BadInput, aware, body_of, household_of
from passerelle.simulator.households.nouns import CurveState, Household
from passerelle.simulator.series import Kind, Series
from passerelle.simulator.values import Change


class ValueOrder(msgspec.Struct, forbid_unknown_fields=True):
    """`at` is the start of one interval of the curve (or the instant of the peak), with its offset."""

    series: Series
    day: date
    at: datetime | None = None
    value: int | None = None
    absent: bool = False
    publish_at: datetime | None = None
    alone: bool = False


async def put_value(request: Request) -> Response:
    world, household = world_of(request), household_of(request)
    order = await body_of(request, ValueOrder)
    _check_series(household, order.series)
    _check_content(order)
    at = aware("at", order.at)
    if at is not None:
        at = at.astimezone(UTC)
        _check_at(order, at, [each.start for each in world.day(household, order.day, order.series.direction).curve])
    publish_at = aware("publish_at", order.publish_at)
    change = Change(order.series, order.value, order.absent, at, publish_at, order.alone)
    world.values.put(household.prm, order.day, change)
    return json(order)


def _check_series(household: Household, series: Series) -> None:
    if not published.measures(household, series.direction):
        raise BadInput("series", "this household does not measure in this direction")
    if series.kind is Kind.LOAD_CURVE and household.curve is not CurveState.COLLECTED:
        raise BadInput("series", "the load curve of this household is not collected")


def _check_content(order: ValueOrder) -> None:
    if order.value is not None and order.absent:
        raise BadInput("absent", "a value or an absence, not both")
    if order.value is not None and order.value < 0:
        raise BadInput("value", "at least 0")
    if order.value is None and not order.absent and order.publish_at is None:
        raise BadInput("value", "one of value, absent and publish_at is needed")


def _check_at(order: ValueOrder, at: datetime, starts: list[datetime]) -> None:
    if order.series.kind is Kind.DAILY:
        raise BadInput("at", "a daily value has no instant")
    if order.series.kind is Kind.LOAD_CURVE and at not in starts:
        raise BadInput("at", "the start of an interval of this day is needed")
    if calendar.day_of(at) != order.day:
        raise BadInput("at", "an instant of this day is needed")


routes = [Route("/_control/values/{prm}", put_value, methods=["PUT"])]
