"""A process that departs as often as the quota lets it, and writes when: `departing.py DATABASE PRIORITY SECONDS`."""

import asyncio
import os
import sys
import time

from passerelle.kit.clock import SystemClock
from passerelle.model.priority import Priority
from passerelle.quota.permits import QuotaPermits
from passerelle.quota.settings import Limits
from passerelle.quota.sqlite import SqliteHome
from passerelle.store.engine import open_engine


async def main(database: str, priority: str, seconds: str) -> None:
    engine = open_engine(f"sqlite:///{database}")
    permits = QuotaPermits(SqliteHome(engine), {"v5": Limits()}, SystemClock())

    async def calls(account_id: str) -> None:
        while True:
            async with permits.turn("v5", account_id, Priority[priority]) as turn:
                await turn.depart()
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
