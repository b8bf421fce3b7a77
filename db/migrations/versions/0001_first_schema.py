"""The first schema: pictures, catalogues, models, runs with their events, and the queue of
record.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Go to this version."""
    op.create_table(
        "image",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("channels", sa.SmallInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_image")),
    )
    op.create_table(
        "model",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("weights", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_model")),
    )
    op.create_table(
        "run",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_run")),
        sa.UniqueConstraint("id", name=op.f("uq_run_id")),
    )
    op.create_table(
        "cointeraction",
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("increments", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run"], ["run.number"], name=op.f("fk_cointeraction_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run", "generation", "item", name=op.f("pk_cointeraction")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "embedding",
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("runtime", sa.String(length=64), nullable=False),
        sa.Column("image", sa.String(length=64), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["image"], ["image.sha256"], name=op.f("fk_embedding_image")),
        sa.ForeignKeyConstraint(["model"], ["model.key"], name=op.f("fk_embedding_model")),
        sa.PrimaryKeyConstraint("model", "runtime", "image", name=op.f("pk_embedding")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ended_session",
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("session", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run"], ["run.number"], name=op.f("fk_ended_session_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run", "session", name=op.f("pk_ended_session")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ended_session_generation", "ended_session", ["run", "generation"])

    op.create_table(
        "event",
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("session", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("shopper", sa.Integer(), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("query", sa.Integer(), nullable=True),
        sa.Column("item", sa.Integer(), nullable=True),
        sa.Column("position", sa.SmallInteger(), nullable=True),
        sa.Column("impression", sa.Integer(), nullable=True),
        sa.Column("price", sa.Integer(), nullable=True),
        sa.Column("dwell", sa.Integer(), nullable=True),
        sa.Column("items", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run"], ["run.number"], name=op.f("fk_event_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run", "session", "ordinal", name=op.f("pk_event")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "generation",
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("learned", sa.Text(), nullable=False),
        sa.Column("popularity", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run"], ["run.number"], name=op.f("fk_generation_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run", "number", name=op.f("pk_generation")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "item",
        sa.Column("catalogue", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("item_id", sa.String(length=128), nullable=False),
        sa.Column("image", sa.String(length=64), nullable=False),
        sa.Column("category", sa.String(length=128), nullable=False),
        sa.Column("split", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=256), nullable=False),
        sa.ForeignKeyConstraint(["image"], ["image.sha256"], name=op.f("fk_item_image")),
        sa.PrimaryKeyConstraint("catalogue", "number", name=op.f("pk_item")),
        sa.UniqueConstraint("catalogue", "item_id", name=op.f("uq_item_catalogue")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reading",
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("session", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("expected", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run"], ["run.number"], name=op.f("fk_reading_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run", "session", "step", name=op.f("pk_reading")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run_item",
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("catalogue", sa.String(length=64), nullable=False),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run"], ["run.number"], name=op.f("fk_run_item_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run", "number", name=op.f("pk_run_item")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "slate",
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("session", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run"], ["run.number"], name=op.f("fk_slate_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run", "session", "step", name=op.f("pk_slate")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "work",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("rung", sa.Float(), nullable=False),
        sa.Column("worker", sa.String(length=64), nullable=True),
        sa.Column("begun", sa.Float(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run"], ["run.number"], name=op.f("fk_work_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work")),
        sa.UniqueConstraint("run", "kind", "key", name=op.f("uq_work_run")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Go back to the version before."""
    op.drop_table("work")
    op.drop_table("slate")
    op.drop_table("run_item")
    op.drop_table("reading")
    op.drop_table("item")
    op.drop_table("generation")
    op.drop_table("event")
    op.drop_index("ix_ended_session_generation", "ended_session")
    op.drop_table("ended_session")
    op.drop_table("embedding")
    op.drop_table("cointeraction")
    op.drop_table("run")
    op.drop_table("model")
    op.drop_table("image")
