"""What an API key may be allowed to read or do (INTERFACE section 3)."""

from enum import StrEnum


class Scope(StrEnum):
    """One right of a key; the value is what is written in keys, tokens and documentation."""

    USAGE_POINTS_READ = "usage-points:read"
    CONSUMPTION_DAILY = "consumption:daily"
    CONSUMPTION_LOAD_CURVE = "consumption:load-curve"
    CONSUMPTION_MAX_POWER = "consumption:max-power"
    PRODUCTION_DAILY = "production:daily"
    PRODUCTION_LOAD_CURVE = "production:load-curve"
    CONSUMPTION_INDEX = "consumption:index"
    PRODUCTION_INDEX = "production:index"
    CONTRACT = "contract"
    ADDRESS = "address"
    IDENTITY = "identity"
    CONTACT = "contact"
    CONSENTS = "consents"


ALL_SCOPES = frozenset(Scope)
