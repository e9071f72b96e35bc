"""What one credential opens: its own wraps, and everything below them in the tree of pairs."""

from dataclasses import dataclass, field

from passerelle.access.caller import Caller, Keyring
from passerelle.errors import InternalError
from passerelle.kit.crypto import Seal, SealBroken, open_sealed, public_of, same
from passerelle.store.pairs import Pair, Rows, fold_key
from passerelle.store.places import Place
from passerelle.store.vault import broken


@dataclass(slots=True)
class Opened:
    """A pair's private half. `unfolded`: the parent's private half, where the pair waits to be folded."""

    pair: Pair
    private: bytes = field(repr=False)
    unfolded: bytes | None = field(default=None, repr=False)


class CredentialKeyring:
    """The keyring of an authenticated credential. What it opened is remembered for the request alone."""

    __slots__ = ("_key", "_opened", "account_id", "credential_id")

    def __init__(self, account_id: str, credential_id: str, key: bytes) -> None:
        self.account_id = account_id
        self.credential_id = credential_id
        self._key = key
        self._opened: dict[str, bytes] = {}

    def know(self, pair: Pair, private: bytes) -> None:
        """A private half that was opened another way, or made just now."""
        self._opened[pair.id] = private

    def wrap(self, pair: Pair, private: bytes) -> bytes:
        """The private half, sealed for this credential."""
        return Seal(self._key).close(private, pair.bound("wrapped pair", self.credential_id))

    def open(self, rows: Rows, place: Place) -> Opened | None:
        """The pair at this place; None if nothing that the credential holds leads there.

        Raises InternalError for what leads there and does not open.
        """
        pair = rows.get(place.name)
        if pair is None:
            return None
        known = self._opened.get(pair.id)
        if known is not None:
            return Opened(pair, known)
        try:
            opened = self._unwrap(pair) or self._descend(rows, place, pair)
        except SealBroken as error:
            raise broken("the caller's credential") from error
        if opened is not None:
            self._opened[pair.id] = opened.private
        return opened

    def _unwrap(self, pair: Pair) -> Opened | None:
        if pair.wrapped is None:
            return None
        return Opened(pair, Seal(self._key).open(pair.wrapped, pair.bound("wrapped pair", self.credential_id)))

    def _descend(self, rows: Rows, place: Place, pair: Pair) -> Opened | None:
        parent = None if place.parent is None else self.open(rows, place.parent)
        if parent is None:
            return None
        if pair.folded_private is not None:
            private = Seal(fold_key(parent.private)).open(pair.folded_private, pair.bound("folded pair"))
            return Opened(pair, private)
        if pair.sealed_private is None:
            raise SealBroken
        private = open_sealed(parent.private, pair.sealed_private, pair.bound("sealed pair"))
        if not same(public_of(private), pair.public):
            raise SealBroken  # anybody can seal to the parent: only the public half is proven to be ours
        return Opened(pair, private, parent.private)


def keyring_of(caller: Caller) -> CredentialKeyring:
    """The caller's keyring. Raises InternalError for a keyring of another store, or of another account."""
    keyring: Keyring = caller.keyring
    if not isinstance(keyring, CredentialKeyring):
        raise InternalError("This caller's keyring is not the store's.", "Le trousseau de l'appelant est étranger.")
    return keyring
