"""What Enedis allows, as numbers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The allowance of one bucket (F§12): v5 has one bucket for the application, 2026 will have one per API.

    `per_second` calls in any second, `per_hour` in a clock hour of UTC; both at least 1 (ValueError).
    """

    per_second: int = 5
    per_hour: int = 10_000

    def __post_init__(self) -> None:
        if self.per_second < 1 or self.per_hour < 1:
            raise ValueError("a quota allows at least one call")
