"""The APIs of v5: their names, their true paths (F§5, F§8), and the switches that take one away."""

from dataclasses import dataclass, field

from passerelle.simulator.series import Series

OAUTH = "oauth2"
CONSENT_PAGE = "dataconnect"
MEASURES = {
    "/metering_data_dc/v5/daily_consumption": Series.CONSUMPTION_DAILY,
    "/metering_data_clc/v5/consumption_load_curve": Series.CONSUMPTION_LOAD_CURVE,
    "/metering_data_dcmp/v5/daily_consumption_max_power": Series.CONSUMPTION_MAX_POWER,
    "/metering_data_dp/v5/daily_production": Series.PRODUCTION_DAILY,
    "/metering_data_plc/v5/production_load_curve": Series.PRODUCTION_LOAD_CURVE,
}
CUSTOMERS = {
    "/customers_upc/v5/usage_points/contracts": "contract",
    "/customers_upa/v5/usage_points/addresses": "address",
    "/customers_i/v5/identity": "identity",
    "/customers_cd/v5/contact_data": "contact",
}


def api_of(path: str) -> str:
    """The API that a path belongs to: its first segment."""
    return path.strip("/").partition("/")[0]


DATA_APIS = frozenset(map(api_of, [*MEASURES, *CUSTOMERS]))
APIS = DATA_APIS | {OAUTH, CONSENT_PAGE}


@dataclass(slots=True)
class Apis:
    """What the simulated Enedis serves, and what the application has subscribed to on DataHub."""

    _not_served: set[str] = field(default_factory=set)
    _not_subscribed: set[str] = field(default_factory=set)

    def switch(self, api: str, *, served: bool | None = None, subscribed: bool | None = None) -> None:
        for value, off in ((served, self._not_served), (subscribed, self._not_subscribed)):
            if value is False:
                off.add(api)
            elif value is True:
                off.discard(api)

    def served(self, api: str) -> bool:
        return api in APIS and api not in self._not_served

    def subscribed(self, api: str) -> bool:
        return api not in self._not_subscribed
