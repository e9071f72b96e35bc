"""What one bench measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """`limit`: the least that the same answer costs; `naive`: what everyone writes first. In the unit of `value`."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    naive: float | None = None
