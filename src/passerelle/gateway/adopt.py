"""Record consents that exist at Enedis already: the operator's word, not the customer's journey."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from passerelle.consent.requests import Claim, ConsentRequest, Origin
from passerelle.consent.states import ConsentState
from passerelle.gateway.ports import ConsentStore
from passerelle.kit.crypto import random_id
from passerelle.model.usage_point import UsagePointId


@dataclass(frozen=True, slots=True)
class Adoption:
    """What is adopted for an account. `expires_at` None: no consent is needed (the sandbox, F§11).

    `take_over`: the operator decides against an account that holds a point. `exclusive` False: everybody's points.
    """

    account_id: str
    points: Sequence[UsagePointId]
    duration: str
    expires_at: datetime | None
    origin: Origin
    take_over: bool = False
    exclusive: bool = True


async def adopt(store: ConsentStore, adoption: Adoption, now: datetime) -> list[Claim]:
    """One consent for all points; a point that another account holds is disputed unless it is taken over."""
    request = ConsentRequest(
        id=random_id(),
        account_id=adoption.account_id,
        state=ConsentState.REQUESTED,
        duration=adoption.duration,
        requested_at=now,
        request_ends_at=now,
        return_url=None,
    )
    await store.create(request, origin=adoption.origin)
    return await store.grant(
        request.id,
        _unique(adoption.points),
        now.astimezone(UTC),
        adoption.expires_at,
        take_over=adoption.take_over,
        exclusive=adoption.exclusive,
    )


def _unique(points: Iterable[UsagePointId]) -> list[UsagePointId]:
    return list(dict.fromkeys(points))
