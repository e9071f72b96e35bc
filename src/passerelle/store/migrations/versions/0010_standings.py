"""Which generation of Enedis' API is asked for what each API of 2026 gives, under `auto`."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "standings",
        sa.Column("api", sa.String(64), nullable=False),
        sa.Column("speaking", sa.String(8), nullable=False),
        sa.Column("v5_until", sa.Float),
        sa.Column("fell_back_at", sa.Float),
        sa.Column("came_back_at", sa.Float),
        sa.Column("unsubscribed_until", sa.Float),
        sa.PrimaryKeyConstraint("api"),
    )


def downgrade() -> None:
    op.drop_table("standings")
