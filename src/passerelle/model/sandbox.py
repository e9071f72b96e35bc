"""The fictitious customers of Enedis' sandbox (F§11), by the digit that selects them."""

from passerelle.model.usage_point import UsagePointId

SANDBOX_CUSTOMERS: dict[int, tuple[UsagePointId, ...]] = {
    0: (UsagePointId("22516914714270"),),
    1: (UsagePointId("11453290002823"),),
    2: (UsagePointId("32320647321714"),),
    3: (UsagePointId("12345678901234"), UsagePointId("10284856584123")),
    4: (UsagePointId("42900589957123"),),
    5: (UsagePointId("24880057139941"),),
    6: (UsagePointId("12655648759651"),),
    7: (UsagePointId("64975835695673"), UsagePointId("63695879465986"), UsagePointId("22315546958763")),
    8: (UsagePointId("26584978546985"),),
}
"""Digit 8 consents and revokes at once; digit 9, who always refuses, has no usage point."""

REVOKED_DIGIT = 8


def consenting_points() -> tuple[UsagePointId, ...]:
    """The usage points of the customers whose consent stands: digits 0 to 7."""
    return tuple(point for digit, points in SANDBOX_CUSTOMERS.items() if digit != REVOKED_DIGIT for point in points)
