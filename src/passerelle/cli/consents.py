"""Consents over HTTP: start one, list them, forget one."""

from datetime import datetime
from typing import Annotated

import typer

from passerelle.cli import output, tables
from passerelle.cli.language import say
from passerelle.cli.read import Look, LookOption
from passerelle.cli.shell import DEFAULT_URL, Key, Url, shell_of
from passerelle.client import requests

DurationOption = Annotated[
    str | None,
    typer.Option("--duration", help="ISO 8601, at most three years; by default the gateway's.", show_default=False),
]
ReturnUrlOption = Annotated[
    str | None, typer.Option("--return-url", help="Where the customer's browser goes at the end.", show_default=False)
]
ConsentId = Annotated[str, typer.Argument(metavar="ID", help="As `passerelle consent list` shows it.")]


def register(consent: typer.Typer) -> None:
    """Add the commands that need no database to `passerelle consent`."""
    consent.command("start")(start)
    consent.command("list")(list_all)
    consent.command("forget")(forget)


def start(
    ctx: typer.Context,
    duration: DurationOption = None,
    return_url: ReturnUrlOption = None,
    form: LookOption = Look.TABLE,
    url: Url = DEFAULT_URL,
    key: Key = None,
) -> None:
    """Ask for a consent: prints the address that the customer opens."""
    shell = shell_of(ctx)
    with shell.connect(url, key) as client:
        reply = client.send(requests.start_consent(duration, return_url))
    if form is Look.JSON:
        output.write_json(reply.content)
        return
    typer.echo(f"{say('open-this', shell.language)}\n{reply.body.authorize_url}\n({reply.body.id})")


def list_all(ctx: typer.Context, form: LookOption = Look.TABLE, url: Url = DEFAULT_URL, key: Key = None) -> None:
    """The consents of the account."""
    shell = shell_of(ctx)
    with shell.connect(url, key) as client:
        reply = client.send(requests.consents())
    if form is Look.JSON:
        output.write_json(reply.content)
        return
    output.write_tables(tables.of_consents(reply.body, shell.language))


def forget(ctx: typer.Context, consent_id: ConsentId, url: Url = DEFAULT_URL, key: Key = None) -> None:
    """End a consent at the gateway, and erase the data held under it: prints the receipt."""
    shell = shell_of(ctx)
    with shell.connect(url, key) as client:
        client.send(requests.forget_consent(consent_id))
        typer.echo(say("forgotten-now", shell.language))
        consents = client.send(requests.consents()).body.consents
    for each in consents:
        if each.id == consent_id and isinstance(each.erased_at, datetime):
            receipt = say("receipt", shell.language)
            typer.echo(receipt.format(each.id, f"{each.erased_at:%Y-%m-%d %H:%M}", each.copies_expire_on))
        elif each.id == consent_id and isinstance(each.kept_for, list):
            typer.echo(say("kept-for", shell.language).format(each.id, ", ".join(each.kept_for)))
