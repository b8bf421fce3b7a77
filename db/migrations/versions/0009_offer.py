"""What a live run offers: items that come in, are withheld or go, and prices that change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Go to this version."""
    op.create_table(
        "offer",
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("price", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.number"], name="fk_offer_run", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run", "change", name="pk_offer"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "slate_offer",
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("session", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run"], ["run.number"], name="fk_slate_offer_run", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run", "session", "step", name="pk_slate_offer"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Go back to the version before."""
    op.drop_table("slate_offer")
    op.drop_table("offer")
