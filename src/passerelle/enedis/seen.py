"""What the transport tells of each request that left: to the metrics, and to `doctor`, which sets clocks beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

TIMEOUT = "timeout"
LOST = "lost"
DAMAGED = "damaged"
"""Instead of a status: no answer in time, no connection or one that broke, an answer cut short or too long."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One request: the API in Enedis' name, the HTTP status or one of the words above, and Enedis' own clock (UTC).

    `date` has the precision of the header, a whole second that has begun; None where there was none.
    """

    api: str
    outcome: str
    date: datetime | None = None


Watch = Callable[[Seen], None]
"""Called as soon as an answer is whole, or lost."""


def nobody(_: Seen) -> None:
    """For a transport that nobody watches."""


def read_date(header: str | None) -> datetime | None:
    """The instant of a `Date` header (RFC 9110 section 6.6.1), in UTC; None for anything else."""
    if header is None:
        return None
    try:
        date = parsedate_to_datetime(header)
    except ValueError:
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
