"""Which adapter speaks which generation."""

from collections.abc import Callable, Mapping

from passerelle.enedis.settings import EnedisSettings
from passerelle.enedis.transport import Transport
from passerelle.enedis.v5 import EnedisV5
from passerelle.enedis.v5.consent_page import ConsentPageV5
from passerelle.model.generation import Generation

CONSENT_PAGES: Mapping[Generation, Callable[[EnedisSettings], ConsentPageV5]] = {Generation.V5: ConsentPageV5}
ADAPTERS: Mapping[Generation, Callable[[Transport], EnedisV5]] = {Generation.V5: EnedisV5}
