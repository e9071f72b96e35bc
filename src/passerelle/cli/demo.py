"""passerelle demo: a pretend Enedis and a gateway with an account that can read everything at once."""

import secrets
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from shlex import quote

from rich.console import Console

from passerelle.cli.servers import bind, serve_all
from passerelle.config import Environment, Settings, keep_secret, refuse
from passerelle.consent.duration import end_of
from passerelle.consent.states import ConsentState, standing
from passerelle.errors import KeyInvalid
from passerelle.gateway.adopt import Adoption, adopt
from passerelle.kit.logs import configure_logs
from passerelle.model.catalogue import CATALOGUE
from passerelle.model.generation import Generation, Speaking
from passerelle.model.sandbox import REVOKED_DIGIT, SANDBOX_CUSTOMERS, consenting_points
from passerelle.model.series import Series
from passerelle.model.usage_point import UsagePointId
from passerelle.plan.rules import published_end
from passerelle.simulator.app import create_app as create_simulator
from passerelle.simulator.captures import Captures, read_captures
from passerelle.simulator.replay import replaying
from passerelle.wiring import OpenGateway, open_gateway

ACCOUNT = "demo"
DATABASE = "demo.db"
REPLAY_DATABASE = "demo-replay.db"
KEY_FILE = "demo.key"
MOST_SHOWN = 6
_DATA = tuple(row for row in CATALOGUE if row.scope is not None)


async def demo(settings: Settings, replay: Path | None = None) -> None:
    """Both servers, until a signal; `replay`: a folder of captured answers. Raises StartRefused."""
    if settings.environment is not Environment.SIMULATOR:
        raise refuse(
            "ENVIRONMENT",
            "the demo runs on the simulator only; use `passerelle serve`.",
            "la démo ne tourne que sur le simulateur ; utiliser `passerelle serve`.",
        )
    level = "warning" if settings.logs.level == "info" else settings.logs.level
    configure_logs(level, settings.logs.form)
    simulator_port = bind(settings.simulator_listen, "SIMULATOR_LISTEN")
    gateway_port = bind(settings.listen, "LISTEN")
    captures = None if replay is None else read_captures(replay)
    if captures is not None:
        settings = for_replay(settings, captures)
    simulator = create_simulator(settings.simulator)
    async with open_gateway(settings, endless_history=captures is not None) as gateway:

        async def ready() -> None:
            key = await furnish(gateway, settings)
            greet(settings, key, await gateway.stores.clock.now())

        await serve_all(
            [(simulator_port, simulator), (gateway_port, gateway.app)], ready=ready, stopping=gateway.wind_down
        )


def for_replay(settings: Settings, captures: Captures) -> Settings:
    """The settings of a demo on captured answers, in an empty database of its own.

    Nothing may come from the ordinary demo or from an earlier replay: days that are held are not asked for again.
    DATABASE_URL does not count here, so that no database of anyone's is emptied. `auto` becomes the one generation
    that was captured, 2026 if both were: a capture that is missing is a 404, which never leads to the other (F§13).
    """
    database = settings.data_dir / REPLAY_DATABASE
    for path in (database, *(database.with_name(database.name + end) for end in ("-wal", "-shm", "-journal"))):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise refuse(
                "DATA_DIR", f"{path} cannot be used: {error.strerror}.", f"{path} est inutilisable : {error.strerror}."
            ) from error
    return replace(
        settings,
        generation=_captured_generation(captures) if settings.generation is Speaking.AUTO else settings.generation,
        database_url=f"sqlite:///{database.absolute()}",
        simulator=replaying(settings.simulator, captures),
    )


def _captured_generation(captures: Captures) -> Speaking:
    """Of what was captured with success, if anything was."""
    told = [each for each in captures.answers if each.status == HTTPStatus.OK] or captures.answers
    found = {row.generation for row in _DATA for each in told if each.path.fullmatch(row.path)}
    if not found:
        return Speaking.AUTO
    return Speaking.V2026 if Generation.V2026 in found else Speaking.V5


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
    captures = settings.simulator.captures
    if captures is None or not captures.points:
        # A capture that names nobody answers for everybody.
        await _hold(gateway, account.id, settings.consent_duration, consenting_points())
        await _hold_revoked(gateway, account.id, settings.consent_duration)
    else:
        points = [UsagePointId(point) for point in captures.points]
        await _hold(gateway, account.id, settings.consent_duration, points)
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


async def _hold(gateway: OpenGateway, account_id: str, duration: str, points: Sequence[UsagePointId]) -> None:
    """A usable consent for each of these points."""
    now = await gateway.stores.clock.now()
    usable = {
        linked.usage_point_id
        for linked in await gateway.stores.links.of_account(account_id)
        if standing(linked.link, now) is ConsentState.GRANTED
    }
    missing = [point for point in points if point not in usable]
    if missing:
        await adopt(
            gateway.stores.consents, Adoption(account_id, missing, duration, end_of(duration, now), "demo"), now
        )


async def _hold_revoked(gateway: OpenGateway, account_id: str, duration: str) -> None:
    """A consent that the customer of digit 8 revoked (F§11)."""
    now = await gateway.stores.clock.now()
    (revoked,) = SANDBOX_CUSTOMERS[REVOKED_DIGIT]
    link = await gateway.stores.links.find(account_id, revoked)
    if link is None:
        await adopt(
            gateway.stores.consents, Adoption(account_id, [revoked], duration, end_of(duration, now), "demo"), now
        )
        link = await gateway.stores.links.find(account_id, revoked)
    if link is not None and link.state is not ConsentState.REVOKED:
        await gateway.stores.links.set_state(link, ConsentState.REVOKED)


def greet(settings: Settings, key: str, now: datetime) -> None:
    """What a newcomer needs: the address, the key, commands to try."""
    url = settings.public_url
    captures = settings.simulator.captures
    show = Console(highlight=False, soft_wrap=True).print
    show(f"\n[bold]passerelle demo[/bold]   gateway {url}   simulator {settings.simulator_listen.url}")
    show(f"API key: [bold]{key}[/bold]   documentation: {url}/docs   Ctrl-C ends both\n")
    show("Try, in another terminal / À essayer, dans un autre terminal :\n")
    for line in _ordinary(url, key, now) if captures is None else _captured(url, key, settings, captures):
        show(line, markup=False)
    show()


def _ordinary(url: str, key: str, now: datetime) -> list[str]:
    """Three commands on the first household."""
    point = consenting_points()[0]
    end = published_end(now)
    start = end - timedelta(days=1)
    own_port = f"PASSERELLE_URL={url} " if url != "http://127.0.0.1:8420" else ""
    program = Path(sys.argv[0])
    command = str(program) if program.name == "passerelle" and program.exists() else "passerelle"
    return [
        f"  {own_port}PASSERELLE_KEY={quote(key)} {command} load-curve {point}",
        f"  {own_port}PASSERELLE_KEY={quote(key)} {command} daily {point} --format csv",
        f"  {_curl(key)} '{url}/v1/usage-points/{point}/consumption/load-curve?start={start}&end={end}'",
    ]


def _captured(url: str, key: str, settings: Settings, captures: Captures) -> list[str]:
    """A command for each of the first captured measures that the generation in use can ask for."""
    lines = []
    for capture in captures.answers:
        place = next((row for row in _DATA if capture.path.fullmatch(row.path)), None)
        series = next((each for each in Series if place is not None and each.scope is place.scope), None)
        if place is None or series is None or capture.start is None or capture.end is None:
            continue
        if settings.generation.value not in (Speaking.AUTO.value, place.generation.value):
            continue
        for prm in sorted(capture.points):
            if captures.find(place.path, _asked(prm, str(capture.start), str(capture.end))) is capture:
                period = f"start={capture.start}&end={capture.end}"
                lines.append(f"  {_curl(key)} '{url}/v1/usage-points/{prm}/{series.value}?{period}'")
    return lines[:MOST_SHOWN]


def _asked(prm: str, start: str, end: str) -> dict[str, str]:
    """What the gateway asks of a measure, in the words of both generations (F§5, F§9)."""
    v5 = {"usage_point_id": prm, "start": start, "end": end}
    return v5 | {"pointId": prm, "dateDebut": start, "dateFin": end, "mesuresPas": "P1D", "grandeurPhysique": "PMA"}


def _curl(key: str) -> str:
    return f"curl -H {quote(f'Authorization: Bearer {key}')}"
