"""The only reader of the environment: `PASSERELLE_…` variables become the frozen settings of each room.

Each variable also exists as `…_FILE`, the path of a file that holds the value (for secrets). A value that cannot work
raises StartRefused, one line that names the variable and never repeats a secret.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Literal, TypeVar

from passerelle.consent.duration import end_of
from passerelle.enedis.generations import BUCKETS_2026
from passerelle.enedis.settings import EnedisSettings
from passerelle.errors import InvalidRequest, StartRefused
from passerelle.kit.addresses import (
    SQLITE,
    Address,
    parse_address,
    parse_database_url,
    parse_http_url,
    parse_networks,
    parse_redis_url,
)
from passerelle.kit.logs import LogFormat
from passerelle.kit.values import at_least, parse_auto, parse_chosen_key, parse_days, parse_instant, parse_positive
from passerelle.model.catalogue import CONSENT_PAGE_HOST, PRODUCTION_API, SANDBOX_API
from passerelle.model.generation import Speaking
from passerelle.quota.settings import Limits
from passerelle.simulator.settings import SimulatorSettings
from passerelle.web.settings import WebSettings

PREFIX = "PASSERELLE_"
T = TypeVar("T")


class Environment(StrEnum):
    """Which Enedis is asked."""

    SIMULATOR = "simulator"
    SANDBOX = "sandbox"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Setting:
    """A variable as the documentation lists it; the name is without prefix."""

    meaning: str
    default: str


SETTINGS: Mapping[str, Setting] = {
    "LISTEN": Setting("address:port of the gateway", "127.0.0.1:8420"),
    "PUBLIC_URL": Setting(
        "the address that browsers and Enedis' redirect use; required when LISTEN is not loopback", "http://<LISTEN>"
    ),
    "ENVIRONMENT": Setting("`simulator`, `sandbox` or `production`", "simulator"),
    "ENEDIS_API_URL": Setting("overrides the API host of the environment", "by ENVIRONMENT"),
    "ENEDIS_AUTHORIZE_URL": Setting("overrides the consent page host of the environment", "by ENVIRONMENT"),
    "ENEDIS_CLIENT_ID": Setting("the application's id at Enedis", "the simulator's own there, else none"),
    "ENEDIS_CLIENT_SECRET": Setting("the application's secret at Enedis", "the simulator's own there, else none"),
    "GENERATION": Setting("the generation of the Enedis API: `v5`, `2026` or `auto`", "auto"),
    "DATA_DIR": Setting("database, keys, demo files", "the user's data folder"),
    "DATABASE_URL": Setting("`sqlite:///path` or `postgresql://…`", "a file in DATA_DIR"),
    "REDIS_URL": Setting(
        "`redis://…` or `rediss://…`, for many processes: it keeps the quota they share", "none: the database keeps it"
    ),
    "ERASURE_DATABASE_URL": Setting(
        "a database of the secrets that erasing destroys",
        "`erasure.db` in DATA_DIR; with PostgreSQL a schema of its own there",
    ),
    "ERASURE_RETENTION": Setting("how long backups of that database are kept: ISO 8601, days", "P7D"),
    "SECRET_KEY": Setting(
        "keys the hashes, signs `state` and sessions; 32 characters or more; required with PostgreSQL",
        "made once in DATA_DIR, mode 0600",
    ),
    "QUOTA_PER_SECOND": Setting("calls a second that Enedis, or the simulator, allows the application", "5"),
    "QUOTA_PER_HOUR": Setting(
        "calls an hour that Enedis, or the simulator, allows: v5, the application; 2026, each API",
        "10000 (v5), 1000 (2026, and v5 sandbox)",
    ),
    "CONSENT_DURATION": Setting("ISO 8601, days, weeks, months or years, at most three years", "P1Y"),
    "REFRESH": Setting(
        "`auto`: usage points are kept fresh by a worker, else by the gateway itself; `off`: only by a worker", "auto"
    ),
    "TRUSTED_PROXIES": Setting("addresses or networks whose X-Forwarded headers are believed, comma between", "none"),
    "LANG": Setting("language of the command line: `en` or `fr`", "by locale"),
    "LOG_LEVEL": Setting("`debug`, `info`, `warning` or `error`", "info"),
    "LOG_FORMAT": Setting("`console` or `json`", "by terminal"),
    "SIMULATOR_LISTEN": Setting("address:port of the simulator", "127.0.0.1:8421"),
    "SIMULATOR_SEED": Setting("which households the simulator draws", "1"),
    "SIMULATOR_NOW": Setting("where the simulated clock starts, ISO 8601 with offset", "real time"),
    "SIMULATOR_CLIENT_ID": Setting("the id that the simulator accepts", "simulator"),
    "SIMULATOR_CLIENT_SECRET": Setting("the secret that the simulator accepts", "simulator-secret"),
    "SIMULATOR_CALLBACK": Setting("where the simulator's consent page returns to", "<PUBLIC_URL>/oauth/callback"),
    "DEMO_KEY": Setting("a fixed API key for the demo account, 8 characters or more", "random, kept"),
}
"""Every variable that is read, in the order of the documentation; a test holds it against docs/settings.md."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """`form` None: console on a terminal, JSON elsewhere."""

    level: str
    form: LogFormat | None


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one process."""

    listen: Address
    public_url: str
    environment: Environment
    enedis: EnedisSettings
    generation: Speaking
    data_dir: Path
    database_url: str = field(repr=False)
    erasure_url: str = field(repr=False)
    erasure_retention: timedelta
    redis_url: str | None = field(repr=False)
    limits: Limits
    limits_2026: Limits
    consent_duration: str
    refreshes: bool
    trusted_proxies: str
    logs: LogSettings
    simulator_listen: Address
    simulator: SimulatorSettings
    demo_key: str | None = field(repr=False)
    given_secret: str | None = field(repr=False)

    def server_secret(self) -> bytes:
        """The installation's secret: SECRET_KEY, or 32 bytes made once in DATA_DIR. Raises StartRefused."""
        if self.given_secret is not None:
            return self.given_secret.encode()
        return keep_secret(self.secret_file, lambda: secrets.token_hex(32)).encode()

    @property
    def allowances(self) -> Mapping[str, Limits]:
        """What Enedis allows, by bucket: the v5 application's, which tokens count in too, and that of each 2026 API."""
        own = {} if self.generation is Speaking.V5 else dict.fromkeys(BUCKETS_2026, self.limits_2026)
        return {self.enedis.bucket: self.limits, **own}

    @property
    def secret_file(self) -> Path:
        """Where the secret is kept, unless it was given."""
        return self.data_dir / "secret.key"

    @property
    def has_database(self) -> bool:
        """Whether there is a database to open, without making one: a SQLite file may be still to come."""
        return not self.database_url.startswith(SQLITE) or Path(self.database_url.removeprefix(SQLITE)).exists()

    def web(self) -> WebSettings:
        return WebSettings(self.public_url, self.server_secret(), self.erasure_retention)


def keep_secret(path: Path, make: Callable[[], str]) -> str:
    """The text of the file, made once with mode 0600. Raises StartRefused when the folder cannot be used."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text().strip()
        with os.fdopen(handle, "w") as file:
            text = make()
            file.write(text + "\n")
    except OSError as error:
        raise refuse(
            "DATA_DIR", f"{path} cannot be used: {error.strerror}.", f"{path} est inutilisable : {error.strerror}."
        ) from error
    return text


def refuse(name: str, why: str, pourquoi: str) -> StartRefused:
    """The refusal to start that names a setting, in English and French."""
    return StartRefused(f"{PREFIX}{name}: {why}", f"{PREFIX}{name} : {pourquoi}")


Said = tuple[str, str]
"""What a value must be, in English and French."""

_ADDRESS: Said = ("address:port, such as 127.0.0.1:8420", "adresse:port, par exemple 127.0.0.1:8420")
_CHOSEN_KEY: Said = ("8 ASCII characters or more", "8 caractères ASCII ou plus")
_DATABASE: Said = ("`sqlite:///path` or `postgresql://…`", "« sqlite:///chemin » ou « postgresql://… »")
_REDIS: Said = ("`redis://host:port/number` or `rediss://…`", "« redis://hôte:port/numéro » ou « rediss://… »")
_HTTP: Said = ("an http or https address", "une adresse http ou https")
_COUNT: Said = ("a whole number above 0", "un nombre entier supérieur à 0")
_INSTANT: Said = ("an ISO 8601 instant with its offset", "un instant ISO 8601 avec son décalage")
_NETWORKS: Said = ("addresses or networks, comma between", "des adresses ou réseaux séparés par des virgules")
_DAYS: Said = ("an ISO 8601 duration in days, such as P7D", "une durée ISO 8601 en jours, comme P7D")
_DURATION: Said = (
    "an ISO 8601 duration of at most three years, such as P1Y",
    "une durée ISO 8601 de trois ans au plus, comme P1Y",
)


def require_credentials(settings: Settings) -> None:
    """Raise StartRefused where the gateway could not sign in to Enedis."""
    needed = {"ENEDIS_CLIENT_ID": settings.enedis.client_id, "ENEDIS_CLIENT_SECRET": settings.enedis.client_secret}
    for name, value in needed.items():
        if not value:
            world = settings.environment.value
            raise refuse(name, f"must be set for ENVIRONMENT={world}.", f"est nécessaire pour ENVIRONMENT={world}.")


class _Reader:
    """Reads variables one by one and turns what is wrong with them into StartRefused."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str) -> str | None:
        value = self._environment.get(PREFIX + name)
        path = self._environment.get(f"{PREFIX}{name}_FILE")
        if value and path:
            raise refuse(
                name,
                f"give it or {PREFIX}{name}_FILE, not both.",
                f"donner cette variable ou {PREFIX}{name}_FILE, pas les deux.",
            )
        if path:
            try:
                value = Path(path).read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                raise refuse(f"{name}_FILE", "the file cannot be read.", "le fichier est illisible.") from error
        return value or None

    def read(self, name: str, parse: Callable[[str], T], expected: Said, default: T) -> T:
        value = self.text(name)
        if value is None:
            return default
        try:
            return parse(value)
        except ValueError as error:
            raise refuse(name, f"must be {expected[0]}.", f"doit être {expected[1]}.") from error


def read_settings(environment: Mapping[str, str] | None = None, *, database: str = "passerelle.db") -> Settings:
    """The settings of this process. `database`: the file in DATA_DIR where DATABASE_URL does not say.

    Raises StartRefused for the first variable that cannot work.
    """
    read = _Reader(os.environ if environment is None else environment)  # noqa: TID251 — the one reader
    listen = read.read("LISTEN", parse_address, _ADDRESS, Address("127.0.0.1", 8420))
    public_url = _public_url(read, listen)
    simulator_listen = read.read("SIMULATOR_LISTEN", parse_address, _ADDRESS, Address("127.0.0.1", 8421))
    world = read.read(
        "ENVIRONMENT",
        Environment,
        ("simulator, sandbox or production", "simulator, sandbox ou production"),
        Environment.SIMULATOR,
    )
    data_dir = read.read(
        "DATA_DIR", lambda text: Path(text).expanduser(), ("a folder", "un dossier"), _user_data_dir(read)
    )
    database_url = read.read(
        "DATABASE_URL", parse_database_url, _DATABASE, f"{SQLITE}{(data_dir / database).absolute()}"
    )
    limits, limits_2026 = _limits(read, world)
    simulator = _simulator(read, public_url, limits, limits_2026)
    return Settings(
        listen=listen,
        public_url=public_url,
        environment=world,
        enedis=_enedis(read, world, simulator, simulator_listen),
        generation=read.read("GENERATION", Speaking, ("v5, 2026 or auto", "v5, 2026 ou auto"), Speaking.AUTO),
        data_dir=data_dir,
        database_url=database_url,
        redis_url=read.read("REDIS_URL", parse_redis_url, _REDIS, None),
        limits=limits,
        limits_2026=limits_2026,
        consent_duration=read.read("CONSENT_DURATION", _duration, _DURATION, "P1Y"),
        refreshes=read.read("REFRESH", parse_auto, ("auto or off", "auto ou off"), True),
        trusted_proxies=read.read("TRUSTED_PROXIES", parse_networks, _NETWORKS, ""),
        logs=_logs(read),
        simulator_listen=simulator_listen,
        simulator=simulator,
        demo_key=read.read("DEMO_KEY", parse_chosen_key, _CHOSEN_KEY, None),
        given_secret=_secret(read, database_url),
        erasure_url=_erasure_url(read, database_url, data_dir),
        erasure_retention=read.read("ERASURE_RETENTION", parse_days, _DAYS, timedelta(days=7)),
    )


def unknown_variables(environment: Mapping[str, str] | None = None) -> list[str]:
    """Variables that look like ours and are read by nobody: a slip of the pen, most often."""
    names = os.environ if environment is None else environment  # noqa: TID251 — the one reader
    known = {PREFIX + name for name in (*SETTINGS, "URL", "KEY")}
    return sorted(name for name in names if name.startswith(PREFIX) and name.removesuffix("_FILE") not in known)


def _public_url(read: _Reader, listen: Address) -> str:
    given = read.read("PUBLIC_URL", parse_http_url, _HTTP, None)
    if given is None and not listen.is_loopback:
        raise refuse(
            "PUBLIC_URL",
            f"must be set, because {PREFIX}LISTEN is not a loopback address.",
            f"est nécessaire, car {PREFIX}LISTEN n'est pas une adresse locale.",
        )
    return given or listen.url


def _enedis(
    read: _Reader, world: Environment, simulator: SimulatorSettings, simulator_listen: Address
) -> EnedisSettings:
    own = simulator_listen.url
    api, page = {
        Environment.SIMULATOR: (own, own),
        Environment.SANDBOX: (SANDBOX_API, CONSENT_PAGE_HOST),
        Environment.PRODUCTION: (PRODUCTION_API, CONSENT_PAGE_HOST),
    }[world]
    simulated = world is Environment.SIMULATOR
    return EnedisSettings(
        api_url=read.read("ENEDIS_API_URL", parse_http_url, _HTTP, api),
        authorize_url=read.read("ENEDIS_AUTHORIZE_URL", parse_http_url, _HTTP, page),
        client_id=read.text("ENEDIS_CLIENT_ID") or (simulator.client_id if simulated else None),
        client_secret=read.text("ENEDIS_CLIENT_SECRET") or (simulator.client_secret if simulated else None),
    )


def _simulator(read: _Reader, public_url: str, limits: Limits, limits_2026: Limits) -> SimulatorSettings:
    defaults = SimulatorSettings()
    return SimulatorSettings(
        seed=read.read("SIMULATOR_SEED", int, ("a whole number", "un nombre entier"), defaults.seed),
        now=read.read("SIMULATOR_NOW", parse_instant, _INSTANT, None),
        client_id=read.text("SIMULATOR_CLIENT_ID") or defaults.client_id,
        client_secret=read.text("SIMULATOR_CLIENT_SECRET") or defaults.client_secret,
        callback=read.read("SIMULATOR_CALLBACK", parse_http_url, _HTTP, f"{public_url}/oauth/callback"),
        quota_per_second=limits.per_second,
        quota_per_hour=limits.per_hour,
        quota_per_hour_2026=limits_2026.per_hour,
    )


def _limits(read: _Reader, world: Environment) -> tuple[Limits, Limits]:
    """The allowance of a v5 application, and that of each API of 2026."""
    # F§12: 10,000 an hour for a v5 application, 1,000 in the v5 sandbox and for an API of 2026.
    hour = 1_000 if world is Environment.SANDBOX else 10_000
    second = read.read("QUOTA_PER_SECOND", parse_positive, _COUNT, 5)
    v5 = Limits(second, read.read("QUOTA_PER_HOUR", parse_positive, _COUNT, hour))
    return v5, Limits(second, read.read("QUOTA_PER_HOUR", parse_positive, _COUNT, 1_000))


def _secret(read: _Reader, database_url: str) -> str | None:
    """A database that machines share would be of no use to a machine that made a secret of its own."""
    given = read.read("SECRET_KEY", at_least(32), ("32 characters or more", "32 caractères ou plus"), None)
    if given is None and not database_url.startswith(SQLITE):
        why = "must be set with PostgreSQL, so that all processes have the same."
        raise refuse("SECRET_KEY", why, "est nécessaire avec PostgreSQL, afin que tous les processus aient la même.")
    return given


def _erasure_url(read: _Reader, database_url: str, data_dir: Path) -> str:
    """A file beside SQLite. With PostgreSQL in there: to a process with another one what the others keep is erased."""
    beside = f"{SQLITE}{(data_dir / 'erasure.db').absolute()}"
    default = beside if database_url.startswith(SQLITE) else database_url
    return read.read("ERASURE_DATABASE_URL", parse_database_url, _DATABASE, default)


def _logs(read: _Reader) -> LogSettings:
    levels = ("debug", "info", "warning", "error")
    forms: tuple[Literal["console"], Literal["json"]] = ("console", "json")
    level = (read.text("LOG_LEVEL") or "info").lower()
    form = read.text("LOG_FORMAT")
    if level not in levels:
        raise refuse("LOG_LEVEL", f"must be one of {', '.join(levels)}.", f"doit être l'un de {', '.join(levels)}.")
    if form is not None and form not in forms:
        raise refuse("LOG_FORMAT", "must be console or json.", "doit être console ou json.")
    return LogSettings(level, next((each for each in forms if each == form), None))


def _user_data_dir(read: _Reader) -> Path:
    """XDG's data folder on Unix, the application data folder on Windows."""
    environment = read._environment  # noqa: SLF001 — the same file
    home = Path.home()
    if os.name == "nt":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local") / "passerelle"
    return Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share") / "passerelle"


def _duration(text: str) -> str:
    try:
        end_of(text, datetime.now(UTC))
    except InvalidRequest as error:
        raise ValueError from error
    return text
