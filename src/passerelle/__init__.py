"""passerelle: a gateway between applications and Enedis Data Connect.

The SDK is here: `from passerelle import Passerelle`, or `AsyncPasserelle`. Both are loaded when first named, so that
importing one of the rooms stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from passerelle._version import __version__

if TYPE_CHECKING:
    from passerelle.client import AsyncPasserelle, Passerelle

__all__ = ["AsyncPasserelle", "Passerelle", "__version__"]


def __getattr__(name: str) -> Any:
    if name in {"AsyncPasserelle", "Passerelle"}:
        # by name: a room that imports the package does not thereby depend on the SDK
        return getattr(import_module("passerelle.client"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
