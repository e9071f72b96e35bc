"""What an hour's count never exceeds when it is kept in Redis, and how each API of Enedis answers."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quota_marks",
        sa.Column("bucket", sa.Text, nullable=False),
        sa.Column("hour", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("upto", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("bucket", "hour"),
    )
    op.create_table(
        "breakers",
        sa.Column("api", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("api"),
    )


def downgrade() -> None:
    for table in ("breakers", "quota_marks"):
        op.drop_table(table)
