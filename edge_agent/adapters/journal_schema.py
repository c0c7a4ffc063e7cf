"""The journal's tables, and how a journal of an older version gets them."""

from pathlib import Path

import sqlalchemy as sa

from edge_agent.errors import JournalError

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
    sa.Column("chain", sa.LargeBinary, nullable=False),
    sa.Index("event_confirmation", "confirmation", unique=True),
)
"""One row an event. `at` is ISO 8601 in UTC, `body` JSON (`edge_agent.adapters.codec`), `chain` the checksum
chain up to this row (`edge_agent.adapters.journal_chain`)."""

head = sa.Table(
    "head",
    metadata,
    sa.Column("sequence", _NUMBER, primary_key=True, autoincrement=False),
    sa.Column("confirmation", _NUMBER, nullable=False),
    sa.Column("chain", sa.LargeBinary, nullable=False),
)
"""The last event that stands in an archive and no longer here; no row where everything is here."""

snapshot = sa.Table(
    "snapshot",
    metadata,
    sa.Column("sequence", _NUMBER, primary_key=True, autoincrement=False),
    sa.Column("confirmation", _NUMBER, nullable=False),
    sa.Column("clock_s", sa.Double, nullable=False),
    sa.Column("chain", sa.LargeBinary, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("checksum", sa.LargeBinary, nullable=False),
)
"""The state after the event `sequence`, so that a start need not read what came before it."""

cursor = sa.Table(
    "cursor",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("position", _NUMBER, nullable=False),
)
"""How far each reader of the journal has come."""


_VERSION = sa.table("alembic_version", sa.column("version_num"))
MIGRATIONS = Path(__file__).with_name("migrations")


def revision(connection: sa.Connection) -> str | None:
    """The schema revision that a database is in; None where it has none of our tables."""
    if not sa.inspect(connection).has_table(_VERSION.name):
        return None
    found: str | None = connection.execute(sa.select(_VERSION)).scalar_one_or_none()
    return found


def revisions() -> list[str]:
    """Every schema revision that this version knows, newest first: `migrations/versions/v<revision>_*.py`."""
    return sorted((path.name[1:5] for path in (MIGRATIONS / "versions").glob("v*_*.py")), reverse=True)


def check_revision(where: str, found: str | None) -> None:
    """Raise `JournalError` unless `found` is the schema revision that this version reads and writes."""
    known = revisions()
    if found is not None and found not in known:
        raise JournalError(
            f"{where}: written by a newer edge-agent (schema {found}, this one knows {known[0]}); "
            f"run that version or a newer one"
        )
    if found != known[0]:
        raise JournalError(
            f"{where}: written by an older edge-agent (schema {found}, this one reads {known[0]}); "
            f"start the agent on it once, that brings it up to date"
        )


def migrate(connection: sa.Connection) -> None:
    """Bring the schema to the newest revision, inside the transaction that `connection` is in."""
    from alembic import command  # slow to import, and most starts have nothing to migrate
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
