"""What `passerelle doctor` asks of Enedis: token, clock, each API's subscription; and what is left of the quota.

Each question is a call that takes a permit and counts, as every other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from passerelle.cli.findings import Finding, Verdict, fail, of_error, ok, warn
from passerelle.enedis.seen import Seen
from passerelle.errors import (
    ConsentError,
    InternalError,
    NothingThere,
    OperatorActionNeeded,
    QuotaExhausted,
    TokenRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
    UsagePointUnknown,
)
from passerelle.gateway.ports import Errand
from passerelle.model.paris import in_paris
from passerelle.model.priority import Priority
from passerelle.model.usage_point import UsagePointId
from passerelle.problem import PasserelleError
from passerelle.quota.permits import Snapshot

TOKEN, CLOCK, QUOTA = "token", "clock", "quota"
NOBODY = UsagePointId("00000000000000")
"""A number of the right form that no meter has: an API that is subscribed refuses it for want of a consent or of such
a point (F§13), and answers with nobody's data."""

ERRAND = Errand("doctor", Priority.INTERACTIVE)
_NOT_SUBSCRIBED = "900908"
_WHOLE_SECOND = timedelta(seconds=2)
"""What a `Date` header lags by: it names a second that has begun, and servers write it anew once a second."""

_WARN_FROM, _FAIL_FROM = timedelta(seconds=1), timedelta(minutes=1)
"""The quota keeps one second clear either side of the hour (`quota.bucket`): a clock further off may charge a call to
the wrong hour, and one off by minutes also mistakes what is published and which consents have ended."""

_LITTLE_LEFT = 10
"""Per cent of the hour's allowance."""


def _machine_time() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class ClockWatch:
    """Sets Enedis' clock beside the machine's at each answer; a slow answer says less than a quick one."""

    now: Callable[[], datetime] = _machine_time
    ahead: list[timedelta] = field(default_factory=list)
    answers: int = 0

    def __call__(self, seen: Seen) -> None:
        self.answers += seen.outcome.isdigit()
        if seen.date is not None:
            self.ahead.append(seen.date - self.now())

    @property
    def offset(self) -> timedelta | None:
        """How far Enedis' clock is surely ahead of the machine's (behind: negative), at least; None: it never told."""
        if not self.ahead:
            return None
        best = max(self.ahead)
        if best > timedelta(0):
            return best
        return min(best + _WHOLE_SECOND, timedelta(0))


def of_clock(offset: timedelta | None) -> Finding:
    """The machine's clock beside Enedis'."""
    if offset is None:
        return warn(CLOCK, ("No answer of Enedis carried a date.", "Aucune réponse d'Enedis ne portait de date."))
    seconds = abs(offset).total_seconds()
    if abs(offset) <= _WARN_FROM:
        return ok(CLOCK, "This machine's clock agrees with Enedis'.", "L'horloge de cette machine suit celle d'Enedis.")
    late = offset > timedelta(0)
    said = (
        f"This machine's clock is {seconds:.0f} s {'behind' if late else 'ahead of'} Enedis'.",
        f"L'horloge de cette machine {'retarde' if late else 'avance'} de {seconds:.0f} s sur celle d'Enedis.",
    )
    to_do = (
        "Synchronise it (systemd-timesyncd, chrony): quota, publication and ends of consents go by it.",
        "La synchroniser (systemd-timesyncd, chrony) : quota, publications et fins de consentement en dépendent.",
    )
    return warn(CLOCK, said, to_do) if abs(offset) < _FAIL_FROM else fail(CLOCK, said, to_do)


def of_token(error: PasserelleError | None, host: str) -> Finding:
    """Whether Enedis, asked at this host, gave a token."""
    if error is None:
        return ok(TOKEN, "Enedis gave a token.", "Enedis a donné un jeton.")
    if isinstance(error, (UpstreamUnavailable, UpstreamTimeout)):
        return fail(
            TOKEN,
            (error.problem.detail, error.problem.detail_fr),
            (
                f"See whether this machine reaches {host} (network, DNS, firewall), and whether it runs.",
                f"Voir si cette machine joint {host} (réseau, DNS, pare-feu), et s'il est en marche.",
            ),
        )
    return of_error(TOKEN, error, Verdict.WARN if isinstance(error, QuotaExhausted) else Verdict.FAIL)


def of_api(api: str, error: PasserelleError | None) -> Finding:
    """What the answer for nobody's usage point says of the subscription (F§2, F§13)."""
    if error is None or isinstance(error, (ConsentError, NothingThere, UsagePointUnknown)):
        return ok(api, "Subscribed.", "Souscrite.")
    code = error.problem.upstream.code if error.problem.upstream else None
    if isinstance(error, OperatorActionNeeded) and code == _NOT_SUBSCRIBED:
        return fail(
            api,
            ("The application has not subscribed to this API.", "L'application n'a pas souscrit à cette API."),
            (
                "Subscribe on DataHub if you need it: applications that ask for this data are refused meanwhile.",
                "Y souscrire sur DataHub si elle est utile : d'ici là, les demandes de ces données sont refusées.",
            ),
        )
    if isinstance(error, (OperatorActionNeeded, TokenRejected)):
        return of_error(api, error)
    return of_error(api, error, Verdict.WARN)


def of_quotas(found: Mapping[str, Snapshot | PasserelleError]) -> list[Finding]:
    """By bucket, what is left of the hour. Those of which nobody has used anything share one line."""
    told = {
        bucket: each
        for bucket, each in found.items()
        if isinstance(each, PasserelleError) or each.used or each.held_until
    }
    return [of_quota(each, bucket) for bucket, each in (told or dict(list(found.items())[:1])).items()]


def of_quota(found: Snapshot | PasserelleError, bucket: str = "v5") -> Finding:
    """What is left of the hour in one bucket, for all processes of this installation."""
    check = QUOTA if bucket == "v5" else f"{QUOTA} {bucket}"
    if isinstance(found, PasserelleError):
        return of_error(check, found, Verdict.FAIL if isinstance(found, InternalError) else Verdict.WARN)
    left = max(0, found.allowance - found.used)
    said = (
        f"{left} of {found.allowance} calls are left in this hour.",
        f"Il reste {left} des {found.allowance} appels de cette heure.",
    )
    if found.held_until is not None:
        until = in_paris(found.held_until).strftime("%H:%M:%S")
        held = (f"{said[0]} Enedis told us to wait until {until}.", f"{said[1]} Enedis demande d'attendre {until}.")
        return warn(
            check,
            held,
            ("Nothing to do but wait, and see what asks so much.", "Attendre, et voir qui demande autant."),
        )
    if left * 100 < found.allowance * _LITTLE_LEFT:
        return warn(
            check,
            said,
            (
                "Wait for the next hour, or see which account asks so much.",
                "Attendre l'heure suivante, ou voir quel compte demande autant.",
            ),
        )
    return ok(check, *said)
