"""The generations of the Enedis API that passerelle speaks (F§1)."""

from dataclasses import dataclass
from enum import StrEnum


class Generation(StrEnum):
    """A generation, as the catalogue names it."""

    V5 = "v5"
    V2026 = "2026"


class Speaking(StrEnum):
    """Which generation a gateway speaks; `auto` prefers 2026 and keeps v5 for as long as that helps."""

    V5 = "v5"
    V2026 = "2026"
    AUTO = "auto"


NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one API stands under `auto`, in seconds of a clock that all processes share.

    `v5_until`: when 2026 is worth a probe. `fell_back_at`, `came_back_at`: when the generation last changed.
    `unsubscribed_until`: until when Enedis' word that 2026 is not subscribed is believed.
    """

    speaking: Generation = Generation.V2026
    v5_until: float = NEVER
    fell_back_at: float = NEVER
    came_back_at: float = NEVER
    unsubscribed_until: float = NEVER
