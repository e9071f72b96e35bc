"""Which erasure database belongs to this one, and when what was held under a link was erased.

Until now every consent that was forgotten had all its data erased at that moment.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("installation", sa.Column("id", sa.String(32), nullable=False), sa.PrimaryKeyConstraint("id"))
    op.add_column("links", sa.Column("erased_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE links SET erased_at = ended_at WHERE state = 'forgotten'")


def downgrade() -> None:
    op.drop_column("links", "erased_at")
    op.drop_table("installation")
