"""A load on one address: N connections that each ask again as soon as they are answered, for some seconds.

Run as a process of its own, so that it can have a core of its own. Prints one JSON line:
{"rate": answers a second, "p50_ms", "p99_ms", "bytes": of one answer, "failed": answers that were not 200}.
"""

import argparse
import asyncio
import json
import time
from typing import Any
from urllib.parse import urlsplit

import uvloop


class Connection(asyncio.Protocol):
    """Asks, reads a whole answer with Content-Length, notes how long it took, asks again."""

    def __init__(self, request: bytes, until: float, done: asyncio.Future[None]) -> None:
        self.request, self.until, self.done = request, until, done
        self.buffer = bytearray()
        self.need: int | None = None
        self.took: list[float] = []
        self.failed = 0
        self.size = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        self.asked_at = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.need is None:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self.buffer[:end]).lower()
            self.failed += not head.startswith(b"http/1.1 200")
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            self.need = end + 4 + length
            self.size = length
        if len(self.buffer) >= self.need:
            now = time.perf_counter()
            self.took.append(now - self.asked_at)
            self.buffer.clear()
            self.need = None
            if now < self.until:
                self.ask()
            else:
                self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 — asyncio's signature
        if not self.done.done():
            self.done.set_result(None)


async def press(url: str, key: str | None, connections: int, seconds: float) -> dict[str, float]:
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    head = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
    head += f"Authorization: Bearer {key}\r\n" if key else ""
    request = (head + "\r\n").encode()
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    made: list[Connection] = []
    for _ in range(connections):
        one = Connection(request, started + seconds, loop.create_future())
        await loop.create_connection(lambda one=one: one, parts.hostname, parts.port)
        made.append(one)
    await asyncio.gather(*(one.done for one in made))
    took = sorted(each for one in made for each in one.took)
    return {
        "rate": len(took) / (time.perf_counter() - started),
        "p50_ms": took[len(took) // 2] * 1000,
        "p99_ms": took[int(len(took) * 0.99)] * 1000,
        "bytes": made[0].size,
        "failed": sum(one.failed for one in made),
    }


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("url")
    options.add_argument("--key")
    options.add_argument("--connections", type=int, default=32)
    options.add_argument("--seconds", type=float, default=5)
    asked = options.parse_args()
    print(json.dumps(uvloop.run(press(asked.url, asked.key, asked.connections, asked.seconds))))


if __name__ == "__main__":
    main()
