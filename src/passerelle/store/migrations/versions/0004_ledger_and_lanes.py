"""The ledger of days with its refusals, in place of the list of open days; leases of the lanes to Enedis."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def _owner(target: str, name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(32), sa.ForeignKey(f"{target}.id", ondelete="CASCADE"), nullable=False)


def upgrade() -> None:
    op.drop_table("open_days")
    op.create_table(
        "ledger_days",
        _owner("points", "point_id"),
        sa.Column("series", sa.String(32), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("reason", sa.String(32)),
        sa.Column("first_asked_at", INSTANT, nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("missing", sa.JSON),
        sa.Column("told", sa.Boolean, nullable=False),
        sa.Column("forced_at", INSTANT),
        sa.Column("covered", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("point_id", "series", "day"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "refusals",
        _owner("points", "point_id"),
        sa.Column("series", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("problem", sa.JSON, nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("until", INSTANT),
        sa.Column("start_day", sa.Date, nullable=False),
        sa.Column("end_day", sa.Date, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("forced_at", INSTANT),
        sa.PrimaryKeyConstraint("point_id", "series", "reason"),
    )
    op.create_table(
        "lane_leases",
        _owner("points", "point_id"),
        sa.Column("series", sa.String(32), nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("awaited_at", INSTANT),
        sa.PrimaryKeyConstraint("point_id", "series"),
    )


def downgrade() -> None:
    for table in ("lane_leases", "refusals", "ledger_days"):
        op.drop_table(table)
    op.create_table(
        "open_days",
        _owner("points", "point_id"),
        sa.Column("series", sa.String(32), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("point_id", "series", "day"),
        sqlite_with_rowid=False,
    )
