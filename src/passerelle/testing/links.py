"""The usage points of one account, in memory."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from passerelle.consent.requests import LinkedPoint
from passerelle.consent.states import ConsentState, Link
from passerelle.model.series import Direction
from passerelle.model.usage_point import UsagePointId


@dataclass
class MemoryLinks:
    """Satisfies `gateway.ports.LinkStore`."""

    links: dict[tuple[str, UsagePointId], Link] = field(default_factory=dict)
    activations: dict[tuple[str, Direction], date] = field(default_factory=dict)

    def link(self, account_id: str, point: UsagePointId, *, since: datetime, until: datetime | None = None) -> Link:
        """Add a granted link."""
        link = Link(f"point-{point[-4:]}", account_id, "consent", ConsentState.GRANTED, since.astimezone(UTC), until)
        self.links[account_id, point] = link
        return link

    async def find(self, account_id: str, point: UsagePointId) -> Link | None:
        return self.links.get((account_id, point))

    async def of_account(self, account_id: str) -> list[LinkedPoint]:
        return [LinkedPoint(point, link) for (holder, point), link in self.links.items() if holder == account_id]

    async def set_state(self, link: Link, state: ConsentState) -> None:
        for key, held in self.links.items():
            if held.point_id == link.point_id:
                self.links[key] = replace(held, state=state)

    async def activation(self, point_id: str, direction: Direction) -> date | None:
        return self.activations.get((point_id, direction))

    async def learn_activation(self, point_id: str, direction: Direction, day: date) -> None:
        self.activations[point_id, direction] = day
