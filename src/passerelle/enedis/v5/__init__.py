"""The v5 generation: its paths, its bodies, and what they mean."""

from passerelle.enedis.v5.adapter import EnedisV5
from passerelle.enedis.v5.consent_page import ConsentPageV5

__all__ = ["ConsentPageV5", "EnedisV5"]
