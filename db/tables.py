"""Every table. The event log is the truth; slates and counts follow from it, and `verify` shows
it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

# with_rowid=False: SQLite stores these in the order of their key, so that a session lies together.

image = Table(
    "image",
    metadata,
    Column("sha256", String(64), primary_key=True),  # of width, height, channels and data
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("channels", SmallInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),  # canonical: row by row, one byte a channel
)

item = Table(
    "item",
    metadata,
    Column("catalogue", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("item_id", String(128), nullable=False),
    Column("image", ForeignKey("image.sha256"), nullable=False),
    Column("category", String(128), nullable=False),
    Column("split", String(16), nullable=False),  # catalogue, or query: held out for searching with
    Column("source", String(256), nullable=False),
    Column("price", Integer),  # cents; NULL: the world draws one
    UniqueConstraint("catalogue", "item_id"),
    sqlite_with_rowid=False,
)

catalogue_intake = Table(
    "catalogue_intake",
    metadata,
    Column("catalogue", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # 1, 2, ... of the catalogue
    Column("at", Float, nullable=False),
    Column("about", Text, nullable=False),  # JSON: what came, and what was passed over
    sqlite_with_rowid=False,
)

model = Table(
    "model",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("manifest", Text, nullable=False),  # JSON
    Column("weights", LargeBinary, nullable=False),
)

embedding = Table(
    "embedding",
    metadata,
    Column("model", ForeignKey("model.key"), primary_key=True),
    Column("runtime", String(64), primary_key=True),
    Column("image", ForeignKey("image.sha256"), primary_key=True),
    Column("vector", LargeBinary, nullable=False),  # float32, a unit row
    sqlite_with_rowid=False,
)

run = Table(
    "run",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # the id, read as a number
    Column("id", String(12), nullable=False, unique=True),
    Column("config", Text, nullable=False),  # canonical JSON
    Column("state", String(16), nullable=False),  # running, finished
    Column("created", Float, nullable=False),
)

run_item = Table(
    "run_item",
    metadata,
    Column("run", ForeignKey("run.number", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # the item number in this run
    Column("catalogue", String(64), nullable=False),
    Column("item", Integer, nullable=False),  # item.number
    sqlite_with_rowid=False,
)

event = Table(
    "event",
    metadata,
    Column("run", ForeignKey("run.number", ondelete="CASCADE"), primary_key=True),
    Column("session", BigInteger, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("kind", SmallInteger, nullable=False),
    Column("shopper", Integer, nullable=False),
    Column("step", SmallInteger, nullable=False),
    Column("at", BigInteger, nullable=False),  # simulated milliseconds
    Column("query", Integer),
    Column("item", Integer),
    Column("position", SmallInteger),
    Column("impression", Integer),
    Column("price", Integer),  # cents
    Column("dwell", Integer),  # milliseconds
    Column("items", LargeBinary),  # int32 by position, impressions only
    sqlite_with_rowid=False,
)

ended_session = Table(
    "ended_session",
    metadata,
    Column("run", ForeignKey("run.number", ondelete="CASCADE"), primary_key=True),
    Column("session", BigInteger, primary_key=True),
    Column("generation", Integer, nullable=False),  # the one generation that folds it
    Index("ix_ended_session_generation", "run", "generation"),
    sqlite_with_rowid=False,
)

slate = Table(
    "slate",
    metadata,
    Column("run", ForeignKey("run.number", ondelete="CASCADE"), primary_key=True),
    Column("session", BigInteger, primary_key=True),
    Column("step", SmallInteger, primary_key=True),
    Column("generation", Integer, nullable=False),  # what the recommender knew: -1 is nothing
    Column("entries", LargeBinary, nullable=False),  # recommender.ranking.SLATE, packed
    sqlite_with_rowid=False,
)

slate_outcome = Table(
    "reading",
    metadata,
    Column("run", ForeignKey("run.number", ondelete="CASCADE"), primary_key=True),
    Column("session", BigInteger, primary_key=True),
    Column("step", SmallInteger, primary_key=True),
    Column(
        "expected", LargeBinary, nullable=False
    ),  # float64: the judge's chance of a click, by position
    Column("carts", LargeBinary),  # float64: of a cart; null in runs of before 0008
    Column("purchases", LargeBinary),  # float64: of a purchase; null in runs of before 0008
    sqlite_with_rowid=False,
)

generation = Table(
    "generation",
    metadata,
    Column("run", ForeignKey("run.number", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sessions", Integer, nullable=False),
    Column("learned", Text, nullable=False),  # JSON: what the next slates go by
    Column(
        "popularity", LargeBinary, nullable=False
    ),  # recommender.scoring.cointeraction.Popularity, increments, packed
    Column(
        "slates", LargeBinary, nullable=False, server_default=""
    ),  # recommender.taste.history, packed
    Column(
        "taste", LargeBinary, nullable=False, server_default=""
    ),  # recommender.taste.model, packed
    sqlite_with_rowid=False,
)

cointeraction = Table(
    "cointeraction",
    metadata,
    Column("run", ForeignKey("run.number", ondelete="CASCADE"), primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("item", Integer, primary_key=True),  # the profile item
    Column("increments", LargeBinary, nullable=False),  # packed by shown item
    sqlite_with_rowid=False,
)

work = Table(
    "work",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run", ForeignKey("run.number", ondelete="CASCADE"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("key", String(64), nullable=False),
    Column("payload", Text, nullable=False),  # JSON
    Column("state", String(16), nullable=False),  # ready, parked
    Column("tries", Integer, nullable=False),
    Column("rung", Float, nullable=False),  # when it was last rung for, by the database's clock
    Column("worker", String(64)),
    Column("begun", Float),  # since when that worker has it
    Column("reason", Text),
    Column("written", Float, nullable=False, server_default="0"),  # since when it waits
    UniqueConstraint("run", "kind", "key"),
    sqlite_autoincrement=True,  # an id is never given twice: a late job must not mean other work
)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("name", String(64), primary_key=True),  # as in work.worker
    Column("kind", String(16), nullable=False),  # supervisor, worker
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("metrics", String(255)),  # HOST:PORT where its metrics are served
    Column("every", Float, nullable=False),  # seconds between two beats, as it promised
    Column("started", Float, nullable=False),
    Column("seen", Float, nullable=False),  # the last beat, by the database's clock
)

imported_log = Table(
    "imported_log",
    metadata,
    Column("id", String(12), primary_key=True),  # of the good lines
    Column("name", String(256), nullable=False),  # the file's
    Column("events", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),  # of the content before it was packed
    Column("content", LargeBinary, nullable=False),  # zlib: JSON lines in the order of the file
)

visit = Table(
    "visit",
    metadata,
    Column("run", ForeignKey("run.number", ondelete="CASCADE"), primary_key=True),
    Column("session", BigInteger, primary_key=True, autoincrement=False),
    Column("visitor", Integer, nullable=False),  # who came, by her cookie
    Column("shopper", Integer, nullable=False),  # who she shops as
    Column("began", Float, nullable=False),  # seconds since 1970, by the database's clock
    Column("seen", Float, nullable=False),
    Column("ended", Float),
    Column("basket", Text, nullable=False),  # JSON: [{item, position, impression, step}]
    Column("refused", Text, nullable=False),  # JSON: [item number]: less like these
    Index("ix_visit_visitor", "run", "visitor"),
    Index("ix_visit_ended", "run", "ended"),
)

received_event = Table(
    "received_event",
    metadata,
    Column("run", ForeignKey("run.number", ondelete="CASCADE"), primary_key=True),
    Column("event_id", String(64), primary_key=True),  # as its sender calls it
    Column("session", BigInteger, nullable=False),
    Column("ordinal", Integer, nullable=False),
    sqlite_with_rowid=False,
)

guest = Table(
    "guest",
    metadata,
    Column("run", ForeignKey("run.number", ondelete="CASCADE"), primary_key=True),
    Column("about", Text, nullable=False),  # JSON: where it is found, and how it is asked
    Column("prices", LargeBinary, nullable=False),  # int32, cents, of the run's items
)

slate_note = Table(
    "slate_note",
    metadata,
    Column("run", ForeignKey("run.number", ondelete="CASCADE"), primary_key=True),
    Column("session", BigInteger, primary_key=True),
    Column("step", SmallInteger, primary_key=True),
    Column("note", Text, nullable=False),  # JSON: faults, reasons, propensities; none: no row
    sqlite_with_rowid=False,
)

offer = Table(
    "offer",
    metadata,
    Column("run", ForeignKey("run.number", ondelete="CASCADE"), primary_key=True),
    Column("change", Integer, primary_key=True, autoincrement=False),  # 1, 2, ... in the run
    Column("item", Integer, nullable=False),  # the item number in this run
    Column("state", String(16), nullable=False),  # offered, withheld, gone
    Column("price", Integer),  # cents; NULL: as before any change
    Column("name", String(200), nullable=False),
    Column("at", Float, nullable=False),
    sqlite_with_rowid=False,
)

slate_offer = Table(
    "slate_offer",
    metadata,
    Column("run", ForeignKey("run.number", ondelete="CASCADE"), primary_key=True),
    Column("session", BigInteger, primary_key=True),
    Column("step", SmallInteger, primary_key=True),
    Column("change", Integer, nullable=False),  # the last that its request knew
    sqlite_with_rowid=False,
)

items_of_runs = run_item.join(
    item, (item.c.catalogue == run_item.c.catalogue) & (item.c.number == run_item.c.item)
)
"""A run's item numbers beside what they stand for."""
