"""Sealing, deriving, hashing."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from passerelle.kit.crypto import Seal, SealBroken, context, derive, keyed_hash, random_id, random_secret, same

KEY = bytes(range(32))
PARTS = st.lists(st.one_of(st.text(), st.binary()), max_size=4)


def as_bytes(parts):
    return [part.encode() if isinstance(part, str) else part for part in parts]


@given(PARTS, PARTS)
def test_two_lists_of_parts_never_give_one_context(one, other):
    assume(as_bytes(one) != as_bytes(other))
    assert context(*one) != context(*other)


@given(st.binary(), st.binary())
def test_what_is_sealed_opens_under_its_key_and_context_only(plaintext, bound):
    sealed = Seal(KEY).close(plaintext, bound)
    assert Seal(KEY).open(sealed, bound) == plaintext
    assert len(sealed) == len(plaintext) + 29
    with pytest.raises(SealBroken):
        Seal(KEY).open(sealed, bound + b"x")
    with pytest.raises(SealBroken):
        Seal(KEY[::-1]).open(sealed, bound)


@given(st.binary(min_size=1), st.data())
def test_one_changed_or_missing_byte_breaks_the_seal(plaintext, data):
    sealed = bytearray(Seal(KEY).close(plaintext, b""))
    at = data.draw(st.integers(0, len(sealed) - 1))
    with pytest.raises(SealBroken):
        Seal(KEY).open(bytes(sealed[:at]), b"")
    sealed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealBroken):
        Seal(KEY).open(bytes(sealed), b"")


def test_the_same_is_never_sealed_alike():
    assert len({Seal(KEY).close(b"same", b"") for _ in range(100)}) == 100


def test_a_sealing_key_has_its_length():
    with pytest.raises(ValueError, match="32"):
        Seal(b"short")


def test_labels_and_secrets_give_keys_of_their_own():
    keys = {derive(secret, *label) for secret in (b"a", b"b") for label in (("x",), ("y",), ("x", "y"), ("xy",))}
    assert len(keys) == 8
    assert {len(key) for key in keys} == {32}


def test_a_hash_is_keyed_and_keeps_its_parts_apart():
    hashes = {keyed_hash(key, *parts) for key in (b"a", b"b") for parts in (("x", "y"), ("xy",))}
    assert len(hashes) == 4


def test_comparing_compares():
    assert same(b"one", b"one")
    assert not same(b"one", b"two")
    assert not same(b"one", b"one ")


def test_ids_and_secrets_are_as_long_as_they_say_and_never_twice():
    assert {len(random_id()) for _ in range(10)} == {32}
    assert {len(random_secret()) for _ in range(10)} == {43}
    assert len({random_id() for _ in range(100)} | {random_secret() for _ in range(100)}) == 200
