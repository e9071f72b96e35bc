from datetime import datetime

import pytest

from passerelle.simulator.settings import SimulatorSettings


def test_a_start_without_offset_is_refused():
    with pytest.raises(ValueError, match="offset"):
        SimulatorSettings(now=datetime(2026, 11, 24))  # noqa: DTZ001 — the very thing that is refused


def test_the_secret_is_not_shown():
    assert "simulator-secret" not in repr(SimulatorSettings())
