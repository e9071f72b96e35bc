"""When a consent was forgotten, for the receipt of the erasure; of one forgotten before, as its links tell."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consents", sa.Column("forgotten_at", sa.DateTime(timezone=True)))
    op.execute(
        """UPDATE consents SET forgotten_at =
             (SELECT MAX(ended_at) FROM links WHERE links.consent_id = consents.id AND links.state = 'forgotten')
           WHERE state = 'forgotten'"""
    )


def downgrade() -> None:
    op.drop_column("consents", "forgotten_at")
