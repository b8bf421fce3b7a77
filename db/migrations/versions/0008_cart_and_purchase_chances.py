"""The judge's chance of a cart and of a purchase, beside that of a click."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Go to this version."""
    op.add_column("reading", sa.Column("carts", sa.LargeBinary(), nullable=True))
    op.add_column("reading", sa.Column("purchases", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Go back to the version before."""
    op.drop_column("reading", "purchases")
    op.drop_column("reading", "carts")
