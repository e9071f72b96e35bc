"""What became of the data of consents that were forgotten: erased then, later, or kept for another consent."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, select

from passerelle.consent.requests import ConsentRequest
from passerelle.store.links import FORGOTTEN
from passerelle.store.tables import AnyRow, links


def ended_links(account_id: str) -> Select[Any]:
    """The links of the account that were forgotten."""
    return select(links.c.consent_id, links.c.point_id, links.c.erased_at).where(
        links.c.account_id == account_id, links.c.state == FORGOTTEN
    )


def with_receipt(request: ConsentRequest, ended: Sequence[AnyRow], standing: Sequence[AnyRow]) -> ConsentRequest:
    """The request with the receipt of its erasure. `ended`: rows of `ended_links`; `standing`: of all other links."""
    if request.forgotten_at is None:
        return request
    mine = [row for row in ended if row.consent_id == request.id]
    kept = {row.point_id for row in mine if row.erased_at is None}
    if kept:
        covering = {row.consent_id for row in standing if row.point_id in kept}
        return replace(request, kept_for=tuple(sorted(covering)))
    return replace(request, erased_at=max([request.forgotten_at, *(row.erased_at for row in mine)]))
