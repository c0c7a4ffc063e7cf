"""What Alembic runs for `journal_schema.migrate`: the connection and its transaction are the caller's."""

from alembic import context

from edge_agent.adapters.journal_schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
