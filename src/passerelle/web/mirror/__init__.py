"""The mirror: Enedis' own paths, bodies and errors under `/enedis`, for applications written for Enedis.

It writes its own bodies and imports nothing of the adapters: it outlives the generation that Enedis stops.
"""

from passerelle.web.mirror.authorize import back_to_application
from passerelle.web.mirror.routes import mirror_routes

__all__ = ["back_to_application", "mirror_routes"]
