"""People visit: their open sessions, and the events that programs sent, by the sender's id."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Go to this version."""
    op.create_table(
        "visit",
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("session", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("visitor", sa.Integer(), nullable=False),
        sa.Column("shopper", sa.Integer(), nullable=False),
        sa.Column("began", sa.Float(), nullable=False),
        sa.Column("seen", sa.Float(), nullable=False),
        sa.Column("ended", sa.Float(), nullable=True),
        sa.Column("basket", sa.Text(), nullable=False),
        sa.Column("refused", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.number"], name="fk_visit_run", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run", "session", name="pk_visit"),
    )
    op.create_index("ix_visit_visitor", "visit", ["run", "visitor"])
    op.create_index("ix_visit_ended", "visit", ["run", "ended"])
    op.create_table(
        "received_event",
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.String(64), nullable=False),
        sa.Column("session", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run"], ["run.number"], name="fk_received_event_run", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run", "event_id", name="pk_received_event"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Go back to the version before."""
    op.drop_table("received_event")
    op.drop_index("ix_visit_ended", "visit")
    op.drop_index("ix_visit_visitor", "visit")
    op.drop_table("visit")
