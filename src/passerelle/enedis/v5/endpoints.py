"""Where each thing is asked for: the true paths, those of production too (F§5, F§8)."""

from dataclasses import dataclass

from passerelle.model.customer import CustomerRecord
from passerelle.model.series import Series


@dataclass(frozen=True, slots=True)
class Place:
    """An API in Enedis' own name, and the path of its one endpoint."""

    api: str
    path: str


def _place(api: str, resource: str) -> Place:
    return Place(api, f"/{api}/v5/{resource}")


MEASURES = {
    Series.CONSUMPTION_DAILY: _place("metering_data_dc", "daily_consumption"),
    Series.CONSUMPTION_LOAD_CURVE: _place("metering_data_clc", "consumption_load_curve"),
    Series.CONSUMPTION_MAX_POWER: _place("metering_data_dcmp", "daily_consumption_max_power"),
    Series.PRODUCTION_DAILY: _place("metering_data_dp", "daily_production"),
    Series.PRODUCTION_LOAD_CURVE: _place("metering_data_plc", "production_load_curve"),
}

RECORDS = {
    CustomerRecord.CONTRACT: _place("customers_upc", "usage_points/contracts"),
    CustomerRecord.ADDRESS: _place("customers_upa", "usage_points/addresses"),
    CustomerRecord.IDENTITY: _place("customers_i", "identity"),
    CustomerRecord.CONTACT: _place("customers_cd", "contact_data"),
}
