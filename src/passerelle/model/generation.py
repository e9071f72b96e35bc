"""The generations of the Enedis API that passerelle speaks (F§1)."""

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
