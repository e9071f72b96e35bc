"""The rows read a moment ago."""

from passerelle.store.recent import CAPACITY, TTL_SECONDS, Held, Recent


def held(name: str) -> Held:
    return Held(name, "account", "key", b"", b"", (), None, None, None)


def test_a_row_is_remembered_for_two_seconds_and_no_longer():
    now = [100.0]
    recent = Recent(lambda: now[0])
    recent.put("a", held("a"))
    now[0] += TTL_SECONDS - 0.001
    assert recent.get("a") == held("a")
    now[0] += 0.001
    assert recent.get("a") is None


def test_the_oldest_makes_room():
    recent = Recent(lambda: 0.0)
    for number in range(CAPACITY + 1):
        recent.put(str(number), held(str(number)))
    assert recent.get("0") is None
    assert recent.get("1") is not None
    assert recent.get(str(CAPACITY)) is not None


def test_clearing_forgets_all():
    recent = Recent(lambda: 0.0)
    recent.put("a", held("a"))
    recent.clear()
    assert recent.get("a") is None
