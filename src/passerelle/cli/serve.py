"""passerelle serve and passerelle simulator: one server, in the foreground."""

from pathlib import Path

from passerelle.cli.servers import bind, serve_all
from passerelle.config import Settings, require_credentials
from passerelle.kit.logs import configure_logs, get_logger
from passerelle.simulator.app import create_app as create_simulator
from passerelle.simulator.captures import read_captures
from passerelle.simulator.replay import replaying
from passerelle.wiring import open_gateway

log = get_logger(__name__)


async def serve(settings: Settings) -> None:
    """The gateway, until a signal. Raises StartRefused."""
    configure_logs(settings.logs.level, settings.logs.form)
    require_credentials(settings)
    bound = bind(settings.listen, "LISTEN")

    async def ready() -> None:
        log.info("gateway_ready", address=settings.listen.url, environment=settings.environment.value)

    async with open_gateway(settings) as gateway:
        await serve_all(
            [(bound, gateway.app)],
            ready=ready,
            stopping=gateway.wind_down,
            trusted_proxies=settings.trusted_proxies,
        )


async def simulate(settings: Settings, replay: Path | None = None) -> None:
    """The simulator alone, until a signal; `replay`: a folder of captured answers. Raises StartRefused."""
    configure_logs(settings.logs.level, settings.logs.form)
    bound = bind(settings.simulator_listen, "SIMULATOR_LISTEN")

    async def ready() -> None:
        log.info("simulator_ready", address=settings.simulator_listen.url, seed=settings.simulator.seed)

    simulated = settings.simulator if replay is None else replaying(settings.simulator, read_captures(replay))
    await serve_all([(bound, create_simulator(simulated))], ready=ready)
