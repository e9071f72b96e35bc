"""GET /v1/catalogue: the endpoints of Enedis that passerelle speaks."""

from starlette.responses import Response

from passerelle.model.catalogue import CATALOGUE
from passerelle.schema.catalogue import CatalogueBody, EndpointBody
from passerelle.web.answers import json_response
from passerelle.web.call import Call

_BODY = CatalogueBody(
    endpoints=[
        EndpointBody(
            reference=row.reference,
            description=row.description,
            generation=row.generation.value,
            method=row.method,
            path=row.path,
            sandbox=row.sandbox,
            production=row.production,
            specification=row.specification,
            scope=row.scope.value if row.scope else None,
        )
        for row in CATALOGUE
    ]
)


async def show_catalogue(_: Call) -> Response:
    """The catalogue, the same for all."""
    return json_response(_BODY, headers={"Cache-Control": "public, max-age=3600"})
