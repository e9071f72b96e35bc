"""What 2026 tells of a household beyond v5: drawn under a label of its own, so that it moves no other draw."""

from datetime import timedelta
from random import Random

from passerelle.simulator.households.nouns import Household, Supply

SINGLE_PHASE_KVA = 12
"""What a single-phase connection carries; three phases carry the next ones."""
CONNECTIONS_KVA = (SINGLE_PHASE_KVA, 36, 72, 120)
ROOFS_KVA = (3, 6, 9, 36)
BUILDINGS = (None, None, None, "Bâtiment B", "Résidence des Acacias")
STAIRCASES = (None, None, None, "Escalier 2", "3e étage, porte gauche")


def supply(seed: int, household: Household) -> Supply:
    """The supply of a household: a function of the seed and of the household."""
    chance = Random(f"{seed}/supply/{household.prm}")  # noqa: S311 — draws, not secrets
    contract, solar = household.contract, household.appliances.solar
    drawn = next(size for size in CONNECTIONS_KVA if size >= contract.power_kva) if contract else None
    given = next(size for size in ROOFS_KVA if size * 1000 >= solar) if household.produces else None
    changed = household.activated + timedelta(days=chance.randrange(1, 120))
    return Supply(
        connection_number=chance.randrange(100_000_000, 1_000_000_000),
        meter_number=f"02{chance.randrange(10**10):010d}",
        phases=1 if max(drawn or 0, given or 0) <= SINGLE_PHASE_KVA else 3,
        consumption_kva=drawn,
        generation_kva=given,
        contract_start=household.activated + timedelta(days=chance.randrange(60)),
        power_changed=changed if contract and chance.random() < 1 / 2 else None,
        building=chance.choice(BUILDINGS),
        staircase=chance.choice(STAIRCASES),
        mobile=chance.random() < 2 / 3,
    )
