"""A cell: what one scope reads of one usage point. Opening it, and making it when nobody is there who could.

What is kept in a cell is sealed under a key of two secrets, the cell's private half and the point's shred key; what
came without a caller waits in the inbox, sealed to the cell's public half, until somebody opens the cell.
"""

from dataclasses import dataclass, field

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from passerelle.access.caller import Caller
from passerelle.consent.states import ConsentState
from passerelle.kit.crypto import Seal, SealBroken, derive, named, open_sealed, seal_to, within
from passerelle.model.scopes import Scope
from passerelle.problem import PasserelleError
from passerelle.store.credentials import key_invalid
from passerelle.store.keyring import Opened, keyring_of
from passerelle.store.pairs import Pair, Rows, checked, ensure, fold, load, pairs_statement
from passerelle.store.places import OWNER, cell_place
from passerelle.store.shred import ShredKey, ShredKeys
from passerelle.store.tables import credentials, links, pairs
from passerelle.store.vault import Secrets, broken
from passerelle.store.warm import Prepared, WarmReads

_FIND = Prepared(pairs_statement(bindparam("credential"), bindparam("account"), bindparam("cell"), bindparam("scope")))
"""Whoever reads holds the cell's own pair or its scope's: the owner pair above them is for handing on."""


_ENDED = Prepared(select(credentials.c.revoked_at).where(credentials.c.id == bindparam("credential")))


@dataclass(slots=True)
class Drawer:
    """A cell whose point has a shred key: enough to put something into its inbox."""

    pair: Pair
    shred: ShredKey
    place: bytes

    @property
    def era(self) -> int:
        return self.shred.era

    def place_of(self, *name: str | bytes) -> bytes:
        """The context of something in this cell: its purpose, and the name that it has there."""
        return within(self.place, *name)

    def post(self, plaintext: bytes, place: bytes) -> bytes:
        """The plaintext for whoever opens the cell, as long as the shred key is there."""
        return self._outer().close(seal_to(self.pair.public, plaintext, place), place)

    def _outer(self) -> Seal:
        """An inbox row of a backup must not open either, once the shred key is destroyed."""
        return Seal(derive(self.shred.key, "inbox", self.pair.id))


@dataclass(slots=True)
class Cell(Drawer):
    """A cell that is open: `opened` is its private half, `seal` what everything kept in it is sealed with."""

    opened: Opened = field(repr=False)
    seal: Seal = field(repr=False)

    def take(self, sealed: bytes, place: bytes) -> bytes:
        """What was posted. Raises InternalError if it does not open."""
        try:
            return open_sealed(self.opened.private, self._outer().open(sealed, place), place)
        except SealBroken as error:
            raise broken("this cell") from error


class Cells:
    """Finds, opens and makes cells."""

    def __init__(self, engine: AsyncEngine, secrets: Secrets, shred: ShredKeys) -> None:
        self._warm = WarmReads(engine)
        self._secrets = secrets
        self._shred = shred

    async def find(self, caller: Caller, point_id: str, scope: Scope) -> Cell | None:
        """The cell, open; None if nothing can be held in it: it was never made, or its shred key was destroyed.

        Raises InternalError if the cell is there and the caller cannot open it, KeyInvalid if the credential ended.
        """
        place = cell_place(point_id, scope)
        parent = place.parent or OWNER
        keyring = keyring_of(caller)
        rows = await self._warm.rows(
            _FIND, credential=keyring.credential_id, account=caller.account_id, cell=place.name, scope=parent.name
        )
        return await self.open(caller, point_id, scope, checked(self._secrets, rows))

    async def open(self, caller: Caller, point_id: str, scope: Scope, found: Rows) -> Cell | None:
        """As `find`, from its pairs, which are `checked`."""
        place = cell_place(point_id, scope)
        keyring = keyring_of(caller)
        shred = await self._shred.find(point_id)
        if place.name not in found or shred is None:
            return None
        opened = keyring.open(found, place)
        if opened is None:
            raise await self._shut_out(keyring.credential_id)
        return _cell(opened, shred)

    async def _shut_out(self, credential_id: str) -> PasserelleError:
        """Why a credential opens nothing: it ended while its row was still remembered here, or it never could."""
        rows = await self._warm.rows(_ENDED, credential=credential_id)
        ended = not rows or rows[0][0] is not None
        return key_invalid() if ended else broken("the caller's credential")

    async def drawer(self, account_id: str, point_id: str, scope: Scope) -> Drawer | None:
        """The cell as it is seen without a caller; None if nothing can be held in it."""
        place = cell_place(point_id, scope)
        rows = await self._warm.rows(_FIND, credential="", account=account_id, cell=place.name, scope="")
        pair = checked(self._secrets, rows).get(place.name)
        shred = await self._shred.find(point_id)
        return None if pair is None or shred is None else Drawer(pair, shred, _place(pair, shred))

    async def ensure(
        self, connection: AsyncConnection, caller: Caller | None, account_id: str, point_id: str, scope: Scope
    ) -> Drawer | None:
        """The cell, made if need be: open (a `Cell`) where the caller opens it, else as it is seen without one.

        None where nothing may be kept: the account no longer has the point, or has no owner pair yet because no key of
        it was ever used.
        """
        if not await _still_there(connection, account_id, point_id):
            return None
        place = cell_place(point_id, scope)
        keyring = None if caller is None else keyring_of(caller)
        credential = "" if keyring is None else keyring.credential_id
        rows = await load(connection, self._secrets, account_id, credential, place)
        if not await ensure(connection, self._secrets, account_id, place, rows):
            return None
        shred = await self._shred.ensure(point_id)
        opened = None if keyring is None else keyring.open(rows, place)
        if opened is not None:
            return _cell(opened, shred)
        pair = rows[place.name]
        return Drawer(pair, shred, _place(pair, shred))


def _cell(opened: Opened, shred: ShredKey) -> Cell:
    pair = opened.pair
    key = derive(opened.private, "blob", str(pair.epoch), pair.account_id, pair.id, salt=shred.key)
    return Cell(pair, shred, _place(pair, shred), opened, Seal(key))


def _place(pair: Pair, shred: ShredKey) -> bytes:
    return named("cell", pair.account_id, pair.id, pair.place, str(pair.epoch), str(shred.era))


async def settle(connection: AsyncConnection, cell: Cell) -> None:
    """Fold the cell's pair if it waits for that, and say that its inbox is empty: who calls empties it."""
    if cell.opened.unfolded is not None:
        await fold(connection, cell.pair, cell.opened.unfolded, cell.opened.private)
    if cell.pair.waiting:
        await mark_waiting(connection, cell.pair, waiting=False)


async def mark_waiting(connection: AsyncConnection, pair: Pair, *, waiting: bool) -> None:
    """Say whether the cell's inbox holds something."""
    await connection.execute(update(pairs).where(pairs.c.number == pair.number).values(waiting=waiting))


async def _still_there(connection: AsyncConnection, account_id: str, point_id: str) -> bool:
    """Whether the account has the point: what was still on its way when it was forgotten must not come back."""
    query = (
        select(links.c.id)
        .where(
            links.c.point_id == point_id,
            links.c.account_id == account_id,
            links.c.state.not_in((ConsentState.FORGOTTEN.value, ConsentState.DISPUTED.value)),
        )
        .with_for_update(read=True)
    )
    return (await connection.execute(query)).first() is not None
