"""Work without a caller: who is kept fresh, first imports, whose turn it is, and which processes do it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def _owner(target: str, name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(32), sa.ForeignKey(f"{target}.id", ondelete="CASCADE"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "upkeep",
        _owner("points", "point_id"),
        sa.Column("series", sa.String(32), nullable=False),
        sa.Column("work", sa.String(16), nullable=False),
        _owner("accounts", "account_id"),
        sa.Column("due_at", INSTANT),
        sa.Column("wanted_at", INSTANT, nullable=False),
        sa.Column("import_from", sa.Date),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("holder", sa.String(32)),
        sa.Column("lease_until", sa.Float),
        sa.PrimaryKeyConstraint("point_id", "series", "work"),
    )
    op.create_index("ix_upkeep_account_id_work_wanted_at", "upkeep", ["account_id", "work", "wanted_at"])
    op.create_index(
        "ix_upkeep_work_account_id_due_at_lease_until", "upkeep", ["work", "account_id", "due_at", "lease_until"]
    )
    op.create_table(
        "turns",
        _owner("accounts", "account_id"),
        sa.Column("served", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_table(
        "keepers",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("seen", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    for table in ("keepers", "turns", "upkeep"):
        op.drop_table(table)
