"""The journal's tables, and how a journal of an older version gets them."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

APPLICATION_ID = 0x57454A31
"""Marks a SQLite file as a journal ("WEJ1"), in the place that SQLite has for this."""

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

metadata = sa.MetaData()

event = sa.Table(
    "event",
    metadata,
    sa.Column("sequence", _NUMBER, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("clock_s", sa.Double, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("confirmation", _NUMBER, nullable=True),
    sa.Index("event_confirmation", "confirmation", unique=True),
)
"""One row an event. `at` is ISO 8601 in UTC, `body` JSON (`edge_agent.adapters.codec`)."""

cursor = sa.Table(
    "cursor",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("position", _NUMBER, nullable=False),
)
"""How far each reader of the journal has come."""


def revision(connection: sa.Connection) -> str | None:
    """The schema revision that a database is in; None where it has none of our tables."""
    return MigrationContext.configure(connection).get_current_revision()


def revisions() -> list[str]:
    """Every schema revision that this version knows, newest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]


def migrate(connection: sa.Connection) -> None:
    """Bring the schema to the newest revision, inside the transaction that `connection` is in."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    folder = Path(__file__).with_name("migrations")
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config
