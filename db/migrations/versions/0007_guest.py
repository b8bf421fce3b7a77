"""Runs of recommenders that are not ours."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Go to this version."""
    op.create_table(
        "guest",
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("prices", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.number"], name="fk_guest_run", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run", name="pk_guest"),
    )
    op.create_table(
        "slate_note",
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("session", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run"], ["run.number"], name="fk_slate_note_run", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run", "session", "step", name="pk_slate_note"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Go back to the version before."""
    op.drop_table("slate_note")
    op.drop_table("guest")
