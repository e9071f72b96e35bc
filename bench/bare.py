"""The limit: a bare ASGI callable on the same server that gives the bytes of a file, without looking at anything."""

import sys
from pathlib import Path

import uvicorn
from starlette.types import Receive, Scope, Send

BODY = Path(sys.argv[2]).read_bytes()
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]


async def give(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 — ASGI's signature
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


if __name__ == "__main__":
    uvicorn.run(give, port=int(sys.argv[1]), access_log=False, log_level="error", lifespan="off")
