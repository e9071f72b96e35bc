"""The simulated clock, as a gateway has it."""

from passerelle.enedis.simulated_clock import SimulatedClock
from passerelle.kit.clock import Clock


def look_again(clock: Clock) -> None:
    """Whoever moved the simulator's clock need not wait until its last reading is too old."""
    assert isinstance(clock, SimulatedClock)
    clock.forget()
