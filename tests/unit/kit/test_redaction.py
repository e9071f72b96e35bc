import pytest

from passerelle.kit.redaction import redact


@pytest.mark.parametrize(
    "text",
    [
        "22516914714270",
        "usage_point_id=22516914714270&start=2026-01-01",
        "PRM22516914714270",
        "22 516 914 714 270",
        "22\u00a0516\u00a0914\u202f714\u00a0270",
        "_22516914714270_",
    ],
)
def test_a_prm_is_masked_wherever_it_stands(text: str):
    assert "714" not in redact(text)


@pytest.mark.parametrize("text", ["of jon.doe@example.org.", "Bearer abc.def", "Authorization: Basic YTpi", "x" * 43])
def test_addresses_and_secrets_are_masked(text: str):
    masked = redact(text)
    assert "•••" in masked
    assert not any(secret in masked for secret in ("jon.doe", "abc", "YTpi", "x" * 20))


@pytest.mark.parametrize(
    "text", ["tel 0698765432.", "06 98 76 54 32", "06.98.76.54.32", "+33698765432", "+33 6 98 76 54 32"]
)
def test_phones_are_masked(text: str):
    masked = redact(text)
    assert "•••" in masked
    assert not any(part in masked for part in ("98", "54", "32"))


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24 08:00:00",
        "1700000000",
        "a1b2c30698765432ff",
        "ADAM-ERR0123",
        "123456789012345",
        "a1b2c3d422516914714270aaaaaaaaaa",
        "900804",
    ],
)
def test_what_helps_the_reader_stays(text: str):
    assert redact(text) == text
