"""One data call to the mirror: admitted by its token, before its parameters are looked at."""

import re
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request

from passerelle.access.caller import Caller
from passerelle.access.checks import require_scope
from passerelle.errors import UpstreamUnavailable
from passerelle.gateway.read_series import SeriesAnswer, SeriesAsk
from passerelle.gateway.rooms import MIRROR_TOKEN, Gateway
from passerelle.model.customer import AnyRecord, Contract, CustomerRecord
from passerelle.model.days import DaySpan
from passerelle.model.scopes import Scope
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.freshness import PARTIAL_LASTS
from passerelle.web.mirror import errors
from passerelle.web.mirror.errors import Refused
from passerelle.web.negotiation import wait_of

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,512}")


@dataclass(frozen=True, slots=True)
class MirrorCall:
    """Who calls, when, and with what. `wait`: seconds to wait for Enedis."""

    request: Request
    gateway: Gateway
    caller: Caller
    now: datetime
    wait: float

    async def series(self, point: UsagePointId, series: Series, span: DaySpan) -> SeriesAnswer:
        """The days, of Enedis' own values. Raises ScopeMissing, UsagePointUnknown and ConsentErrors."""
        return await self.gateway.read_series(SeriesAsk(self.caller, point, series, span, self.wait, own_only=True))

    async def record(self, point: UsagePointId, record: CustomerRecord, *, whole: bool = True) -> AnyRecord:
        """One customer record. `whole`: a contract of which Enedis failed to tell a part is none.

        Raises as `read_customer`, and UpstreamUnavailable.
        """
        found = await self.gateway.read_customer(self.caller, point, record, self.wait)
        if whole and isinstance(found, Contract) and found.partial:
            raise UpstreamUnavailable(
                "Enedis failed to tell a part of the contract.",
                "Enedis n'a pas pu donner une partie du contrat.",
                retry_after=int(PARTIAL_LASTS.total_seconds()),
            )
        return found


async def admit(request: Request, gateway: Gateway, scope: Scope) -> MirrorCall:
    """The call, as Enedis' gateway lets it in: a good token (never an API key itself), then the right to the API.

    Raises Refused, KeyInvalid, ScopeMissing.
    """
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Refused(errors.MISSING_CREDENTIALS)
    if _TOKEN.fullmatch(token) is None:
        raise Refused(errors.INVALID_CREDENTIALS)
    now = await gateway.clock.now()
    caller = await gateway.keys.authenticate(token, now, kinds=frozenset((MIRROR_TOKEN,)))
    require_scope(caller, scope)
    return MirrorCall(request, gateway, caller, now, wait_of(request.headers.get("prefer")))
