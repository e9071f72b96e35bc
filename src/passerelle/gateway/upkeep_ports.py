"""What upkeep needs: the book of who is looked after, and days fetched without a caller."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from passerelle.consent.requests import LinkedPoint
from passerelle.consent.states import Link
from passerelle.model.days import DaySpan
from passerelle.model.priority import Priority
from passerelle.model.series import Series
from passerelle.plan.upkeep import Import, Missing, Progress, Task, Turn
from passerelle.problem import PasserelleError


class Book(Protocol):
    """Who is looked after, and who has which work in hand; shared by every process."""

    async def want(self, account_id: str, point_id: str, series: Sequence[Series], now: datetime) -> None:
        """Somebody reads these series: keep them fresh."""
        ...

    async def start_import(
        self, account_id: str, point_id: str, starts: Sequence[tuple[Series, date]], now: datetime
    ) -> None: ...

    async def to_import(self, now: datetime) -> list[Link]:
        """The links that a customer's journey gave and whose past nobody has begun to import."""
        ...

    async def put_off(self, link: Link, until: datetime, now: datetime) -> None:
        """`to_import` is not to tell this link before then."""
        ...

    async def claim(self, now: datetime, most: int) -> list[Task]:
        """Up to so many pieces of work that are due, now in this process' hands; the fairest first.

        The refresh of daily energy is never taken while that of its curve is due or in hand.
        Of all processes one stands in front and may claim, until `pass_on` or until there was nothing to claim.
        """
        ...

    async def pass_on(self) -> None:
        """Another process may claim: nothing that this one has in hand waits for its slot."""
        ...

    async def settle(self, task: Task, due_at: datetime | None, now: datetime) -> None:
        """Lay the work down: due again then, or ended."""
        ...

    async def turn(self, point_id: str, series: Series) -> Turn | None:
        """When the refresh of a series is due; None where it is not kept fresh."""
        ...

    async def imports_of(self, point_id: str) -> list[Import]: ...
    async def alive(self, kind: str) -> None: ...
    async def worker_lives(self) -> bool: ...
    async def leave(self) -> None: ...


class Fetching(Protocol):
    """The days of a series without a caller: what is missing, and one call for some of it."""

    async def missing(
        self, linked: LinkedPoint, series: Series, span: DaySpan, now: datetime, *, holes: bool = False
    ) -> Missing:
        """The days of the span that are not held whole, as far as Enedis can have them.

        `holes`: also the older days that Enedis had not, and that are worth asking again. Then no day of a silent
        series before its next call, though it was never asked.
        """
        ...

    async def next_worth(self, link: Link, series: Series, span: DaySpan, now: datetime) -> datetime | None:
        """When the next day of the span that is not whole, or older hole, will be worth asking; None if none will."""
        ...

    async def bring(
        self, linked: LinkedPoint, series: Series, span: DaySpan, priority: Priority
    ) -> PasserelleError | None:
        """One call. What came is kept sealed; the error, if Enedis gave none of it."""
        ...

    async def progress(self, link: Link, series: Series, span: DaySpan, now: datetime) -> Progress:
        """How far the days of the span are: from what lies open in the store, without any key."""
        ...
