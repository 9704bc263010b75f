"""What of a chunk is computed while its other images wait for their host; when a product was last written by itself."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE index_chunks ADD COLUMN partial bytea")
    op.execute("ALTER TABLE documents ADD COLUMN put_at timestamptz")
