"""What a simulator is started with."""

from dataclasses import dataclass, field
from datetime import datetime

from passerelle.simulator.captures import Captures


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """Frozen settings. `now` (aware) is where the simulated clock starts; it runs on from there; None is real time.

    `callback` is the registered callback address of the one application; without it the consent page leads nowhere.
    `captures`: what is served instead of the households' data.
    Quotas are those of F§12: calls per sliding second and per clock hour, in v5 for the whole application and in 2026
    for each API.
    """

    seed: int = 1
    now: datetime | None = None
    client_id: str = "simulator"
    client_secret: str = field(default="simulator-secret", repr=False)
    callback: str | None = None
    quota_per_second: int = 5
    quota_per_hour: int = 10_000
    quota_per_hour_2026: int = 1_000
    captures: Captures | None = None

    def __post_init__(self) -> None:
        if self.now is not None and self.now.tzinfo is None:
            raise ValueError("SimulatorSettings.now needs an offset")
