"""The SDK for programs that wait."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import date
from types import TracebackType
from typing import Self, TypeVar

import httpx2

from passerelle.client import requests
from passerelle.client.connection import Address, translated
from passerelle.client.errors import GatewayProblem
from passerelle.client.requests import AnySeries, Call, Progress, Reply
from passerelle.model.series import Series
from passerelle.schema.catalogue import EndpointBody
from passerelle.schema.consents import ConsentBody, ConsentStarted
from passerelle.schema.customer import AddressBody, ContactBody, ContractBody, IdentityBody
from passerelle.schema.series import IndexSeries, IntervalSeries, PeakSeries
from passerelle.schema.usage_points import GapLedger, UsagePointBody

T = TypeVar("T")


class Passerelle:
    """A gateway, asked one question after the other.

    `session` is used as it is and left open; without it the client opens its own, and closes it at the end of `with`
    or by `close()`. Dates are civil days in Europe/Paris, `end` excluded; any length is accepted. With `complete`, a
    series is asked for again until nothing of it is `pending`; `wait` is how many seconds the gateway may take for one
    answer, and `progress` is told after each one the number of settled days and of all days.

    Every call raises GatewayProblem, GatewayUnreachable, AnswerUnreadable, and InvalidRequest for a PRM that is none.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        session: httpx2.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address = Address(url, key)
        self._session = session or httpx2.Client()
        self._owned = session is None
        self._sleep = sleep

    def __repr__(self) -> str:
        return f"Passerelle({str(self._address)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the session, if it is the client's own."""
        if self._owned:
            self._session.close()

    def daily(
        self,
        usage_point_id: str,
        start: date,
        end: date,
        *,
        production: bool = False,
        complete: bool = True,
        wait: int | None = None,
        progress: Progress | None = None,
    ) -> IntervalSeries:
        """Wh of each civil day."""
        series = Series.PRODUCTION_DAILY if production else Series.CONSUMPTION_DAILY
        call = requests.intervals(usage_point_id, series, start, end, wait)
        return self._series(call, progress, complete=complete)

    def load_curve(
        self,
        usage_point_id: str,
        start: date,
        end: date,
        *,
        production: bool = False,
        complete: bool = True,
        wait: int | None = None,
        progress: Progress | None = None,
    ) -> IntervalSeries:
        """Mean W of each interval."""
        series = Series.PRODUCTION_LOAD_CURVE if production else Series.CONSUMPTION_LOAD_CURVE
        call = requests.intervals(usage_point_id, series, start, end, wait)
        return self._series(call, progress, complete=complete)

    def max_power(
        self,
        usage_point_id: str,
        start: date,
        end: date,
        *,
        complete: bool = True,
        wait: int | None = None,
        progress: Progress | None = None,
    ) -> PeakSeries:
        """The highest VA of each civil day, and when."""
        call = requests.peaks(usage_point_id, Series.CONSUMPTION_MAX_POWER, start, end, wait)
        return self._series(call, progress, complete=complete)

    def index(
        self,
        usage_point_id: str,
        start: date,
        end: date,
        *,
        production: bool = False,
        complete: bool = True,
        wait: int | None = None,
        progress: Progress | None = None,
    ) -> IndexSeries:
        """Wh that the registers of the meter showed on each civil day. GatewayProblem `not-served` before 2026."""
        series = Series.PRODUCTION_INDEX if production else Series.CONSUMPTION_INDEX
        call = requests.indexes(usage_point_id, series, start, end, wait)
        return self._series(call, progress, complete=complete)

    def contract(self, usage_point_id: str) -> ContractBody:
        """The supply contract; what Enedis does not say is UNSET."""
        return self.send(requests.contract(usage_point_id)).body

    def address(self, usage_point_id: str) -> AddressBody:
        """The address of the usage point."""
        return self.send(requests.address(usage_point_id)).body

    def identity(self, usage_point_id: str) -> IdentityBody:
        """Who holds the contract."""
        return self.send(requests.identity(usage_point_id)).body

    def contact(self, usage_point_id: str) -> ContactBody:
        """How the holder can be reached."""
        return self.send(requests.contact(usage_point_id)).body

    def usage_points(self) -> list[UsagePointBody]:
        """The usage points of the account."""
        return self.send(requests.usage_points()).body.usage_points

    def gaps(self, usage_point_id: str) -> GapLedger:
        """The days that the gateway knows to be incomplete."""
        return self.send(requests.gaps(usage_point_id)).body

    def catalogue(self) -> list[EndpointBody]:
        """The endpoints of Enedis that the gateway calls; no key is needed."""
        return self.send(requests.catalogue()).body.endpoints

    def consents(self) -> list[ConsentBody]:
        """The consents of the account, newest first."""
        return self.send(requests.consents()).body.consents

    def start_consent(self, duration: str | None = None, return_url: str | None = None) -> ConsentStarted:
        """Ask for a consent (`duration` in ISO 8601); the customer opens its `authorize_url`."""
        return self.send(requests.start_consent(duration, return_url)).body

    def forget_consent(self, consent_id: str) -> None:
        """End a consent here, and erase its data. The share at Enedis is for the customer to end."""
        self.send(requests.forget_consent(consent_id))

    def send(self, call: Call[T]) -> Reply[T]:
        """Send one call of `passerelle.client.requests`."""
        request = self._address.request(self._session, call)
        with translated(self._address):
            response = self._session.send(request, follow_redirects=False)
        return requests.read_reply(call, response.status_code, response.headers, response.content)

    def export(
        self,
        usage_point_id: str,
        series: Series,
        start: date,
        end: date,
        media_type: str,
        *,
        complete: bool = True,
        wait: int | None = None,
        progress: Progress | None = None,
    ) -> Generator[bytes, None, None]:
        """A series in the gateway's own CSV or NDJSON (`requests.CSV`, `requests.NDJSON`), piece by piece."""
        call = requests.either(usage_point_id, series, start, end, wait)
        text = requests.in_text(call, media_type)
        with self._open(text) as response:
            if not (complete and requests.more_to_come(response.headers)):
                yield from response.iter_bytes()
                return
        self.send_until_complete(call, progress)
        with self._open(text) as response:
            yield from response.iter_bytes()

    def send_until_complete(self, call: Call[AnySeries], progress: Progress | None = None) -> Reply[AnySeries]:
        """Send a call for a series until nothing of it is pending."""
        steps = requests.until_complete(call, progress)
        attempt = next(steps)
        while True:
            if attempt.after:
                self._sleep(attempt.after)
            try:
                reply = self.send(attempt.call)
            except GatewayProblem as refusal:
                attempt = steps.throw(refusal)
                continue
            try:
                attempt = steps.send(reply)
            except StopIteration:
                return reply

    @contextmanager
    def _open(self, call: Call[bytes]) -> Iterator[httpx2.Response]:
        request = self._address.request(self._session, call)
        with translated(self._address):
            response = self._session.send(request, stream=True, follow_redirects=False)
            try:
                if not response.is_success:
                    requests.raise_refusal(response.status_code, response.headers, response.read())
                yield response
            finally:
                response.close()

    def _series(self, call: Call[AnySeries], progress: Progress | None, *, complete: bool) -> AnySeries:
        return (self.send_until_complete(call, progress) if complete else self.send(call)).body
