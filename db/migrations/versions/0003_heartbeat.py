"""Processes say that they live, and work knows since when it waits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Go to this version."""
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("metrics", sa.String(length=255), nullable=True),
        sa.Column("every", sa.Float(), nullable=False),
        sa.Column("started", sa.Float(), nullable=False),
        sa.Column("seen", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeat")),
    )
    op.add_column("work", sa.Column("written", sa.Float(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Go back to the version before."""
    op.drop_column("work", "written")
    op.drop_table("heartbeat")
