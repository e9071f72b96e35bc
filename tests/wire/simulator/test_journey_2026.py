"""A customer shares, the application learns what, and reads it: over true sockets (F§4, F§10)."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest
import uvicorn

from passerelle.simulator.app import create_app
from passerelle.simulator.settings import SimulatorSettings

PRM = "22516914714270"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
async def enedis() -> AsyncIterator[httpx2.AsyncClient]:
    """A simulator that listens, and a client that follows no redirect."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = create_app(SimulatorSettings(now=NOW, callback="https://app.example/callback"))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with httpx2.AsyncClient(base_url=origin) as client:
            yield client
    finally:
        server.should_exit = True
        await serving
        listener.close()


async def test_from_the_page_to_the_data(enedis):
    await enedis.put(f"/_control/services/{PRM}", json={"visible_at": "2026-11-24T10:30:00+01:00"})
    query = {"client_id": "simulator", "response_type": "code", "state": "abcde0", "duration": "P1Y"}
    page = await enedis.get("/dataconnect/v2/oauth2/authorize", params=query)
    (action,) = re.findall(r'<form method="post" action="([^"]+)"', page.text)
    back = await enedis.post(action, data=query | {"decision": "approve", "usage_point_id": PRM})
    given = httpx2.URL(back.headers["location"]).params

    credentials = {"grant_type": "client_credentials", "client_id": "simulator", "client_secret": "simulator-secret"}
    token = (await enedis.post("/oauth2/v3/token", data=credentials)).json()["access_token"]
    enedis.headers["authorization"] = f"Bearer {token}"
    search = {"autorisationId": int(given["autorisation_id"]), "comptage": False}
    assert (await enedis.post("/subscribed_services/v1", json=search)).json() == {"nbTotalServices": 0}
    await enedis.put("/_control/clock", json={"now": "2026-11-24T10:30:00+01:00"})
    first = (await enedis.post("/subscribed_services/v1/", json=search)).json()
    assert {each["pointId"] for each in first["serviceSouscrit"]} == {PRM}
    assert first["nbTotalServices"] > len(first["serviceSouscrit"])
    read = await enedis.get(f"/donnees_generales_auto/v1/{PRM}")
    truth = (await enedis.get(f"/_control/truth/{PRM}/address")).json()
    assert read.json()["address"]["number_street_name"] == truth["street"]
