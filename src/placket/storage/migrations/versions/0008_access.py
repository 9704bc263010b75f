"""Keys that may only search."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A constant default rewrites no table, and a server of the version before goes on making keys.
    op.execute(
        "ALTER TABLE api_keys ADD COLUMN access text NOT NULL DEFAULT 'full' CHECK (access IN ('full', 'search'))"
    )
