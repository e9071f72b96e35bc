"""The one table of routes: dispatch, OpenAPI and the documentation test are all drawn from it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.responses import Response

from passerelle.errors import (
    ConsentExpired,
    ConsentRefused,
    ConsentRevoked,
    InvalidRequest,
    KeyInvalid,
    KeyMissing,
    NotAcceptable,
    NotFound,
    NotServed,
    OperatorActionNeeded,
    QuotaExhausted,
    ScopeMissing,
    TokenRejected,
    TooManyRequests,
    UpstreamBroken,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
    UpstreamUnknown,
    UsagePointUnknown,
)
from passerelle.model.customer import CustomerRecord
from passerelle.model.scopes import Scope
from passerelle.model.series import Kind, Series
from passerelle.problem import PasserelleError
from passerelle.schema.catalogue import CatalogueBody
from passerelle.schema.consents import ConsentList, ConsentOrder, ConsentStarted
from passerelle.schema.customer import AddressBody, ContactBody, ContractBody, IdentityBody
from passerelle.schema.imports import ImportList
from passerelle.schema.series import IndexSeries, IntervalSeries, PeakSeries
from passerelle.schema.token import TokenBody
from passerelle.schema.usage_points import GapLedger, UsagePointList
from passerelle.web.api.catalogue import show_catalogue
from passerelle.web.api.consents import forget_consent, list_consents, start_consent
from passerelle.web.api.customer import customer_handler
from passerelle.web.api.health import HealthBody, live, ready
from passerelle.web.api.imports import list_imports
from passerelle.web.api.series import SeriesQuery, series_handler
from passerelle.web.api.token import issue_token
from passerelle.web.api.usage_points import list_gaps, list_usage_points
from passerelle.web.call import Call
from passerelle.web.render.series import CSV, NDJSON

Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: the struct of its JSON body (None: no body), and the other media types it may come in."""

    shape: Any = None
    media: tuple[str, ...] = ()
    status: int = 200


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `scope` None: no key is needed. `form`: fields of a form body, name to description."""

    method: str
    path: str
    name: str
    summary: str
    handler: Handler
    answer: Answer
    scope: Scope | None = None
    query: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None
    form: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[type[PasserelleError], ...] = ()
    cached: bool = False


_KEYED = (KeyMissing, KeyInvalid, ScopeMissing, TooManyRequests)
_POINT = (InvalidRequest, NotAcceptable, UsagePointUnknown, ConsentExpired, ConsentRevoked, ConsentRefused)
_UPSTREAM = (
    OperatorActionNeeded,
    TokenRejected,
    UpstreamRejected,
    UpstreamBroken,
    UpstreamUnknown,
    QuotaExhausted,
    UpstreamUnavailable,
    UpstreamTimeout,
)

_SUMMARY = {
    Series.CONSUMPTION_DAILY: "Energy consumed each day, in Wh",
    Series.CONSUMPTION_LOAD_CURVE: "Load curve of consumption: mean power of each interval, in W",
    Series.CONSUMPTION_MAX_POWER: "Highest power of each day, in VA, and its instant",
    Series.PRODUCTION_DAILY: "Energy produced each day, in Wh",
    Series.PRODUCTION_LOAD_CURVE: "Load curve of production: mean power of each interval, in W",
    Series.CONSUMPTION_INDEX: "Registers of the meter by tariff class, in Wh: what was drawn (2026 only)",
    Series.PRODUCTION_INDEX: "Registers of the meter by tariff class, in Wh: what was injected (2026 only)",
}
_RECORD = {
    CustomerRecord.CONTRACT: ("The contract: power, tariff, off-peak hours, activation", ContractBody),
    CustomerRecord.ADDRESS: ("The address of the usage point", AddressBody),
    CustomerRecord.IDENTITY: ("The holder: a person or a legal entity", IdentityBody),
    CustomerRecord.CONTACT: ("Phone number and e-mail address of the holder", ContactBody),
}


_SHAPE = {
    Kind.DAILY: IntervalSeries,
    Kind.CURVE: IntervalSeries,
    Kind.PEAK: PeakSeries,
    Kind.INDEX: IndexSeries,
}


def _series(series: Series) -> Route:
    own = (NotServed,) if series.kind is Kind.INDEX else ()
    return Route(
        "GET",
        f"/v1/usage-points/{{prm}}/{series.value}",
        f"read_{series.name.lower()}",
        _SUMMARY[series],
        series_handler(series),
        Answer(_SHAPE[series.kind], (CSV, NDJSON)),
        scope=series.scope,
        query=SeriesQuery,
        errors=(*_KEYED, *_POINT, *own, *_UPSTREAM),
        cached=True,
    )


def _record(record: CustomerRecord) -> Route:
    summary, shape = _RECORD[record]
    return Route(
        "GET",
        f"/v1/usage-points/{{prm}}/{record.value}",
        f"read_{record.value}",
        summary,
        customer_handler(record),
        Answer(shape),
        scope=record.scope,
        errors=(*_KEYED, *_POINT, *_UPSTREAM),
    )


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/v1/catalogue",
        "read_catalogue",
        "The endpoints of Enedis that passerelle speaks",
        show_catalogue,
        Answer(CatalogueBody),
    ),
    Route(
        "GET",
        "/v1/usage-points",
        "list_usage_points",
        "Usage points of the account, their consents, and what they can deliver",
        list_usage_points,
        Answer(UsagePointList),
        scope=Scope.USAGE_POINTS_READ,
        errors=_KEYED,
    ),
    *(_series(series) for series in Series),
    *(_record(record) for record in CustomerRecord),
    Route(
        "GET",
        "/v1/usage-points/{prm}/gaps",
        "list_gaps",
        "Days that were asked for and are not whole, and why",
        list_gaps,
        Answer(GapLedger),
        scope=Scope.USAGE_POINTS_READ,
        errors=(*_KEYED, *_POINT),
    ),
    Route(
        "GET",
        "/v1/usage-points/{prm}/imports",
        "list_imports",
        "How far the first imports of the usage point are",
        list_imports,
        Answer(ImportList),
        scope=Scope.USAGE_POINTS_READ,
        errors=(*_KEYED, *_POINT),
    ),
    Route(
        "POST",
        "/v1/consents",
        "start_consent",
        "Start a consent: the answer has the address to give to the customer",
        start_consent,
        Answer(ConsentStarted, status=201),
        scope=Scope.CONSENTS,
        body=ConsentOrder,
        errors=(InvalidRequest, *_KEYED),
    ),
    Route(
        "GET",
        "/v1/consents",
        "list_consents",
        "The consents of the account, newest first",
        list_consents,
        Answer(ConsentList),
        scope=Scope.CONSENTS,
        errors=_KEYED,
    ),
    Route(
        "DELETE",
        "/v1/consents/{id}",
        "forget_consent",
        "Stop the calls for a consent and erase its data",
        forget_consent,
        Answer(status=204),
        scope=Scope.CONSENTS,
        errors=(NotFound, *_KEYED),
    ),
    Route(
        "POST",
        "/oauth/token",
        "issue_token",
        "A short-lived token for an API key (client credentials)",
        issue_token,
        Answer(TokenBody),
        form={
            "grant_type": "Always `client_credentials`.",
            "client_id": "The id of the API key; or use HTTP Basic.",
            "client_secret": "The API key itself; or use HTTP Basic.",
            "scope": "The scopes wanted, separated by spaces; all of the key's by default.",
        },
    ),
    Route("GET", "/health/live", "health_live", "Whether the process runs", live, Answer(HealthBody)),
    Route("GET", "/health/ready", "health_ready", "Whether the gateway can do its work", ready, Answer(HealthBody)),
)
"""Every operation of the documented API, in the order of the documentation."""
