"""Daily energy from a whole day of load curve."""

from collections.abc import Mapping
from datetime import date

from passerelle.model.paris import day_bounds
from passerelle.model.reading import Quality, Reading, Readings
from passerelle.model.series import Series
from passerelle.plan.merge import energy_wh

DAILY_OF: Mapping[Series, Series] = {
    Series.CONSUMPTION_LOAD_CURVE: Series.CONSUMPTION_DAILY,
    Series.PRODUCTION_LOAD_CURVE: Series.PRODUCTION_DAILY,
}


def daily_energy(whole: Mapping[date, Readings]) -> dict[date, Readings]:
    """The energy of each of these days, all of them whole, as a `derived` reading of the daily series.

    The sum of W × minutes / 60, rounded half up: observed equal to Enedis' own value (F§6), which is no promise of
    Enedis, so that its own value replaces this one wherever it comes.
    """
    return {
        day: (Reading(*day_bounds(day), energy_wh([readings]), Quality.DERIVED),) for day, readings in whole.items()
    }
