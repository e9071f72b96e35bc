"""The catalogue of the Enedis endpoints that passerelle calls."""

from typing import Annotated

from msgspec import Meta, Struct


class EndpointBody(Struct, kw_only=True, frozen=True):
    """One endpoint of Enedis."""

    reference: Annotated[str, Meta(examples=["Metering Consommation Detail"])]
    description: str
    generation: Annotated[str, Meta(description="Generation of the API.", examples=["v5"])]
    method: Annotated[str, Meta(examples=["GET"])]
    path: str
    sandbox: Annotated[str | None, Meta(description="Full address in the sandbox; null where it has none.")]
    production: Annotated[str, Meta(description="Full address in production.")]
    specification: Annotated[str, Meta(description="Enedis' own specification.")]
    scope: Annotated[str | None, Meta(description="Scope of `/v1` that gives it; null where none is needed.")]


class CatalogueBody(Struct, kw_only=True, frozen=True):
    """Every endpoint of Enedis that passerelle calls."""

    endpoints: list[EndpointBody]
