"""The first tables: accounts, credentials, consents, usage points, sealed days, and the quota's count."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def _id(name: str = "id") -> sa.Column[str]:
    return sa.Column(name, sa.String(32), nullable=False)


def _owner(target: str, name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(32), sa.ForeignKey(f"{target}.id", ondelete="CASCADE"), nullable=False)


def upgrade() -> None:
    _accounts()
    _consents()
    _points()
    op.create_table(
        "quota",
        sa.Column("bucket", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("bucket"),
    )


def _accounts() -> None:
    op.create_table(
        "accounts",
        _id(),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "credentials",
        _id(),
        _owner("accounts", "account_id"),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("verifier", sa.LargeBinary, nullable=False),
        sa.Column("wrapped_content_key", sa.LargeBinary, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("points_sealed", sa.LargeBinary),
        sa.Column("redirect_uri_sealed", sa.LargeBinary),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT),
        sa.Column("revoked_at", INSTANT),
        sa.Column("parent_id", sa.String(32), sa.ForeignKey("credentials.id", ondelete="CASCADE")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_credentials_account_id", "credentials", ["account_id"])
    op.create_index("ix_credentials_parent_id", "credentials", ["parent_id"])


def _consents() -> None:
    op.create_table(
        "consents",
        _id(),
        _owner("accounts", "account_id"),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("duration", sa.String(32), nullable=False),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.Column("request_ends_at", INSTANT, nullable=False),
        sa.Column("return_url_sealed", sa.LargeBinary),
        sa.Column("journey_sealed", sa.LargeBinary),
        sa.Column("granted_at", INSTANT),
        sa.Column("expires_at", INSTANT),
        sa.Column("reason", sa.String(200)),
        sa.Column("ticket_hash", sa.LargeBinary),
        sa.Column("browser_hash", sa.LargeBinary),
        sa.Column("nonce_hash", sa.LargeBinary),
        sa.Column("nonce_used_at", INSTANT),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("ticket_hash"),
        sa.UniqueConstraint("nonce_hash"),
    )
    op.create_index("ix_consents_account_id", "consents", ["account_id"])


def _points() -> None:
    op.create_table(
        "points",
        _id(),
        _owner("accounts", "account_id"),
        sa.Column("prm_lookup", sa.LargeBinary, nullable=False),
        sa.Column("prm_sealed", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_id", "prm_lookup"),
    )
    op.create_index("ix_points_prm_lookup", "points", ["prm_lookup"])
    op.create_table(
        "links",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=True),
        _owner("points", "point_id"),
        _owner("consents", "consent_id"),
        _owner("accounts", "account_id"),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("granted_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT),
        sa.Column("ended_at", INSTANT),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("point_id", "consent_id"),
    )
    op.create_index("ix_links_account_id", "links", ["account_id"])
    op.create_index("ix_links_consent_id", "links", ["consent_id"])
    op.create_table(
        "activations",
        _owner("points", "point_id"),
        sa.Column("direction", sa.String(16), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("point_id", "direction"),
    )
    op.create_table(
        "days",
        sa.Column("account_id", sa.String(32), nullable=False),
        _owner("points", "point_id"),
        sa.Column("series", sa.String(32), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("kept_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("point_id", "series", "day"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "open_days",
        _owner("points", "point_id"),
        sa.Column("series", sa.String(32), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("point_id", "series", "day"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in (
        "quota",
        "open_days",
        "days",
        "activations",
        "links",
        "points",
        "consents",
        "credentials",
        "accounts",
    ):
        op.drop_table(table)
