"""Which bundles a worker has, so that others leave it the jobs that need one of them."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Empty: not known. A worker of an older version takes what there is, as ever.
    op.execute("ALTER TABLE workers ADD COLUMN bundles text[] NOT NULL DEFAULT '{}'")
