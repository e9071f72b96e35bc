"""The operator's shell: accounts, keys and adopted consents. These commands open the database, not a gateway."""

import csv
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from passerelle.cli.output import write_tables
from passerelle.cli.servers import run
from passerelle.config import read_settings
from passerelle.consent.duration import end_of
from passerelle.consent.states import ConsentState
from passerelle.errors import InvalidRequest
from passerelle.gateway.adopt import Adoption, adopt
from passerelle.model.paris import in_paris, midnight
from passerelle.model.scopes import ALL_SCOPES, Scope
from passerelle.model.usage_point import UsagePointId, parse_usage_point_id
from passerelle.store.accounts import Account
from passerelle.wiring import StoreRooms, open_store

T = TypeVar("T")

AccountName = Annotated[str, typer.Option("--account", help="Name or id of the account.")]
_out = Console(highlight=False, soft_wrap=True)


def register(account: typer.Typer, key: typer.Typer, consent: typer.Typer) -> None:
    """Add the commands to their groups."""
    account.command("create", help="Make an account; its first key is made by `passerelle key create`.")(account_create)
    account.command("list", help="Every account.")(account_list)
    account.command("delete", help="Erase an account with everything held for it.")(account_delete)
    key.command("create", help="Make an API key. It is shown once.")(key_create)
    key.command("list", help="The keys of an account, without their secrets.")(key_list)
    key.command("revoke", help="End a key and the tokens made of it.")(key_revoke)
    consent.command("adopt", help="Record consents that exist at Enedis already.")(consent_adopt)


def account_create(name: Annotated[str, typer.Argument(help="A name of your choice, unique.")]) -> None:
    async def work(rooms: StoreRooms) -> None:
        made = await rooms.accounts.create(name, await rooms.clock.now())
        _out.print(f"account {made.id} {made.name}")
        if rooms.sandbox:
            await rooms.link_sandbox(made.id)
        _out.print(f"next: passerelle key create --account {made.id}")

    _with_store(work)


def account_list() -> None:
    async def work(rooms: StoreRooms) -> None:
        table = Table("id", "name", "created", box=None)
        for each in await rooms.accounts.list():
            table.add_row(each.id, each.name, in_paris(each.created_at).isoformat(timespec="seconds"))
        write_tables([table])

    _with_store(work)


def account_delete(
    name: Annotated[str, typer.Argument(help="Name or id of the account.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,  # noqa: FBT002 — a command's flag
) -> None:
    if not yes:
        typer.confirm(f"Erase the account {name} and everything held for it?", abort=True)

    async def work(rooms: StoreRooms) -> None:
        found = await _account(rooms, name)
        now = await rooms.clock.now()
        await rooms.accounts.delete(found.id, now)
        _out.print(f"erased {found.id} {found.name}")
        _out.print(
            f"the last copy of what could open its data ends on {in_paris(now + rooms.erasure_retention):%Y-%m-%d}"
        )

    _with_store(work)


def key_create(
    account: AccountName,
    scope: Annotated[list[Scope] | None, typer.Option("--scope", help="Once for each; all by default.")] = None,
    point: Annotated[list[str] | None, typer.Option("--point", help="Limit the key to these usage points.")] = None,
    label: Annotated[str, typer.Option("--label", help="What the key is for.")] = "",
    redirect_uri: Annotated[
        str | None,
        typer.Option(
            "--redirect-uri", metavar="URL", help="Where an application written for Enedis takes its callback."
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--key", envvar="PASSERELLE_KEY", help="A key, or the owner's credential: only what opens hands on."
        ),
    ] = None,
) -> None:
    points = frozenset(_prm(each) for each in point) if point else None

    async def work(rooms: StoreRooms) -> None:
        found = await _account(rooms, account)
        now = await rooms.clock.now()
        scopes = frozenset(scope) if scope else ALL_SCOPES
        owner = key
        if not await rooms.accounts.list_keys(found.id) or key is None:
            if scopes == ALL_SCOPES and points is None:
                made, text = await rooms.accounts.create_first_key(found.id, scopes, label, now, points, redirect_uri)
                _show(made, text)
                return
            owner = await _first_owner(rooms, found, now)
        by = await rooms.accounts.authenticate(owner or "", now, {"key", "owner"})
        if by.account_id != found.id:
            raise InvalidRequest("--key is a key of another account.", "--key est une clé d'un autre compte.")
        made, text = await rooms.accounts.create_key(by, scopes, label, now, points, redirect_uri)
        _show(made, text)

    _with_store(work)


async def _first_owner(rooms: StoreRooms, account: Account, now: datetime) -> str:
    """The text of the new account's owner credential, shown at once.

    An account that begins with a limited key would otherwise have nobody who can ever hand on more.
    """
    made, text = await rooms.accounts.create_owner(account.id, now)
    _out.print(f"owner id: {made}")
    _out.print(f"owner:    {text}")
    typer.echo("The owner's credential makes further keys (--key) and reads nothing: keep it apart.", err=True)
    return text


def _show(made: str, text: str) -> None:
    _out.print(f"key id: {made}")
    _out.print(f"key:    {text}")
    typer.echo("Keep it now: it is shown once and cannot be recovered.", err=True)


def key_list(account: AccountName) -> None:
    async def work(rooms: StoreRooms) -> None:
        found = await _account(rooms, account)
        table = Table("id", "label", "scopes", "points", "created", "revoked", "redirect address", box=None)
        for each in await rooms.accounts.list_keys(found.id):
            table.add_row(
                each.id,
                each.label,
                "owner" if each.owner else "all" if each.scopes == ALL_SCOPES else " ".join(sorted(each.scopes)),
                "some" if each.restricted else "all",
                in_paris(each.created_at).isoformat(timespec="seconds"),
                in_paris(each.revoked_at).isoformat(timespec="seconds") if each.revoked_at else "",
                each.redirect_uri or "",
            )
        write_tables([table])

    _with_store(work)


def key_revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the key: its part before the dot.")],
    account: AccountName,
) -> None:
    async def work(rooms: StoreRooms) -> None:
        found = await _account(rooms, account)
        if not await rooms.accounts.revoke_key(found.id, key_id, await rooms.clock.now()):
            raise InvalidRequest("This account has no such key that stands.", "Ce compte n'a pas cette clé, ou plus.")
        _out.print(f"revoked {key_id}")

    _with_store(work)


def consent_adopt(
    account: AccountName,
    prm: Annotated[list[str] | None, typer.Argument(metavar="PRM…", help="Usage points, 14 digits each.")] = None,
    file: Annotated[
        Path | None, typer.Option("--csv", exists=True, dir_okay=False, help="A file with a PRM in its first column.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="The day on which the consents end, excluded.")
    ] = None,
    take_over: Annotated[  # noqa: FBT002 — a command's flag
        bool, typer.Option("--take-over", help="Decide for this account where another one holds the point.")
    ] = False,
) -> None:
    points = [_prm(each) for each in prm or ()] + (_of_csv(file) if file else [])
    if not points:
        raise typer.BadParameter("give at least one PRM, or --csv FILE")

    async def work(rooms: StoreRooms) -> None:
        found = await _account(rooms, account)
        now = await rooms.clock.now()
        ends_at = midnight(_day(until)) if until else end_of(rooms.consent_duration, now)
        if ends_at <= now:
            raise InvalidRequest("--until must lie in the future.", "--until doit être dans le futur.")
        claims = await adopt(
            rooms.consents,
            Adoption(found.id, points, rooms.consent_duration, ends_at, "adopted", take_over=take_over),
            now,
        )
        linked = sum(claim.state is ConsentState.GRANTED for claim in claims)
        _out.print(f"linked {linked} of {len(claims)} until {in_paris(ends_at).date()}")
        if linked < len(claims):
            typer.echo("Another account holds the rest: --take-over decides for this one.", err=True)
            raise typer.Exit(1)

    _with_store(work)


def _prm(text: str) -> UsagePointId:
    """The usage point of the command line; another form is wrong usage (status 2)."""
    try:
        return parse_usage_point_id(text)
    except InvalidRequest as error:
        raise typer.BadParameter(error.problem.detail) from error


def _of_csv(file: Path) -> list[UsagePointId]:
    """The first column of the file; a first line that is no PRM is its heading."""
    with file.open(newline="") as text:
        rows = [row for row in csv.reader(text, delimiter=_delimiter(file)) if row and row[0].strip()]
    points: list[UsagePointId] = []
    for number, row in enumerate(rows):
        try:
            points.append(parse_usage_point_id(row[0]))
        except InvalidRequest as error:
            if number:
                raise InvalidRequest(
                    f"Line {number + 1} of the file does not begin with a PRM.",
                    f"La ligne {number + 1} du fichier ne commence pas par un PRM.",
                ) from error
    return points


def _delimiter(file: Path) -> str:
    with file.open() as text:
        return ";" if ";" in text.readline() else ","


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest("--until is a day, YYYY-MM-DD.", "--until est un jour, AAAA-MM-JJ.") from error


async def _account(rooms: StoreRooms, name: str) -> Account:
    """The account of this name or id. Raises NotFound."""
    for each in await rooms.accounts.list():
        if name in (each.id, each.name):
            return each
    raise InvalidRequest("There is no such account; see `passerelle account list`.", "Ce compte n'existe pas.")


def _with_store(work: Callable[[StoreRooms], Awaitable[None]]) -> None:
    settings = read_settings()

    async def main() -> None:
        async with open_store(settings) as rooms:
            await work(rooms)

    run(main())
