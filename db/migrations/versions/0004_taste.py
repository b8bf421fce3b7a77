"""A generation keeps its slates and what was learned of tastes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Go to this version."""
    for name in ("slates", "taste"):
        op.add_column(
            "generation", sa.Column(name, sa.LargeBinary(), nullable=False, server_default="")
        )


def downgrade() -> None:
    """Go back to the version before."""
    for name in ("taste", "slates"):
        op.drop_column("generation", name)
