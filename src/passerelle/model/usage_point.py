"""The usage point id: PRM, PDL and usage point id are three names of one number of 14 digits (F§1)."""

import re
from typing import NewType

from passerelle.errors import InvalidRequest

UsagePointId = NewType("UsagePointId", str)
"""Exactly 14 ASCII digits."""

_FOURTEEN_DIGITS = re.compile(r"[0-9]{14}")
_SPACES = re.compile(r"[\s\u00a0\u202f]+")


def parse_usage_point_id(text: str) -> UsagePointId:
    """The usage point id that `text` spells; spaces are dropped, as users paste `12 345 …` (F§1).

    Raises InvalidRequest, which does not repeat the text.
    """
    digits = _SPACES.sub("", text)
    if _FOURTEEN_DIGITS.fullmatch(digits) is None:
        raise InvalidRequest(
            "A usage point id (PRM) is exactly 14 digits.",
            "Un identifiant de point (PRM) comporte exactement 14 chiffres.",
        )
    return UsagePointId(digits)
