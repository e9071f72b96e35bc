"""What `passerelle doctor` can tell without Enedis: settings, data folder, secret, database."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from passerelle.cli.findings import Finding, fail, of_error, ok, warn
from passerelle.config import PREFIX, Environment, Settings
from passerelle.errors import InternalError, StartRefused
from passerelle.model.catalogue import PRODUCTION_API, SANDBOX_API
from passerelle.model.generation import Speaking
from passerelle.quota.settings import Limits
from passerelle.store.upgrade import SchemaState

SETTINGS, FOLDER, SECRET, DATABASE = "settings", "data-folder", "secret", "database"
_PRIVATE = 0o077
"""The mode bits that let others in."""

_LITTLE_ROOM = 200 * 1024 * 1024
"""Bytes. A year of half-hours of one usage point takes less than one hundredth of that."""

_HOSTS = {Environment.SANDBOX: SANDBOX_API, Environment.PRODUCTION: PRODUCTION_API}
_AT_ENEDIS = Limits()
"""What Enedis allows a v5 application (F§12)."""
_AT_ENEDIS_2026 = Limits(per_hour=1_000)
"""What it allows for each API of 2026 (F§12), with the same variables: where 2026 is spoken, they go by its hour."""


def of_settings(settings: Settings, unknown: list[str]) -> list[Finding]:
    """Which Enedis, which addresses, and what is odd about them. `unknown`: variables that nobody reads."""
    enedis, public = settings.enedis.api_url, settings.public_url
    odd = [*_odd_variables(unknown), *_odd_enedis(settings), *_odd_addresses(settings), *_odd_erasure(settings)]
    where = f"{settings.environment.value} ({enedis}), {settings.generation.value}"
    summary = ok(
        SETTINGS,
        f"Enedis: {where}. The gateway listens on {settings.listen.url}, browsers use {public}.",
        f"Enedis : {where}. La passerelle écoute sur {settings.listen.url}, les navigateurs utilisent {public}.",
    )
    return [summary, *odd]


def _odd_variables(unknown: list[str]) -> Iterator[Finding]:
    for name in unknown:
        yield warn(
            SETTINGS,
            (f"{name} is set, and nobody reads it.", f"{name} est renseignée, et personne ne la lit."),
            (
                "Correct its name, or remove it; docs/settings.md lists those that exist.",
                "Corriger son nom ou la retirer ; docs/settings.md liste celles qui existent.",
            ),
        )


def _odd_enedis(settings: Settings) -> Iterator[Finding]:
    enedis, usual = settings.enedis, _HOSTS.get(settings.environment)
    if usual is None:
        return
    if enedis.api_url != usual:
        yield warn(
            SETTINGS,
            (
                f"{PREFIX}ENEDIS_API_URL is not Enedis' host for {settings.environment.value}, {usual}.",
                f"{PREFIX}ENEDIS_API_URL n'est pas l'hôte d'Enedis pour {settings.environment.value}, {usual}.",
            ),
            ("Remove it unless that is meant.", "La retirer, sauf si c'est voulu."),
        )
    if not (enedis.client_id and enedis.client_secret):
        yield fail(
            SETTINGS,
            ("There are no credentials for Enedis.", "Il n'y a pas d'identifiants pour Enedis."),
            (
                f"Set {PREFIX}ENEDIS_CLIENT_ID and {PREFIX}ENEDIS_CLIENT_SECRET, from the application on DataHub.",
                f"Renseigner {PREFIX}ENEDIS_CLIENT_ID et {PREFIX}ENEDIS_CLIENT_SECRET, de l'application sur DataHub.",
            ),
        )
    limits, most = settings.limits, _AT_ENEDIS
    if settings.generation is not Speaking.V5:
        limits, most = settings.limits_2026, _AT_ENEDIS_2026
    if limits.per_second > most.per_second or limits.per_hour > most.per_hour:
        documented = f"{most.per_second}/s, {most.per_hour}/h"
        yield warn(
            SETTINGS,
            (
                f"The quota is set above what Enedis documents: {documented}.",
                f"Le quota est réglé au-dessus de ce qu'Enedis documente : {documented}.",
            ),
            (
                f"Remove {PREFIX}QUOTA_PER_SECOND and {PREFIX}QUOTA_PER_HOUR unless Enedis agreed to more.",
                f"Retirer {PREFIX}QUOTA_PER_SECOND et {PREFIX}QUOTA_PER_HOUR, sauf accord d'Enedis.",
            ),
        )


def _odd_erasure(settings: Settings) -> Iterator[Finding]:
    if settings.erasure_url != settings.database_url:
        return
    yield warn(
        SETTINGS,
        (
            "What erasing destroys lies in the main database, in the schema passerelle_erasure.",
            "Ce que l'effacement détruit est dans la base principale, dans le schéma passerelle_erasure.",
        ),
        (
            f"Leave that schema out of its backups, or set {PREFIX}ERASURE_DATABASE_URL to a database of its own.",
            f"Exclure ce schéma de ses sauvegardes, ou donner une base à part dans {PREFIX}ERASURE_DATABASE_URL.",
        ),
    )


def _odd_addresses(settings: Settings) -> Iterator[Finding]:
    public = urlsplit(settings.public_url)
    if public.scheme == "http" and public.hostname not in ("localhost", "127.0.0.1", "::1"):
        yield warn(
            SETTINGS,
            (
                "Browsers and applications reach the gateway without TLS: keys and readings travel in clear.",
                "Navigateurs et applications joignent la passerelle sans TLS : clés et relevés circulent en clair.",
            ),
            (
                f"Put a proxy with TLS in front of it and give its https address as {PREFIX}PUBLIC_URL.",
                f"Placer devant elle un proxy avec TLS et donner son adresse https dans {PREFIX}PUBLIC_URL.",
            ),
        )
    if public.scheme == "https" and not settings.trusted_proxies:
        yield warn(
            SETTINGS,
            (
                "There is a proxy in front of the gateway, and its X-Forwarded headers are not believed.",
                "Un proxy précède la passerelle, et ses en-têtes X-Forwarded ne sont pas crus.",
            ),
            (
                f"Name the proxy's address in {PREFIX}TRUSTED_PROXIES.",
                f"Nommer l'adresse du proxy dans {PREFIX}TRUSTED_PROXIES.",
            ),
        )


def of_folder(settings: Settings) -> list[Finding]:
    """Whether the data folder can be written, by whom it can be read, and whether there is room."""
    folder = settings.data_dir
    if not folder.exists():
        return [
            warn(
                FOLDER,
                (
                    f"{folder} does not exist yet; the first start makes it.",
                    f"{folder} n'existe pas encore ; le premier démarrage le crée.",
                ),
            )
        ]
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"passerelle")
    except OSError as error:
        return [
            fail(
                FOLDER,
                (
                    f"{folder} cannot be written: {error.strerror}.",
                    f"Écriture impossible dans {folder} : {error.strerror}.",
                ),
                (
                    f"Give it to the user that runs passerelle, free space on it, or set {PREFIX}DATA_DIR.",
                    f"L'attribuer à l'utilisateur de passerelle, y libérer de la place, ou régler {PREFIX}DATA_DIR.",
                ),
            )
        ]
    findings = [*_readable_by_others(FOLDER, folder), *_little_room(folder)]
    return findings or [
        ok(
            FOLDER,
            f"{folder} can be written, by its owner only.",
            f"{folder} est accessible en écriture, à son seul propriétaire.",
        )
    ]


def _readable_by_others(check: str, path: Path) -> Iterator[Finding]:
    if os.name == "nt":  # modes say nothing there
        return
    mode = path.stat().st_mode
    if mode & _PRIVATE:
        right = "700" if path.is_dir() else "600"
        yield warn(
            check,
            (
                f"{path} is open to other users (mode {mode & 0o777:o}).",
                f"{path} est ouvert à d'autres utilisateurs (mode {mode & 0o777:o}).",
            ),
            (f"chmod {right} {path}", f"chmod {right} {path}"),
        )


def _little_room(folder: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(folder).free
    if free < _LITTLE_ROOM:
        megabytes = free // 1024**2
        yield warn(
            FOLDER,
            (f"Only {megabytes} MB are free.", f"Il ne reste que {megabytes} Mo."),
            ("Free some space.", "Libérer de la place."),
        )


def of_secret(settings: Settings) -> list[Finding]:
    """Whether there is a server's secret, and who can read it. What it opens: `of_opened_secret`."""
    path = settings.secret_file
    if settings.given_secret is not None:
        return [ok(SECRET, f"{PREFIX}SECRET_KEY is given.", f"{PREFIX}SECRET_KEY est donné.")]
    if not path.exists():
        if settings.has_database:
            return [
                fail(
                    SECRET,
                    (
                        f"{path} is missing, and there is a database that needs it.",
                        f"{path} manque, alors qu'une base en a besoin.",
                    ),
                    (
                        "Restore it from the backup of the database; a new one opens nothing of what is stored.",
                        "La restaurer depuis la sauvegarde de la base ; une nouvelle n'ouvre rien de stocké.",
                    ),
                )
            ]
        return [
            warn(
                SECRET,
                (
                    "There is none yet; the first start makes it.",
                    "Il n'y en a pas encore ; le premier démarrage le crée.",
                ),
            )
        ]
    return list(_readable_by_others(SECRET, path)) or [
        ok(SECRET, f"{path} can be read by its owner only.", f"{path} n'est lisible que de son propriétaire.")
    ]


def of_opened_secret(opens: bool | None) -> list[Finding]:  # noqa: FBT001 — three answers, told by their names where it is asked
    """Nothing to say, unless the secret is not the one that the database was written with."""
    if opens is not False:
        return []
    return [
        fail(
            SECRET,
            (
                "The secret does not open this database: they do not belong together.",
                "Le secret n'ouvre pas cette base : ils ne vont pas ensemble.",
            ),
            (
                "Restore secret.key and the database from one backup.",
                "Restaurer secret.key et la base depuis une même sauvegarde.",
            ),
        )
    ]


def of_database(state: SchemaState | None, version: str | None) -> Finding:
    """How the tables stand. `state` None: there is no file yet."""
    match state:
        case SchemaState.CURRENT:
            return ok(
                DATABASE,
                f"Tables of version {version}, as this passerelle has them.",
                f"Tables de version {version}, celles de cette passerelle.",
            )
        case SchemaState.BEHIND:
            return fail(
                DATABASE,
                (
                    f"Tables of version {version}, older than this passerelle.",
                    f"Tables de version {version}, plus anciennes que cette passerelle.",
                ),
                (
                    "Make a backup, stop the gateway, run `passerelle migrate`, start again.",
                    "Faire une sauvegarde, arrêter la passerelle, lancer `passerelle migrate`, redémarrer.",
                ),
            )
        case SchemaState.NEWER:
            return fail(
                DATABASE,
                (
                    f"Tables of version {version}, made by a newer passerelle.",
                    f"Tables de version {version}, créées par une passerelle plus récente.",
                ),
                (
                    "Install that version, or restore a backup from before the upgrade.",
                    "Installer cette version, ou restaurer une sauvegarde d'avant la mise à niveau.",
                ),
            )
        case SchemaState.EMPTY | None:
            return warn(
                DATABASE,
                (
                    "There is none yet; the first start makes it.",
                    "Il n'y en a pas encore ; le premier démarrage la crée.",
                ),
            )


def of_database_trouble(error: StartRefused | InternalError) -> Finding:
    """It cannot be opened or read."""
    if isinstance(error, StartRefused):
        return of_error(DATABASE, error)
    return fail(
        DATABASE,
        (error.problem.detail, error.problem.detail_fr),
        (
            "See that it runs, that its disk is not full and what else holds it; restore a backup if it is damaged.",
            "Voir si elle tourne, si son disque n'est pas plein, qui d'autre l'occupe ; si elle est abîmée, restaurer.",
        ),
    )
