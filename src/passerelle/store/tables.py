"""The tables. Their history is in `migrations`; a test compares both.

Nothing here names a person or a meter in clear: a usage point is known by a keyed hash of its number, and its number,
the points that limit a key, and everything read of it are sealed. In clear on purpose, because work without a caller
needs them: which days are held, who holds which (random) point, states, scopes and instants.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Row,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

AnyRow = Row[*tuple[Any, ...]]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An instant, kept in UTC. SQLite drops offsets, so that only instants in UTC may reach it."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 — SQLAlchemy's signature
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without offset is no instant")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 — SQLAlchemy's signature
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _id(name: str = "id") -> Column[str]:
    return Column(name, String(32), nullable=False)


def _owner(target: str, name: str, *, indexed: bool = False) -> Column[str]:
    return Column(name, String(32), ForeignKey(f"{target}.id", ondelete="CASCADE"), nullable=False, index=indexed)


installation = Table("installation", metadata, Column("id", String(32), nullable=False), PrimaryKeyConstraint("id"))
"""One row, once the erasure database that belongs to this one is known (`store.shred`): the same id stands there."""

accounts = Table(
    "accounts",
    metadata,
    _id(),
    Column("name", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("name"),
)

credentials = Table(
    "credentials",
    metadata,
    _id(),
    _owner("accounts", "account_id", indexed=True),
    Column("kind", String(16), nullable=False),
    Column("label", String(200), nullable=False),
    Column("verifier", LargeBinary, nullable=False),
    Column("wrapped_content_key", LargeBinary, nullable=False),
    Column("rights_mac", LargeBinary),
    Column("scopes", JSON, nullable=False),
    Column("points_sealed", LargeBinary),
    Column("redirect_uri_sealed", LargeBinary),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("parent_id", String(32), ForeignKey("credentials.id", ondelete="CASCADE"), index=True),
    PrimaryKeyConstraint("id"),
)
"""`rights_mac` proves account, kind, scopes and points: a row that was widened by hand does not open.

`wrapped_content_key` is empty but for keys of before 0003 that were not used since, which have no `rights_mac` yet.
"""

consents = Table(
    "consents",
    metadata,
    _id(),
    _owner("accounts", "account_id", indexed=True),
    Column("state", String(16), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("duration", String(32), nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("request_ends_at", Instant, nullable=False),
    Column("return_url_sealed", LargeBinary),
    Column("journey_sealed", LargeBinary),
    Column("authorisation_sealed", LargeBinary),
    Column("granted_at", Instant),
    Column("expires_at", Instant),
    Column("forgotten_at", Instant),
    Column("reason", String(200)),
    Column("ticket_hash", LargeBinary),
    Column("browser_hash", LargeBinary),
    Column("nonce_hash", LargeBinary),
    Column("nonce_used_at", Instant),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("ticket_hash"),
    UniqueConstraint("nonce_hash"),
)
"""`journey_sealed`: which key of the mirror began it, and the application's own `state`.

`authorisation_sealed`: the `autorisation_id` of 2026 (F§4). `nonce_used_at`: when the customer came back.
"""

points = Table(
    "points",
    metadata,
    _id(),
    _owner("accounts", "account_id"),
    Column("prm_lookup", LargeBinary, nullable=False, index=True),
    Column("prm_sealed", LargeBinary),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("account_id", "prm_lookup"),
)
"""One row for each account and usage point. `prm_sealed` is emptied once every consent for the point is forgotten."""

links = Table(
    "links",
    metadata,
    Column("id", Integer, nullable=False, autoincrement=True),
    _owner("points", "point_id"),
    _owner("consents", "consent_id", indexed=True),
    _owner("accounts", "account_id", indexed=True),
    Column("state", String(16), nullable=False),
    Column("granted_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("ended_at", Instant),
    Column("erased_at", Instant),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("point_id", "consent_id"),
)
"""`id` tells their order, which instants of one request do not. `ended_at`: revoked, released or forgotten then.

`erased_at`: when what was held of the point was erased, which a newer consent of the account puts off.
"""

services = Table(
    "services",
    metadata,
    _owner("points", "point_id"),
    Column("shared", JSON, nullable=False),
    Column("noted_at", Instant, nullable=False),
    PrimaryKeyConstraint("point_id"),
)
"""What is shared of a point since 2026: a list of `kind`, `directions`, `starts_on`, `ends_on`, replaced as a whole.

A point of which Enedis lists nothing any more has an empty list; one of which nothing is known has no row.
"""

activations = Table(
    "activations",
    metadata,
    _owner("points", "point_id"),
    Column("direction", String(16), nullable=False),
    Column("day", Date, nullable=False),
    PrimaryKeyConstraint("point_id", "direction"),
)

pairs = Table(
    "pairs",
    metadata,
    Column("number", Integer, nullable=False, autoincrement=True),
    _id(),
    _owner("accounts", "account_id"),
    Column("place", String(80), nullable=False),
    Column("point_id", String(32), ForeignKey("points.id", ondelete="CASCADE"), index=True),
    Column("epoch", Integer, nullable=False),
    Column("suite", Integer, nullable=False),
    Column("public", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Column("sealed_private", LargeBinary),
    Column("folded_private", LargeBinary),
    Column("waiting", Boolean, nullable=False),
    PrimaryKeyConstraint("number"),
    UniqueConstraint("account_id", "place"),
    sqlite_autoincrement=True,
)
"""The pairs of keys of each account (`store.places`). `waiting`: something is in the cell's inbox.

`sealed_private` is for the parent's private half (of the owner pair: for keys of before 0003), until it is folded.
"""

wraps = Table(
    "wraps",
    metadata,
    _owner("credentials", "credential_id"),
    Column("pair", Integer, ForeignKey("pairs.number", ondelete="CASCADE"), nullable=False, index=True),
    Column("wrapped", LargeBinary, nullable=False),
    PrimaryKeyConstraint("credential_id", "pair"),
    sqlite_with_rowid=False,
)
"""The private half of a pair as a credential holds it."""


def _chunks(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("cell", Integer, ForeignKey("pairs.number", ondelete="CASCADE"), nullable=False),
        Column("start", Date, nullable=False),
        Column("era", Integer, nullable=False),
        Column("marks", LargeBinary, nullable=False),
        Column("revised", LargeBinary),
        Column("sealed", LargeBinary, nullable=False),
        PrimaryKeyConstraint("cell", "start"),
    )


chunks = _chunks("chunks")
"""Nineteen days of a curve (`store.chunks`). `era`: of the shred key that sealed it."""
quarters = _chunks("quarters")
"""A quarter of another series. Apart: rows of one length fill pages, and fit where another one was."""

inbox = Table(
    "inbox",
    metadata,
    Column("id", Integer, nullable=False, autoincrement=True),
    Column("cell", Integer, ForeignKey("pairs.number", ondelete="CASCADE"), nullable=False, index=True),
    Column("era", Integer, nullable=False),
    Column("content", String(32), nullable=False),
    Column("start", Date),
    Column("days", LargeBinary, nullable=False),
    Column("kept_at", Instant, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id"),
)
"""What was kept without a caller (`store.inbox`), in the order of its coming."""

records = Table(
    "records",
    metadata,
    Column("cell", Integer, ForeignKey("pairs.number", ondelete="CASCADE"), nullable=False),
    Column("era", Integer, nullable=False),
    Column("kept_at", Instant, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("cell"),
)
"""Customer records: one a cell."""

ledger_days = Table(
    "ledger_days",
    metadata,
    _owner("points", "point_id"),
    Column("series", String(32), nullable=False),
    Column("day", Date, nullable=False),
    Column("reason", String(32)),
    Column("first_asked_at", Instant, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("next_at", Instant, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("missing", JSON(none_as_null=True)),
    Column("told", Boolean, nullable=False),
    Column("forced_at", Instant),
    Column("covered", Boolean, nullable=False),
    PrimaryKeyConstraint("point_id", "series", "day"),
    sqlite_with_rowid=False,
)
"""Days that are not whole (`plan.ledger`); without `reason`, a whole day that a caller has just had asked again."""

refusals = Table(
    "refusals",
    metadata,
    _owner("points", "point_id"),
    Column("series", String(32), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("problem", JSON, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("until", Instant),
    Column("start_day", Date, nullable=False),
    Column("end_day", Date, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("forced_at", Instant),
    PrimaryKeyConstraint("point_id", "series", "reason"),
)
"""What Enedis answered in place of data, without its body, one row a reason."""

forced_calls = Table(
    "forced_calls",
    metadata,
    _owner("accounts", "account_id"),
    Column("hour", Instant, nullable=False),
    Column("calls", Integer, nullable=False),
    PrimaryKeyConstraint("account_id"),
)
"""Calls that an account had made before their time (`no-cache`) in its latest clock hour."""

lane_leases = Table(
    "lane_leases",
    metadata,
    _owner("points", "point_id"),
    Column("series", String(32), nullable=False),
    Column("holder", String(64), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("moment", Integer, nullable=False, server_default="1"),
    PrimaryKeyConstraint("point_id", "series"),
)
"""Which process asks Enedis for a series or a record of a usage point. `moment` counts what it brought."""

lane_wishes = Table(
    "lane_wishes",
    metadata,
    _owner("points", "point_id"),
    Column("series", String(32), nullable=False),
    Column("holder", String(64), nullable=False),
    Column("moment", Integer, nullable=False),
    Column("days", JSON, nullable=False),
    Column("forced", JSON, nullable=False),
    Column("said_at", Instant, nullable=False),
    PrimaryKeyConstraint("point_id", "series", "holder"),
)
"""The days that a process wants while another one has the lease: spans of dates."""

upkeep = Table(
    "upkeep",
    metadata,
    _owner("points", "point_id"),
    Column("series", String(32), nullable=False),
    Column("work", String(16), nullable=False),
    _owner("accounts", "account_id"),
    Column("due_at", Instant),
    Column("wanted_at", Instant, nullable=False),
    Column("import_from", Date),
    Column("began_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("holder", String(32)),
    Column("lease_until", Float),
    PrimaryKeyConstraint("point_id", "series", "work"),
    Index(None, "account_id", "work", "wanted_at"),
    Index(None, "work", "account_id", "due_at", "lease_until"),
)
"""Work without a caller. `due_at` None: ended, kept for who asks. `lease_until`: seconds of the wall clock."""

turns = Table(
    "turns",
    metadata,
    _owner("accounts", "account_id"),
    Column("served", Integer, nullable=False),
    PrimaryKeyConstraint("account_id"),
)
"""When each account was last served without asking: whoever waited longest is next. `served` counts claims."""

keepers = Table(
    "keepers",
    metadata,
    Column("id", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("seen", Float, nullable=False),
    PrimaryKeyConstraint("id"),
)
"""The processes that look after usage points, `worker` or `gateway`, and when each was last alive (wall clock).

In the row `front`: which of them may claim work (the beginning of its id), and until when it stands there.
"""

standings = Table(
    "standings",
    metadata,
    Column("api", String(64), nullable=False),
    Column("speaking", String(8), nullable=False),
    Column("v5_until", Float),
    Column("fell_back_at", Float),
    Column("came_back_at", Float),
    Column("unsubscribed_until", Float),
    PrimaryKeyConstraint("api"),
)
"""Which generation is asked for what an API of 2026 gives (`model.generation`), in seconds of the wall clock."""
