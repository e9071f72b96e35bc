"""passerelle worker: the work without a caller, in a process of its own."""

import asyncio
import signal

from passerelle.config import Settings, require_credentials
from passerelle.kit.logs import configure_logs, get_logger
from passerelle.wiring import open_worker

log = get_logger(__name__)


async def work(settings: Settings) -> None:
    """Keep usage points fresh until a signal; the call under way is given time to land. Raises StartRefused."""
    configure_logs(settings.logs.level, settings.logs.form)
    require_credentials(settings)
    async with open_worker(settings) as upkeep:
        log.info("worker_ready", environment=settings.environment.value)
        working = asyncio.ensure_future(upkeep.run())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, working.cancel)
        await asyncio.wait([working])
        if not working.cancelled():
            working.result()
