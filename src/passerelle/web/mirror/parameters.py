"""The parameters of the data APIs, refused as Enedis refuses them (F§5, F§8)."""

import re
from collections.abc import Mapping
from datetime import date

from starlette.datastructures import QueryParams

from passerelle.model.days import DaySpan
from passerelle.model.usage_point import UsagePointId
from passerelle.web.mirror import errors
from passerelle.web.mirror.errors import Refusal, Refused

_PRM = re.compile(r"[0-9]{14}")
_PERSON = re.compile(r"[0-9]{10}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

OF_CUSTOMERS = frozenset({"usage_point_id"})
OF_MEASURES = OF_CUSTOMERS | {"start", "end", "person_id"}


def single(query: QueryParams, known: frozenset[str]) -> Mapping[str, str]:
    """The parameters, none of them unknown or doubled."""
    pairs = query.multi_items()
    values = dict(pairs)
    if len(values) != len(pairs) or not known.issuperset(values):
        raise Refused(errors.BAD_REQUEST_FORMAT)
    return values


def usage_point(query: Mapping[str, str]) -> UsagePointId:
    """Exactly 14 digits: unlike `/v1`, Enedis drops no spaces (F§1)."""
    text = query.get("usage_point_id")
    if not text:
        raise Refused(errors.USAGE_POINT_MISSING)
    if _PRM.fullmatch(text) is None:
        raise Refused(errors.USAGE_POINT_NOT_14_DIGITS)
    return UsagePointId(text)


def person(query: Mapping[str, str]) -> None:
    """`person_id` is accepted if it is well-formed; it changes nothing: the consent tells whose data these are."""
    text = query.get("person_id")
    if text is not None and _PERSON.fullmatch(text) is None:
        raise Refused(errors.BAD_REQUEST_FORMAT)


def period(query: Mapping[str, str], today: date) -> DaySpan:
    """`[start; end[`, `start` before `end`, and `end` today at most (F§5)."""
    start = _day(query.get("start"), errors.START_MISSING, errors.START_MALFORMED)
    end = _day(query.get("end"), errors.END_MISSING, errors.END_MALFORMED)
    if end > today:
        raise Refused(errors.END_IN_FUTURE)
    if start >= end:
        raise Refused(errors.START_NOT_BEFORE_END)
    return DaySpan(start, end)


def _day(text: str | None, missing: Refusal, malformed: Refusal) -> date:
    if not text:
        raise Refused(missing)
    if _DATE.fullmatch(text) is None:
        raise Refused(malformed)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(malformed) from error
