"""Quarters of daily values, peaks and indexes in a table of their own: rows of one length fill their pages.

Moved as they are, for they are sealed. What a row holds shows in how many days it marks: a week, or some ninety.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COLUMNS = ("cell", "start", "era", "marks", "revised", "sealed")
CHUNKS, QUARTERS = (sa.table(name, *map(sa.column, COLUMNS)) for name in ("chunks", "quarters"))
MOST_MARKS = 100
"""Bytes that mark the days of a week, two each, are fewer; those of a quarter are more."""
OF_A_QUARTER = sa.func.length(CHUNKS.c.marks) > MOST_MARKS


def upgrade() -> None:
    op.create_table(
        "quarters",
        sa.Column("cell", sa.Integer, sa.ForeignKey("pairs.number", ondelete="CASCADE"), nullable=False),
        sa.Column("start", sa.Date, nullable=False),
        sa.Column("era", sa.Integer, nullable=False),
        sa.Column("marks", sa.LargeBinary, nullable=False),
        sa.Column("revised", sa.LargeBinary),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("cell", "start"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE quarters SET (autovacuum_vacuum_scale_factor = 0.01)")
    op.execute(sa.insert(QUARTERS).from_select(COLUMNS, sa.select(CHUNKS).where(OF_A_QUARTER)))
    op.execute(sa.delete(CHUNKS).where(OF_A_QUARTER))


def downgrade() -> None:
    op.execute(sa.insert(CHUNKS).from_select(COLUMNS, sa.select(QUARTERS)))
    op.drop_table("quarters")
