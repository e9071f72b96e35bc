"""The 2026 generation: its paths, its bodies, and what they mean."""

from passerelle.enedis.v2026.adapter import EnedisV2026
from passerelle.enedis.v2026.consent_page import ConsentPageV2

__all__ = ["ConsentPageV2", "EnedisV2026"]
