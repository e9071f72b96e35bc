"""Quarters of daily values, peaks and indexes in a table of their own: rows of one length fill their pages.

Moved as they are, for they are sealed. What a row holds shows in how many days it marks: a week, or some ninety.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ALL = "cell, start, era, marks, revised, sealed"
_OF_A_QUARTER = "length(marks) > 100"


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
    op.execute(f"INSERT INTO quarters ({_ALL}) SELECT {_ALL} FROM chunks WHERE {_OF_A_QUARTER}")  # noqa: S608 — no input
    op.execute(f"DELETE FROM chunks WHERE {_OF_A_QUARTER}")  # noqa: S608 — no input


def downgrade() -> None:
    op.execute(f"INSERT INTO chunks ({_ALL}) SELECT {_ALL} FROM quarters")  # noqa: S608 — no input
    op.drop_table("quarters")
