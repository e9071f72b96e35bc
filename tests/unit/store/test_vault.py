"""What the server's secret hides and proves, and how a credential is recognised."""

from dataclasses import dataclass, replace

import pytest

from passerelle.errors import InternalError
from passerelle.model.scopes import ALL_SCOPES, Scope
from passerelle.model.usage_point import UsagePointId
from passerelle.store.vault import NewCredential, Secrets, credential_keys, require_own_rights

PRM = UsagePointId("22516914714270")
SECRETS, OTHER = Secrets(b"s" * 32), Secrets(b"o" * 32)


@dataclass(frozen=True)
class Row:
    id: str
    account_id: str
    kind: str
    verifier: bytes
    wrapped_content_key: bytes
    scopes: tuple[str, ...]
    points_sealed: bytes | None
    rights_mac: bytes | None


def made(points=None, scopes=frozenset({Scope.CONSUMPTION_DAILY})):
    new = NewCredential(SECRETS, "alice", "key", scopes, points)
    return Row(**{**new.row, "scopes": tuple(new.row["scopes"])}), new.text.partition(".")[2], new.key


def test_a_secret_is_recognised_by_its_own_server():
    row, secret, _ = made()
    assert SECRETS.recognises(row, secret)
    assert not SECRETS.recognises(row, secret + "x")
    assert not SECRETS.recognises(replace(row, id="another"), secret)
    assert not OTHER.recognises(row, secret)


def test_the_keys_of_a_credential_are_its_own_and_not_in_its_row():
    row, secret, key = made()
    assert credential_keys(row.id, secret)[0] == key
    _, other_secret, _ = made()
    keys = {*credential_keys(row.id, secret), *credential_keys(row.id, other_secret), *credential_keys("b", secret)}
    assert len(keys) == 6
    assert key not in (row.verifier, row.rights_mac)


@pytest.mark.parametrize(
    "change",
    [
        {"account_id": "bob"},
        {"id": "another"},
        {"kind": "mirror"},
        {"scopes": tuple(sorted(ALL_SCOPES))},
        {"points_sealed": None},
        {"rights_mac": None},
        {"rights_mac": bytes(32)},
    ],
)
def test_an_altered_row_has_no_rights(change):
    row, secret, _ = made(points=frozenset({PRM}))
    _, rights = credential_keys(row.id, secret)
    require_own_rights(row, rights)
    with pytest.raises(InternalError):
        require_own_rights(replace(row, **change), rights)


def test_points_are_sealed_for_their_credential():
    row, _, _ = made(points=frozenset({PRM}))
    assert PRM.encode() not in row.points_sealed
    assert SECRETS.open_points(row.points_sealed, row.id) == frozenset({PRM})
    assert SECRETS.open_points(None, row.id) is None
    for secrets, credential in ((SECRETS, "another"), (OTHER, row.id)):
        with pytest.raises(InternalError) as caught:
            secrets.open_points(row.points_sealed, credential)
        assert PRM not in str(caught.value)


def test_no_point_is_another_limit_than_no_limit():
    row, secret, _ = made(points=frozenset())
    assert SECRETS.open_points(row.points_sealed, row.id) == frozenset()
    with pytest.raises(InternalError):
        require_own_rights(replace(row, points_sealed=None), credential_keys(row.id, secret)[1])


def test_a_text_opens_for_its_purpose_and_owner_only():
    sealed = SECRETS.seal_text("22516914714270", "usage point", "p1")
    assert SECRETS.open_text(sealed, "usage point", "p1") == "22516914714270"
    for purpose, owner in (("return address", "p1"), ("usage point", "p2")):
        with pytest.raises(InternalError):
            SECRETS.open_text(sealed, purpose, owner)


def test_a_point_is_looked_up_under_the_server_secret():
    assert SECRETS.lookup(PRM) == SECRETS.lookup(PRM)
    assert SECRETS.lookup(PRM) != OTHER.lookup(PRM)


def test_a_proof_is_for_its_purpose_its_parts_and_its_server():
    proof = SECRETS.prove("pair", "a", b"b")
    assert SECRETS.proves(proof, "pair", "a", b"b")
    assert not OTHER.proves(proof, "pair", "a", b"b")
    for purpose, parts in (("inbox", ("a", b"b")), ("pair", ("ab",)), ("pair", ("a", b"c"))):
        assert not SECRETS.proves(proof, purpose, *parts)


def test_a_short_server_secret_is_refused():
    with pytest.raises(ValueError, match="32"):
        Secrets(b"short")


def test_no_secret_shows_in_a_representation():
    assert "s" * 32 not in repr(SECRETS)
