"""Who goes first when the quota is short: a person who waits, then freshness, then history."""

from enum import IntEnum


class Priority(IntEnum):
    """Lower goes first."""

    INTERACTIVE = 0
    REFRESH = 1
    IMPORT = 2
