"""The journal: events and the cursors of those who read them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPLICATION_ID = 0x57454A31  # "WEJ1"
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("sequence", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("clock_s", sa.Double, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("confirmation", _NUMBER, nullable=True),
    )
    op.create_index("event_confirmation", "event", ["confirmation"], unique=True)
    op.create_table(
        "cursor",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("position", _NUMBER, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"PRAGMA application_id = {APPLICATION_ID}")
