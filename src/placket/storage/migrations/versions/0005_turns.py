"""Turns of keys with a rate, counted for all servers together."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Unlogged: a turn is worth no wait for the disk, and after a crash everybody may begin anew.
    op.execute(
        """
        CREATE UNLOGGED TABLE key_turns (
            key_id text PRIMARY KEY REFERENCES api_keys ON DELETE CASCADE,
            next_at timestamptz NOT NULL
        )
        """
    )
