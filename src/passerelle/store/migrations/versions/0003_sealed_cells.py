"""Sealing by pairs of keys, one cell for each usage point and scope; days in chunks, an inbox, customer records.

Days kept under the content keys of before are dropped: they are asked of Enedis again. Keys of before open their
account's pairs at their next use; tokens of before end.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def _owner(target: str, name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(32), sa.ForeignKey(f"{target}.id", ondelete="CASCADE"), nullable=False)


def _cell(name: str = "cell") -> sa.Column[int]:
    return sa.Column(name, sa.Integer, sa.ForeignKey("pairs.number", ondelete="CASCADE"), nullable=False)


def upgrade() -> None:
    op.execute("DELETE FROM credentials WHERE kind <> 'key'")
    op.add_column("credentials", sa.Column("rights_mac", sa.LargeBinary))
    op.drop_table("days")
    _pairs()
    op.create_table(
        "chunks",
        _cell(),
        sa.Column("start", sa.Date, nullable=False),
        sa.Column("era", sa.Integer, nullable=False),
        sa.Column("marks", sa.LargeBinary, nullable=False),
        sa.Column("revised", sa.LargeBinary),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("cell", "start"),
    )
    if op.get_bind().dialect.name == "postgresql":
        # The chunk of the current week is written anew each day: what that leaves is to be reused soon.
        op.execute("ALTER TABLE chunks SET (autovacuum_vacuum_scale_factor = 0.01)")
    op.create_table(
        "inbox",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=True),
        _cell(),
        sa.Column("era", sa.Integer, nullable=False),
        sa.Column("content", sa.String(32), nullable=False),
        sa.Column("start", sa.Date),
        sa.Column("days", sa.LargeBinary, nullable=False),
        sa.Column("kept_at", INSTANT, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_inbox_cell", "inbox", ["cell"])
    op.create_table(
        "records",
        _cell(),
        sa.Column("era", sa.Integer, nullable=False),
        sa.Column("kept_at", INSTANT, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("cell"),
    )


def _pairs() -> None:
    op.create_table(
        "pairs",
        sa.Column("number", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("id", sa.String(32), nullable=False),
        _owner("accounts", "account_id"),
        sa.Column("place", sa.String(80), nullable=False),
        sa.Column("point_id", sa.String(32), sa.ForeignKey("points.id", ondelete="CASCADE")),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("suite", sa.Integer, nullable=False),
        sa.Column("public", sa.LargeBinary, nullable=False),
        sa.Column("mac", sa.LargeBinary, nullable=False),
        sa.Column("sealed_private", sa.LargeBinary),
        sa.Column("folded_private", sa.LargeBinary),
        sa.Column("waiting", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("account_id", "place"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pairs_point_id", "pairs", ["point_id"])
    op.create_table(
        "wraps",
        _owner("credentials", "credential_id"),
        _cell("pair"),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("credential_id", "pair"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_wraps_pair", "wraps", ["pair"])


def downgrade() -> None:
    for table in ("records", "inbox", "chunks", "wraps", "pairs"):
        op.drop_table(table)
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
    op.drop_column("credentials", "rights_mac")
