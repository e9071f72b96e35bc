"""Every series of the catalogue through the whole application, equal to the household's truth."""

import pytest

PLAIN = "22516914714270"
CUSTOMERS = {
    PLAIN: ("consumption/daily", "consumption/load-curve", "consumption/max-power"),
    "11453290002823": ("consumption/daily", "consumption/load-curve", "consumption/max-power"),
    "32320647321714": ("consumption/daily", "consumption/max-power"),
    "12345678901234": ("consumption/daily", "consumption/load-curve", "consumption/max-power"),
    "10284856584123": ("production/daily", "production/load-curve"),
    "42900589957123": ("consumption/daily", "consumption/load-curve", "consumption/max-power"),
    "24880057139941": ("production/daily", "production/load-curve"),
    "12655648759651": (
        "consumption/daily",
        "consumption/load-curve",
        "consumption/max-power",
        "production/daily",
        "production/load-curve",
    ),
    "64975835695673": ("consumption/daily", "consumption/load-curve", "consumption/max-power"),
    "63695879465986": ("consumption/daily",),
    "22315546958763": ("consumption/daily",),
}
RANGES = {
    "spring": ("2026-03-25", "2026-04-02"),
    "autumn": ("2025-10-20", "2025-10-30"),
    "now": ("2026-11-15", "2026-11-27"),
}


@pytest.mark.parametrize("prm", CUSTOMERS)
async def test_readings_equal_the_truth_on_both_changes_of_hour_and_today(house, prm):
    for series in CUSTOMERS[prm]:
        for start, end in RANGES.values():
            answer = await house.series(prm, series, start, end)
            assert answer.status_code == 200, answer.text
            body = answer.json()
            assert body["readings"] == await house.truth(prm, series, start, end), (series, start)
            assert not any(gap["reason"] in ("pending", "upstream-error") for gap in body["gaps"])
            again = await house.series(prm, series, start, end)
            assert again.json()["readings"] == body["readings"]
