"""passerelle doctor: what works, what does not, and what to do about it. It changes nothing that works."""

from collections.abc import Awaitable, Mapping
from typing import Annotated

import msgspec
import typer

from passerelle.cli import enedis_checks, installation_checks
from passerelle.cli.findings import Finding, Verdict, as_data, as_table, of_error, ok, worst
from passerelle.cli.generation_checks import examine_generations
from passerelle.cli.output import write_json, write_tables
from passerelle.cli.servers import run
from passerelle.cli.shell import shell_of
from passerelle.config import Settings, read_settings, unknown_variables
from passerelle.errors import InternalError, QuotaExhausted, StartRefused
from passerelle.kit.logs import configure_logs
from passerelle.problem import PasserelleError
from passerelle.quota.permits import Snapshot
from passerelle.store.upgrade import SchemaState
from passerelle.wiring import StoreRooms, database_version, open_enedis, open_store


def doctor(
    ctx: typer.Context,
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nothing of Enedis.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines, in both languages.")] = False,
) -> None:
    configure_logs("critical", None)  # what goes wrong here is a finding
    findings: list[Finding] = []

    async def main() -> None:
        findings.extend(await examine(offline=offline))

    run(main())
    if as_json:
        write_json(msgspec.json.encode(as_data(findings)))
    else:
        write_tables([as_table(findings, shell_of(ctx).language)])
    if worst(findings) is Verdict.FAIL:
        raise typer.Exit(1)


async def examine(environment: Mapping[str, str] | None = None, *, offline: bool) -> list[Finding]:
    """Every check that can be made, in the order in which to mend what they find. Raises nothing of ours.

    `environment` None: that of this process.
    """
    try:
        settings = read_settings(environment)
    except StartRefused as error:
        return [of_error(installation_checks.SETTINGS, error)]
    findings = [
        *installation_checks.of_settings(settings, unknown_variables(environment)),
        *installation_checks.of_folder(settings),
        *installation_checks.of_secret(settings),
        await _database(settings),
    ]
    broken = {finding.check for finding in findings if finding.verdict is Verdict.FAIL}
    needed = {installation_checks.FOLDER, installation_checks.SECRET, installation_checks.DATABASE}
    if broken & needed or (offline and not settings.has_database):
        return findings
    try:
        async with open_store(settings) as stores:
            return [*findings, *await _opened(settings, stores, offline=offline)]
    except (StartRefused, InternalError) as error:
        return [*findings, installation_checks.of_database_trouble(error)]


async def _database(settings: Settings) -> Finding:
    """The tables, read without making any."""
    state: SchemaState | None = None
    version: str | None = None
    if settings.has_database:
        try:
            state, version = await database_version(settings)
        except (StartRefused, InternalError) as error:
            return installation_checks.of_database_trouble(error)
    return installation_checks.of_database(state, version)


async def _opened(settings: Settings, stores: StoreRooms, *, offline: bool) -> list[Finding]:
    findings = installation_checks.of_opened_secret(await stores.census.secret_opens())
    watch = enedis_checks.ClockWatch()
    async with open_enedis(settings, stores, watch) as enedis:
        if offline:
            findings.append(ok("enedis", "Not asked.", "Non interrogé."))
        else:
            token = await _error_of(enedis.transport.ensure_token())
            findings.append(enedis_checks.of_token(token, settings.enedis.api_url))
            apis = []
            if token is None:
                now = await stores.clock.now()
                apis = await examine_generations(enedis.transport, settings.generation, now)
            findings += [enedis_checks.of_clock(watch.offset)] if watch.answers else []
            findings += apis
        quotas = {bucket: await _snapshot(enedis.permits.snapshot(bucket)) for bucket in settings.allowances}
        findings += enedis_checks.of_quotas(quotas)
    return findings


async def _error_of(step: Awaitable[None]) -> PasserelleError | None:
    try:
        await step
    except PasserelleError as error:
        return error
    return None


async def _snapshot(reading: Awaitable[Snapshot]) -> Snapshot | PasserelleError:
    try:
        return await reading
    except (QuotaExhausted, InternalError) as error:
        return error
