"""What the two secrets open, and what they do not."""

from dataclasses import dataclass, replace

import pytest

from passerelle.errors import InternalError
from passerelle.model.scopes import ALL_SCOPES, Scope
from passerelle.model.usage_point import UsagePointId
from passerelle.store.vault import Secrets, new_credential, open_content_key

PRM = UsagePointId("22516914714270")
SECRETS, OTHER = Secrets(b"s" * 32), Secrets(b"o" * 32)
KEY = b"k" * 32


@dataclass(frozen=True)
class Row:
    id: str
    account_id: str
    kind: str
    verifier: bytes
    wrapped_content_key: bytes
    scopes: tuple[str, ...]
    points_sealed: bytes | None


def made(points=None, scopes=frozenset({Scope.CONSUMPTION_DAILY})):
    row, text = new_credential(SECRETS, account_id="alice", content_key=KEY, kind="key", scopes=scopes, points=points)
    return Row(**{**row, "scopes": tuple(row["scopes"])}), text.partition(".")[2]


def test_a_secret_is_recognised_by_its_own_server_and_opens_the_content_key():
    row, secret = made()
    assert SECRETS.recognises(row, secret)
    assert open_content_key(row, secret) == KEY
    assert not SECRETS.recognises(row, secret + "x")
    assert not SECRETS.recognises(replace(row, id="another"), secret)
    assert not OTHER.recognises(row, secret)


@pytest.mark.parametrize(
    "change",
    [
        {"account_id": "bob"},
        {"id": "another"},
        {"kind": "mirror"},
        {"scopes": tuple(sorted(ALL_SCOPES))},
        {"points_sealed": None},
        {"wrapped_content_key": b""},
        {"wrapped_content_key": bytes(61)},
    ],
)
def test_an_altered_row_opens_nothing(change):
    row, secret = made(points=frozenset({PRM}))
    with pytest.raises(InternalError):
        open_content_key(replace(row, **change), secret)


def test_points_are_sealed_for_their_credential():
    row, _ = made(points=frozenset({PRM}))
    assert PRM.encode() not in row.points_sealed
    assert SECRETS.open_points(row.points_sealed, row.id) == frozenset({PRM})
    assert SECRETS.open_points(None, row.id) is None
    for secrets, credential in ((SECRETS, "another"), (OTHER, row.id)):
        with pytest.raises(InternalError) as caught:
            secrets.open_points(row.points_sealed, credential)
        assert PRM not in str(caught.value)


def test_no_point_is_another_limit_than_no_limit():
    row, secret = made(points=frozenset())
    assert SECRETS.open_points(row.points_sealed, row.id) == frozenset()
    with pytest.raises(InternalError):
        open_content_key(replace(row, points_sealed=None), secret)


def test_a_text_opens_for_its_purpose_and_owner_only():
    sealed = SECRETS.seal_text("22516914714270", "usage point", "p1")
    assert SECRETS.open_text(sealed, "usage point", "p1") == "22516914714270"
    for purpose, owner in (("return address", "p1"), ("usage point", "p2")):
        with pytest.raises(InternalError):
            SECRETS.open_text(sealed, purpose, owner)


def test_a_point_is_looked_up_under_the_server_secret():
    assert SECRETS.lookup(PRM) == SECRETS.lookup(PRM)
    assert SECRETS.lookup(PRM) != OTHER.lookup(PRM)


def test_a_short_server_secret_is_refused():
    with pytest.raises(ValueError, match="32"):
        Secrets(b"short")


def test_no_secret_shows_in_a_representation():
    assert "s" * 32 not in repr(SECRETS)
