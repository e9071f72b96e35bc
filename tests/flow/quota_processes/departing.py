"""A process that departs as often as the quota lets it, and writes when.

    departing.py DATABASE REDIS PRIORITY SECONDS

REDIS is an address, or `-` for none. While the quota is away it asks again and again: whatever slips out is seen.
"""

import asyncio
import os
import sys
import time

from passerelle.errors import QuotaExhausted
from passerelle.kit.clock import SystemClock
from passerelle.model.priority import Priority
from passerelle.quota.homes import open_home
from passerelle.quota.permits import QuotaPermits
from passerelle.quota.settings import Limits
from passerelle.store.engine import open_engine


async def main(database: str, redis: str, priority: str, seconds: str) -> None:
    engine = open_engine(database)
    async with open_home(engine, None if redis == "-" else redis) as home:
        permits = QuotaPermits(home, {"v5": Limits()}, SystemClock())

        async def calls(account_id: str) -> None:
            while True:
                try:
                    async with permits.turn("v5", account_id, Priority[priority]) as turn:
                        await turn.depart()
                except QuotaExhausted:
                    os.write(1, b"refused\n")
                    await asyncio.sleep(0.05)
                else:
                    os.write(1, f"{time.monotonic_ns()}\n".encode())

        workers = [asyncio.create_task(calls(account_id)) for account_id in ("a", "b", "c")]
        await asyncio.wait(workers, timeout=float(seconds), return_when=asyncio.FIRST_EXCEPTION)
        for worker in workers:
            worker.cancel()
        for outcome in await asyncio.gather(*workers, return_exceptions=True):
            if not isinstance(outcome, asyncio.CancelledError):
                raise outcome
    await engine.dispose()


asyncio.run(main(*sys.argv[1:]))
