"""Checksums over the events, snapshots of the state, and room for an archived head."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from edge_agent.adapters.journal_chain import COLUMNS, GENESIS, link

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PAGE = 1000


def upgrade() -> None:
    op.drop_index("event_confirmation", "event")
    op.rename_table("event", "event_0001")
    event = op.create_table(
        "event",
        sa.Column("sequence", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("clock_s", sa.Double, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("confirmation", _NUMBER, nullable=True),
        sa.Column("chain", sa.LargeBinary, nullable=False),
    )
    op.create_index("event_confirmation", "event", ["confirmation"], unique=True)
    op.create_table(
        "head",
        sa.Column("sequence", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("confirmation", _NUMBER, nullable=False),
        sa.Column("chain", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "snapshot",
        sa.Column("sequence", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("confirmation", _NUMBER, nullable=False),
        sa.Column("clock_s", sa.Double, nullable=False),
        sa.Column("chain", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("checksum", sa.LargeBinary, nullable=False),
    )
    _copy_with_chain(op.get_bind(), event)
    op.drop_table("event_0001")


def _copy_with_chain(connection: sa.Connection, event: sa.Table) -> None:
    old = sa.table("event_0001", *(sa.column(name) for name in COLUMNS))
    after, chain = -(2**63), GENESIS
    page = sa.select(old).where(old.c.sequence > sa.bindparam("after")).order_by(old.c.sequence).limit(_PAGE)
    while rows := connection.execute(page, {"after": after}).mappings().all():
        chained: list[dict[str, Any]] = []
        for row in map(dict, rows):
            chain = link(chain, row)
            chained.append({**row, "chain": chain})
        connection.execute(event.insert(), chained)
        after = rows[-1]["sequence"]
