"""What Enedis lists under an `autorisation_id`, and how far it is believed: pure decisions (F§4, F§10).

The id comes through the browser, and is neither secret nor beyond guessing: what was shared before the request is not
what this customer shared now.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

from passerelle.model.paris import ONE_DAY, civil_day, midnight
from passerelle.model.reading import GapReason
from passerelle.model.series import Kind, Series
from passerelle.model.shared_services import ServiceKind, SharedService
from passerelle.model.usage_point import UsagePointId

LATE_SERVICES = timedelta(hours=1)
"""How long after the customer's return older services alone prove nothing.

One holder has one id for all usage points (F§4): beside an older share, the new one may only be late.
"""

_QUICKEST, _SLOWEST = 0.5, 600.0
"""Seconds between two questions about one exchange."""


@dataclass(frozen=True, slots=True)
class Believed:
    """What the customer shared on the way of this request. `services` is never empty."""

    services: tuple[SharedService, ...]

    @property
    def points(self) -> tuple[UsagePointId, ...]:
        """The usage points, none twice, in the order listed."""
        return tuple(dict.fromkeys(each.usage_point_id for each in self.services))

    @property
    def ends_at(self) -> datetime | None:
        """The midnight (UTC instant) after the last day of the last service; None where Enedis names no end."""
        ends = [each.ends_on for each in self.services]
        known = [end for end in ends if end is not None]
        return midnight(max(known) + ONE_DAY) if len(known) == len(ends) else None


@dataclass(frozen=True, slots=True)
class KnownServices:
    """All services of a usage point, as Enedis listed them at `noted_at`."""

    usage_point_id: UsagePointId
    services: tuple[SharedService, ...]
    noted_at: datetime


class Unbelieved(Enum):
    """Why nothing is granted. `NOTHING_YET`: Enedis may still be writing it down; `OLDER`: all is from before."""

    NOTHING_YET = "nothing yet"
    OLDER = "older"


def judged(
    services: Iterable[SharedService], *, requested_at: datetime, began_at: datetime, now: datetime
) -> Believed | Unbelieved:
    """What a list of services says about a request.

    `requested_at`: when the request was made; `began_at`: when the customer came back. Believed is what runs and began
    on the civil day of the request or later; a service without a beginning is not believed.
    """
    running = [each for each in services if runs(each, civil_day(now))]
    day = civil_day(requested_at)
    fresh = tuple(each for each in running if each.starts_on is not None and each.starts_on >= day)
    if fresh:
        return Believed(fresh)
    if running and now - began_at >= LATE_SERVICES:
        return Unbelieved.OLDER
    return Unbelieved.NOTHING_YET


def pause_before_asking_again(age: timedelta) -> float:
    """Seconds until the services of an exchange of this age are worth another question: half its age, within bounds."""
    return min(max(age.total_seconds() / 2, _QUICKEST), _SLOWEST)


def runs(service: SharedService, day: date) -> bool:
    """Whether the service is not over on this day; its last day is part of it."""
    return service.ends_on is None or day <= service.ends_on


def denial(services: Iterable[SharedService], series: Series, day: date) -> GapReason | None:
    """Why the services known of a usage point do not give the series on this day; None where they do.

    A curve alone that is missing in its direction is one that is not collected (F§7, F§10).
    """
    running = [each for each in services if runs(each, day)]
    if any(each.gives(series) for each in running):
        return None
    measures = [each for each in running if each.kind is not ServiceKind.CONTRACT]
    if not measures:
        return GapReason.NO_CONSENT
    if not any(series.direction in each.directions for each in measures):
        return GapReason.WRONG_DIRECTION
    return GapReason.NOT_COLLECTED if series.kind is Kind.CURVE else GapReason.NO_CONSENT


def gives_records(services: Iterable[SharedService], day: date) -> bool:
    """Whether the services known of a usage point give its contract, address and the like (ITC, F§10)."""
    return any(each.kind is ServiceKind.CONTRACT and runs(each, day) for each in services)
