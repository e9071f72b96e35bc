"""What the metrics read when somebody looks: every bucket that can be read, the states, the generation in use."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from passerelle.consent.states import ConsentState
from passerelle.errors import InternalError, QuotaExhausted
from passerelle.gateway.read_metrics import ReadMetrics
from passerelle.kit.metrics import Metrics
from passerelle.model.generation import Generation
from passerelle.quota.permits import Snapshot
from passerelle.testing.clock import FakeClock

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


class Quota:
    """Buckets as they stand; one that is named in `away` cannot be read."""

    away: dict[str, Exception]

    def __init__(self, **away: Exception) -> None:
        self.away = away

    async def snapshot(self, bucket: str) -> Snapshot:
        if bucket in self.away:
            raise self.away[bucket]
        return Snapshot(130, 100, NOW, 1.0) if bucket == "v5" else Snapshot(1, 1000, None, 1.0)


@dataclass
class Census:
    """Every state counted once, or a database that is away."""

    away: bool = False
    asked: list[datetime] = field(default_factory=list)

    async def consents(self, now: datetime) -> dict[ConsentState, int]:
        self.asked.append(now)
        if self.away:
            raise InternalError("away", "partie")
        return {ConsentState.GRANTED: 4}

    async def links(self, now: datetime) -> dict[ConsentState, int]:
        self.asked.append(now)
        return {ConsentState.REVOKED: 2}


async def in_use() -> dict[str, Generation]:
    return {"mesure_synchrone_auto": Generation.V5, "subscribed_services": Generation.V2026}


async def read(quota: Quota, census: Census) -> list[str]:
    reading = ReadMetrics(
        metrics=Metrics(),
        quota=quota,
        buckets=("v5", "mesure_synchrone_auto"),
        census=census,
        clock=FakeClock(NOW),
        in_use=in_use,
    )
    return (await reading()).decode().splitlines()


async def test_every_bucket_every_state_and_every_api_is_told():
    census = Census()
    told = await read(Quota(), census)
    for line in (
        'passerelle_quota_left{bucket="v5"} 0.0',
        'passerelle_quota_held{bucket="v5"} 1.0',
        'passerelle_quota_left{bucket="mesure_synchrone_auto"} 999.0',
        'passerelle_quota_held{bucket="mesure_synchrone_auto"} 0.0',
        'passerelle_consents{state="granted"} 4.0',
        'passerelle_consents{state="lapsed"} 0.0',
        'passerelle_usage_point_links{state="revoked"} 2.0',
        'passerelle_enedis_generation{api="mesure_synchrone_auto",generation="v5"} 1.0',
        'passerelle_enedis_generation{api="subscribed_services",generation="2026"} 1.0',
        'passerelle_up{part="database"} 1.0',
        'passerelle_up{part="quota"} 1.0',
    ):
        assert line in told
    assert set(census.asked) == {NOW}


@pytest.mark.parametrize("error", [QuotaExhausted("away", "parti", retry_after=5), InternalError("away", "partie")])
async def test_what_is_away_leaves_its_own_numbers_out_and_nothing_else(error):
    told = "\n".join(await read(Quota(v5=error), Census(away=True)))
    assert 'bucket="v5"' not in told
    assert 'bucket="mesure_synchrone_auto"' in told
    assert "passerelle_consents{" not in told
    assert "passerelle_usage_point_links{" not in told
    assert "passerelle_enedis_generation{" in told
    assert 'passerelle_up{part="database"} 0.0' in told
    assert 'passerelle_up{part="quota"} 0.0' in told
