"""passerelle demo: a pretend Enedis and a gateway with an account that can read everything at once."""

import secrets
import sys
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console

from passerelle.cli.servers import bind, serve_all
from passerelle.config import Environment, Settings, keep_secret, refuse
from passerelle.consent.duration import end_of
from passerelle.consent.states import ConsentState, standing
from passerelle.errors import KeyInvalid
from passerelle.gateway.adopt import Adoption, adopt
from passerelle.kit.logs import configure_logs
from passerelle.model.sandbox import REVOKED_DIGIT, SANDBOX_CUSTOMERS, consenting_points
from passerelle.plan.rules import published_end
from passerelle.simulator.app import create_app as create_simulator
from passerelle.wiring import OpenGateway, open_gateway

ACCOUNT = "demo"
DATABASE = "demo.db"
KEY_FILE = "demo.key"


async def demo(settings: Settings) -> None:
    """Both servers, until a signal. Raises StartRefused."""
    if settings.environment is not Environment.SIMULATOR:
        raise refuse("ENVIRONMENT", "the demo runs on the simulator only; use `passerelle serve`.")
    level = "warning" if settings.logs.level == "info" else settings.logs.level
    configure_logs(level, settings.logs.form)
    simulator_port = bind(settings.simulator_listen, "SIMULATOR_LISTEN")
    gateway_port = bind(settings.listen, "LISTEN")
    simulator = create_simulator(settings.simulator)
    async with open_gateway(settings) as gateway:

        async def ready() -> None:
            key = await furnish(gateway, settings)
            greet(settings, key, await gateway.stores.clock.now())

        await serve_all([(simulator_port, simulator), (gateway_port, gateway.app)], ready=ready)


async def furnish(gateway: OpenGateway, settings: Settings) -> str:
    """The demo account with its key and consents, made or kept; the key's text.

    Runs once the simulator answers: consents end by its clock.
    """
    key = _demo_key(settings)
    now = await gateway.stores.clock.now()
    account = await gateway.stores.accounts.find(ACCOUNT)
    if account is not None and not await _opens(gateway, key):
        await gateway.stores.accounts.delete(account.id, now)
        account = None
    if account is None:
        account = await gateway.stores.accounts.create(ACCOUNT, now)
        await gateway.stores.accounts.create_key_with_secret(account.id, key, now)
    await _consents(gateway, account.id, settings.consent_duration)
    return key


def _demo_key(settings: Settings) -> str:
    """DEMO_KEY, or the key that the file keeps; the file always holds the one in use."""
    path = settings.data_dir / KEY_FILE
    if settings.demo_key is None:
        return keep_secret(path, lambda: secrets.token_urlsafe(32))
    if keep_secret(path, lambda: settings.demo_key or "") != settings.demo_key:
        path.write_text(settings.demo_key + "\n")  # the file exists, with its mode
    return settings.demo_key


async def _opens(gateway: OpenGateway, key: str) -> bool:
    try:
        await gateway.stores.accounts.authenticate(key, await gateway.stores.clock.now())
    except KeyInvalid:
        return False
    return True


async def _consents(gateway: OpenGateway, account_id: str, duration: str) -> None:
    """Usable consents for the customers of digits 0 to 7 (F§11), a revoked one for digit 8."""
    now = await gateway.stores.clock.now()
    ends_at = end_of(duration, now)
    usable = {
        linked.usage_point_id
        for linked in await gateway.stores.links.of_account(account_id)
        if standing(linked.link, now) is ConsentState.GRANTED
    }
    missing = [point for point in consenting_points() if point not in usable]
    if missing:
        await adopt(gateway.stores.consents, Adoption(account_id, missing, duration, ends_at, "demo"), now)
    (revoked,) = SANDBOX_CUSTOMERS[REVOKED_DIGIT]
    link = await gateway.stores.links.find(account_id, revoked)
    if link is None:
        await adopt(gateway.stores.consents, Adoption(account_id, [revoked], duration, ends_at, "demo"), now)
        link = await gateway.stores.links.find(account_id, revoked)
    if link is not None and link.state is not ConsentState.REVOKED:
        await gateway.stores.links.set_state(link, ConsentState.REVOKED)


def greet(settings: Settings, key: str, now: datetime) -> None:
    """What a newcomer needs: the address, the key, three commands."""
    url = settings.public_url
    point = consenting_points()[0]
    end = published_end(now)
    start = end - timedelta(days=1)
    own_port = f"PASSERELLE_URL={url} " if url != "http://127.0.0.1:8420" else ""
    program = Path(sys.argv[0])
    command = str(program) if program.name == "passerelle" and program.exists() else "passerelle"
    show = Console(highlight=False, soft_wrap=True).print
    show(f"\n[bold]passerelle demo[/bold]   gateway {url}   simulator {settings.simulator_listen.url}")
    show(f"API key: [bold]{key}[/bold]   documentation: {url}/docs   Ctrl-C ends both\n")
    show("Try, in another terminal / À essayer, dans un autre terminal :\n")
    show(f"  {own_port}PASSERELLE_KEY={key} {command} load-curve {point}")
    show(f"  {own_port}PASSERELLE_KEY={key} {command} daily {point} --format csv")
    show(
        f"  curl -H 'Authorization: Bearer {key}' "
        f"'{url}/v1/usage-points/{point}/consumption/load-curve?start={start}&end={end}'\n"
    )
