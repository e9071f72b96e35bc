"""Sealing, deriving, hashing."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from passerelle.kit.crypto import (
    Seal,
    SealBroken,
    context,
    derive,
    derive_two,
    keyed_hash,
    new_pair,
    open_sealed,
    random_id,
    random_secret,
    same,
    seal_to,
    within,
)

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


@given(st.binary(max_size=64), st.binary(max_size=16))
def test_what_is_sealed_to_a_pair_opens_with_its_private_half_and_context_only(plaintext, bound):
    private, public = new_pair()
    sealed = seal_to(public, plaintext, bound)
    assert open_sealed(private, sealed, bound) == plaintext
    assert len(sealed) == len(plaintext) + 49
    for key, place in ((new_pair()[0], bound), (private, bound + b"x")):
        with pytest.raises(SealBroken):
            open_sealed(key, sealed, place)
    for cut in (sealed[:-1], sealed[1:], sealed[:20], b""):
        with pytest.raises(SealBroken):
            open_sealed(private, cut, bound)


@pytest.mark.parametrize("public", [bytes(32), b"short", b""])
def test_what_is_no_public_half_takes_nothing(public):
    with pytest.raises(SealBroken):
        seal_to(public, b"secret", b"")


def test_a_salt_is_a_second_secret():
    keys = {derive(KEY, "x"), derive(KEY, "x", salt=b"a" * 32), derive(KEY, "x", salt=b"b" * 32)}
    assert len(keys) == 3


def test_two_keys_of_one_derivation_are_independent_of_each_other_and_of_the_single_one():
    one, other = derive_two(KEY, "x")
    assert len({one, other, derive(KEY, "x"), derive(KEY, "two", "x"), *derive_two(KEY, "y")}) == 6
    assert {len(one), len(other)} == {32}


@given(PARTS, PARTS)
def test_a_context_grows_part_by_part(one, other):
    assert within(context(*one), *other) == context(*one, *other)
