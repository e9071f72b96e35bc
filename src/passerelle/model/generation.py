"""The generations of the Enedis API that passerelle speaks (F§1)."""

from enum import StrEnum


class Generation(StrEnum):
    V5 = "v5"
