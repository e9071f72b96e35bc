"""Which adapter speaks which generation, and which consent page goes with it."""

from collections.abc import Callable, Mapping

from passerelle.enedis.authorize import ConsentPage
from passerelle.enedis.auto import EnedisAuto, Speaker
from passerelle.enedis.settings import EnedisSettings
from passerelle.enedis.standings import Standings
from passerelle.enedis.transport import Transport
from passerelle.enedis.v5 import ConsentPageV5, EnedisV5
from passerelle.enedis.v2026 import ConsentPageV2, EnedisV2026
from passerelle.enedis.v2026.endpoints import APIS
from passerelle.kit.clock import Clock
from passerelle.model.generation import Speaking

BUCKETS_2026: tuple[str, ...] = APIS
"""Each API of 2026 has an allowance of its own (F§12), named like the API."""


def _v5(transport: Transport, _: Clock) -> Speaker:
    return EnedisV5(transport)


ADAPTERS: Mapping[Speaking, Callable[[Transport, Clock], Speaker]] = {
    Speaking.V5: _v5,
    Speaking.V2026: EnedisV2026,
}
"""One generation each."""


def speaker(speaking: Speaking, transport: Transport, clock: Clock, standings: Standings) -> Speaker:
    """Who speaks with Enedis under this setting."""
    if speaking is not Speaking.AUTO:
        return ADAPTERS[speaking](transport, clock)
    return EnedisAuto(EnedisV2026(transport, clock), EnedisV5(transport), standings)


CONSENT_PAGES: Mapping[Speaking, Callable[[EnedisSettings], ConsentPage]] = {
    Speaking.V5: ConsentPageV5,
    Speaking.V2026: ConsentPageV2,
    Speaking.AUTO: ConsentPageV2,
}
"""A consent given in one version stays valid in the other generation (F§4)."""
