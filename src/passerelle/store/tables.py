"""The tables. Their history is in `migrations`; a test compares both.

Nothing here names a person or a meter in clear: a usage point is known by a keyed hash of its number, and its number,
the points that limit a key, and every day of readings are sealed. In clear on purpose, because work without a caller
needs them: which days are held, who holds which (random) point, states, scopes and instants.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
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
    Column("scopes", JSON, nullable=False),
    Column("points_sealed", LargeBinary),
    Column("redirect_uri_sealed", LargeBinary),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("parent_id", String(32), ForeignKey("credentials.id", ondelete="CASCADE"), index=True),
    PrimaryKeyConstraint("id"),
)
"""`wrapped_content_key` is bound to account, kind, scopes and points: a row that was widened by hand does not open."""

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
    Column("granted_at", Instant),
    Column("expires_at", Instant),
    Column("reason", String(200)),
    Column("ticket_hash", LargeBinary),
    Column("browser_hash", LargeBinary),
    Column("nonce_hash", LargeBinary),
    Column("nonce_used_at", Instant),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("ticket_hash"),
    UniqueConstraint("nonce_hash"),
)
"""`journey_sealed`: which key of the mirror began it, and the application's own `state`."""

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
    PrimaryKeyConstraint("id"),
    UniqueConstraint("point_id", "consent_id"),
)
"""`id` tells their order, which instants of one request do not. `ended_at`: revoked, released or forgotten then."""

activations = Table(
    "activations",
    metadata,
    _owner("points", "point_id"),
    Column("direction", String(16), nullable=False),
    Column("day", Date, nullable=False),
    PrimaryKeyConstraint("point_id", "direction"),
)

days = Table(
    "days",
    metadata,
    Column("account_id", String(32), nullable=False),
    _owner("points", "point_id"),
    Column("series", String(32), nullable=False),
    Column("day", Date, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("kept_at", Instant, nullable=False),
    PrimaryKeyConstraint("point_id", "series", "day"),
    sqlite_with_rowid=False,
)

open_days = Table(
    "open_days",
    metadata,
    _owner("points", "point_id"),
    Column("series", String(32), nullable=False),
    Column("day", Date, nullable=False),
    Column("reason", String(32), nullable=False),
    PrimaryKeyConstraint("point_id", "series", "day"),
    sqlite_with_rowid=False,
)
"""Days that were asked of Enedis and did not come whole, with the last reason."""
