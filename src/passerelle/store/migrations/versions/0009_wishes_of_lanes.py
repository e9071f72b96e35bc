"""What processes want while another one asks Enedis for them, and when they looked what lacks."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.drop_column("lane_leases", "awaited_at")
    op.add_column("lane_leases", sa.Column("moment", sa.Integer, nullable=False, server_default="1"))
    op.create_table(
        "lane_wishes",
        sa.Column("point_id", sa.String(32), sa.ForeignKey("points.id", ondelete="CASCADE"), nullable=False),
        sa.Column("series", sa.String(32), nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("moment", sa.Integer, nullable=False),
        sa.Column("days", sa.JSON, nullable=False),
        sa.Column("forced", sa.JSON, nullable=False),
        sa.Column("said_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("point_id", "series", "holder"),
    )


def downgrade() -> None:
    op.drop_table("lane_wishes")
    op.drop_column("lane_leases", "moment")
    op.add_column("lane_leases", sa.Column("awaited_at", INSTANT))
