"""Consents of 2026: the id that is exchanged for what was shared, and the services of each usage point."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consents", sa.Column("authorisation_sealed", sa.LargeBinary))
    op.create_table(
        "services",
        sa.Column("point_id", sa.String(32), sa.ForeignKey("points.id", ondelete="CASCADE"), nullable=False),
        sa.Column("shared", sa.JSON, nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("point_id"),
    )


def downgrade() -> None:
    op.drop_table("services")
    op.drop_column("consents", "authorisation_sealed")
