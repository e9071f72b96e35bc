"""What the adapter must be told."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class EnedisSettings:
    """Hosts (F§1), the application's credentials at Enedis (F§2), its quota bucket, and how long to wait.

    `api_url` and `authorize_url` are addresses of hosts, without a path. `bucket`: the one allowance of a v5
    application (F§12), which token calls count in too; each API of 2026 has its own, named like the API. Timeouts in
    seconds; `retry_pause`: seconds before the first retry, doubled for the second.
    """

    api_url: str
    authorize_url: str
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    bucket: str = "v5"
    connect_timeout: float = 5.0
    read_timeout: float = 30.0
    retry_pause: float = 0.5
