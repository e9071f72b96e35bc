"""Where a pair stands in the tree of an account: owner, then a scope, then a usage point under that scope."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from passerelle.model.customer import CustomerRecord
from passerelle.model.scopes import Scope
from passerelle.model.series import Series

DATA_SCOPES = frozenset({series.scope for series in Series} | {record.scope for record in CustomerRecord})
"""The scopes that read something sealed; the others are rights to act."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the tree: whoever opens the pair of the parent opens this one."""

    name: str
    parent: "Place | None" = None
    point_id: str | None = None

    def upwards(self) -> Iterator["Place"]:
        """This place and all above it."""
        place: Place | None = self
        while place is not None:
            yield place
            place = place.parent


OWNER = Place("owner")
CELL = "cell "
"""What the names of cells begin with; the point and the scope follow."""


@cache
def scope_place(scope: Scope) -> Place:
    """Everything that this scope reads in the account."""
    return Place(f"scope {scope.value}", OWNER)


@lru_cache(maxsize=4_096)
def cell_place(point_id: str, scope: Scope) -> Place:
    """What this scope reads of one usage point."""
    return Place(f"{CELL}{point_id} {scope.value}", scope_place(scope), point_id)
